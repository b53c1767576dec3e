//! What holds on SQLite only: the file, its schema, its lock, and the thread that writes.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use keybearer_core::key::Lifecycle;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use keybearer_store::{
    AccountChange, Actor, Cascade, Changed, DataDirLock, Follower, NewPolicy, Origin, StoreError, StoreWatch, open_sqlite,
};
use rusqlite::Connection;
use uuid::Uuid;

use crate::check;
use crate::follow::begin;
use crate::world::{BEGINNING, World, metadata};

/// A connection beside the store's own, as an operator with a shell has it.
fn raw(world: &World) -> Connection {
    Connection::open(world.place.path().join("keybearer.db")).unwrap()
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A world with a row of every kind, and one key that is revoked.
async fn furnished() -> (World, KeyId) {
    let world = World::sqlite().await;
    world.shop().await;
    let ada = world.person("ada", "user").await;
    world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let revoked = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    world.store.revoke_key(world.by(ada.actor()), revoked, None, Cascade::Nothing, None).await.unwrap();
    world.service("till", &["shop:read"]).await;
    world.store.record_use(vec![(revoked, world.now())], vec![]).await.unwrap();
    (world, revoked)
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let (world, _) = furnished().await;
    let before = check::dump(&world).await;
    let world = world.restarted().await;
    assert_eq!(check::dump(&world).await, before, "migrating again and declaring its own again change nothing");
    check::all(&world).await;
    world.account("after", "user").await;
    check::all(&world).await;
    assert_eq!(count(&raw(&world), "SELECT count(*) FROM schema_migrations"), 13);
}

#[tokio::test]
async fn uses_that_wait_are_in_their_rows_after_a_restart() {
    let (world, key) = furnished().await;
    let other = world.service("barrier", &["shop:read"]).await.id;
    let (early, late) = (world.now().plus(1), world.now().plus(2));
    world.store.record_use(vec![], vec![(key, early), (world.new_key("never was").id, late)]).await.unwrap();
    world.store.record_use(vec![(key, early)], vec![(key, late), (other, late)]).await.unwrap();
    let used = async |world: &World, id| world.store.key(id).await.unwrap().last_used_at;
    assert_eq!((used(&world, key).await, used(&world, other).await), (Some(early), None));
    let world = world.restarted().await;
    assert_eq!((used(&world, key).await, used(&world, other).await), (Some(late), Some(late)));
    assert_eq!(count(&raw(&world), "SELECT length(uses) FROM waiting_uses"), 0);
}

#[tokio::test]
async fn a_restart_without_the_pepper_is_refused() {
    let (world, _) = furnished().await;
    let store = open_sqlite(&world.place.path().join("keybearer.db"), Roles::default()).unwrap();
    let missing = store.check_peppers([(2, "second".to_owned())].into()).await;
    assert!(matches!(missing, Err(StoreError::Pepper { version: 1, .. })), "{missing:?}");
    let another = store.check_peppers([(1, "another".to_owned())].into()).await;
    assert!(matches!(another, Err(StoreError::Pepper { version: 1, .. })), "{another:?}");
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_name() {
    let (world, _) = furnished().await;
    raw(&world).execute("INSERT INTO schema_migrations (version, name) VALUES (7001, 'from_the_future')", []).unwrap();
    let Err(refused) = open_sqlite(&world.place.path().join("keybearer.db"), Roles::default()) else { panic!("it was opened") };
    assert!(refused.to_string().contains("from_the_future"), "{refused}");
    assert!(matches!(refused, StoreError::NewerSchema { found: 7001, name, known: 1.. } if name == "from_the_future"));
}

#[tokio::test]
async fn what_cannot_be_opened_is_unavailable() {
    let place = tempfile::tempdir().unwrap();
    let folder = open_sqlite(place.path(), Roles::default());
    assert!(matches!(folder, Err(StoreError::Unavailable(_))));
    let file = place.path().join("text.db");
    std::fs::write(&file, "no database at all, but long enough to be looked at ".repeat(20)).unwrap();
    assert!(matches!(open_sqlite(&file, Roles::default()), Err(StoreError::Unavailable(_))));
}

#[test]
fn a_data_directory_has_one_process() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep/data");
    let lock = DataDirLock::take(&folder).unwrap();
    let Err(second) = DataDirLock::take(&folder) else { panic!("both hold it") };
    assert!(second.to_string().contains(folder.to_str().unwrap()), "{second}");
    assert!(matches!(second, StoreError::Locked(_)));
    drop(lock);
    DataDirLock::take(&folder).unwrap();
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "nobody else may look into it");
    }
    std::fs::write(place.path().join("file"), "").unwrap();
    assert!(matches!(DataDirLock::take(&place.path().join("file")), Err(StoreError::Unavailable(_))));
}

/// A follower with a bug: it cannot take what it is told.
struct Broken;

impl Follower for Broken {
    fn apply(&self, changed: Changed) {
        assert!(changed.revision == 0, "nothing but the empty beginning is taken");
    }
}

#[tokio::test]
async fn a_store_that_can_change_nothing_any_more_does_not_look_well() {
    let place = tempfile::tempdir().unwrap();
    let store = open_sqlite(&place.path().join("keybearer.db"), Roles::default()).unwrap();
    store.follow(Arc::new(Broken)).await.unwrap();
    store.ping().await.unwrap();
    let policy = NewPolicy { id: PolicyId(Uuid::nil()), name: "p".into(), name_key: "p".into(), permissions: PermissionSet::default() };
    let origin = Origin { actor: Actor::Operator, now: BEGINNING, request_id: String::new() };
    assert!(matches!(store.create_policy(origin, policy).await, Err(StoreError::Unavailable(_))));
    // The answer is given while the thread still unwinds.
    let looks_well = async { while store.ping().await.is_ok() {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), looks_well).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::sqlite().await;
    std::fs::set_permissions(world.place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    world.account("ada", "user").await;
    for file in std::fs::read_dir(world.place.path()).unwrap().map(Result::unwrap) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn no_statement_revives_a_revoked_key() {
    let (world, revoked) = furnished().await;
    let connection = raw(&world);
    for change in [
        "revoked_at = NULL, revoked_reason = NULL",
        "revoked_at = NULL",
        "revoked_at = revoked_at + 1",
        "revoked_reason = 'policy_deleted'",
    ] {
        let refused = connection.execute(&format!("UPDATE keys SET {change} WHERE id = ?1"), [revoked.as_bytes()]);
        assert!(refused.is_err_and(|error| error.to_string().contains("a revoked key stays revoked")), "{change}");
    }
    connection.execute("UPDATE keys SET last_used_at = 1 WHERE id = ?1", [revoked.as_bytes()]).unwrap();
}

/// No verb leaves such rows; whoever writes them by hand gains nothing.
#[tokio::test]
async fn a_row_that_missed_a_revocation_is_no_credential() {
    let (world, _) = furnished().await;
    let root = world.person("root", "admin").await;
    let key = world.account_key(root.actor(), root.id, 8).await.unwrap().id;
    raw(&world).execute("UPDATE accounts SET status = 'blocked' WHERE id = ?1", [root.id.0]).unwrap();
    for by in [root.actor(), Actor::Key(key)] {
        assert_refused!(&world, world.store.create_account(world.by(by), world.new_account("x", "user")), StoreError::ActorGone);
    }
}

#[tokio::test]
async fn the_file_holds_neither_secrets_nor_the_deleted() {
    let (world, _) = furnished().await;
    let eve = world.person("eve", "user").await;
    let change = AccountChange {
        email: Some(Some("eve@example.org".into())),
        external_id: Some(Some("e-1".into())),
        metadata: Some(metadata("born", "1815")),
        ..AccountChange::default()
    };
    world.change(Actor::Operator, eve.id, change).await.unwrap();
    world.store.delete_account(world.operator(), eve.id, None, None).await.unwrap();
    let left = "SELECT count(*) FROM accounts WHERE deleted_at IS NOT NULL AND metadata = '{}'
                AND coalesce(username, username_key, email, external_id, password_hash) IS NULL";
    assert_eq!(count(&raw(&world), left), 1);
    let digests = "SELECT count(*) FROM events, keys WHERE instr(lower(coalesce(before, '') || coalesce(after, '')), lower(hex(digest)))";
    assert_eq!(count(&raw(&world), digests), 0);
    assert_eq!(count(&raw(&world), "SELECT count(*) FROM events WHERE coalesce(before, '') || coalesce(after, '') LIKE '%$argon2%'"), 0);
    let mode: String = raw(&world).query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

/// While the follower is held, what is asked waits, and is then done in one transaction.
#[tokio::test]
async fn what_waits_together_is_done_although_its_callers_are_gone() {
    let world = World::sqlite().await;
    world.account("taken", "user").await;
    {
        let _held = world.image.told();
        begin(world.store.create_account(world.operator(), world.new_account("first", "user")));
        for name in ["a", "taken", "b", "A", "c"] {
            begin(world.store.create_account(world.operator(), world.new_account(name, "user")));
        }
    }
    world.account("last", "user").await;
    check::all(&world).await;
    let names: Vec<String> = world.image.told().accounts.values().map(|account| account.username.clone()).collect();
    assert_eq!(names, ["taken", "first", "a", "b", "c", "last"]);
}

/// The deletion has revoked the key when it finds that it was not told of it.
#[tokio::test]
async fn a_change_refused_behind_its_first_write_takes_nothing_of_the_others_with_it() {
    let world = World::sqlite().await;
    let ada = world.account("ada", "user").await.id;
    let key = world.account_key(Actor::Operator, ada, 4).await.unwrap().id;
    let make = |name| world.store.create_account(world.operator(), world.new_account(name, "user"));
    let (mut before, mut after) = (make("before"), make("after"));
    let mut deletion = world.store.delete_account(world.operator(), ada, None, Some(7));
    {
        let _held = world.image.told();
        begin(make("first"));
        let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(before.as_mut().poll(&mut waker).is_pending());
        assert!(deletion.as_mut().poll(&mut waker).is_pending());
        assert!(after.as_mut().poll(&mut waker).is_pending());
    }
    before.await.unwrap();
    after.await.unwrap();
    assert!(matches!(deletion.await, Err(StoreError::KeysChanged)));
    check::all(&world).await;
    assert!(matches!(world.image.told().keys[&key].lifecycle, Lifecycle::Live { .. }));
    let names: Vec<String> = world.image.told().accounts.values().map(|account| account.username.clone()).collect();
    assert_eq!(names, ["ada", "first", "before", "after"]);
}

/// SQLite takes back a whole transaction by itself where the disk is full or fails; here a trigger does it.
#[tokio::test]
async fn a_transaction_taken_back_midway_leaves_nothing_untold() {
    let world = World::sqlite().await;
    let boom = "CREATE TRIGGER boom BEFORE INSERT ON accounts WHEN NEW.username = 'boom' BEGIN SELECT RAISE(ROLLBACK, 'boom'); END";
    raw(&world).execute_batch(boom).unwrap();
    let names = ["first", "before", "boom", "after", "long after"];
    let mut asked: Vec<_> = Vec::new();
    {
        let _held = world.image.told();
        for name in names {
            let mut future = world.store.create_account(world.operator(), world.new_account(name, "user"));
            let _ = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            asked.push(future);
        }
    }
    for (name, future) in names.into_iter().zip(asked) {
        let done = future.await.is_ok();
        let there = world.store.login_by_username(name.into()).await.unwrap().is_some();
        assert_eq!(done, there, "{name}: what was answered is what is there");
    }
    check::all(&world).await;
    world.account("at last", "user").await;
    check::all(&world).await;
}

/// Notes how many writes were committed together.
#[derive(Default)]
struct Groups(Mutex<Vec<usize>>);

impl StoreWatch for Groups {
    fn committed(&self, changes: usize, _: Duration) {
        self.0.lock().unwrap().push(changes);
    }
}

/// Keeps the writer waiting until it is let go.
struct Gate(Mutex<mpsc::Receiver<()>>);

impl Follower for Gate {
    fn apply(&self, _: Changed) {
        let _ = self.0.lock().unwrap().recv();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_and_what_is_committed_together_can_be_measured() {
    let world = World::sqlite().await;
    let groups = Arc::<Groups>::default();
    world.store.watch(groups.clone());
    let (open, gate) = mpsc::channel();
    begin(world.store.follow(Arc::new(Gate(Mutex::new(gate)))));
    while world.store.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    for number in 0..7 {
        begin(world.store.create_account(world.operator(), world.new_account(&format!("person {number}"), "user")));
    }
    assert_eq!(world.store.waiting(), 7);
    drop(open);
    world.account("the last", "user").await;
    // The last caller is answered a moment before it is measured.
    while groups.0.lock().unwrap().iter().sum::<usize>() < 8 {
        tokio::task::yield_now().await;
    }
    assert!(groups.0.lock().unwrap()[0] >= 7, "together: {:?}", groups.0.lock().unwrap());
    assert_eq!(world.store.waiting(), 0);
}
