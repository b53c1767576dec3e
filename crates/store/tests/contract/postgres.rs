//! What holds on PostgreSQL only: the schema, the server and the talk with it, several nodes, and the task that writes.

mod cut_off;
mod foreseen;
mod heeded;
mod kept;
mod messages;
mod moved_up;
mod nodes;
mod settled;
mod together;
mod url;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use keybearer_store::{
    AccountChange, AccountFilter, Actor, Cascade, Changed, Database, EventFilter, Follower, KeyFilter, KeySort, Membership, NewPolicy,
    Origin, PageRequest, PostgresUrl, StoreError, StoreWatch,
};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::follow::begin;
use crate::world::{BEGINNING, World, first, metadata};
use crate::{check, cluster};

/// A connection beside the store's own, as an operator with a shell has it.
async fn raw(world: &World) -> tokio_postgres::Client {
    cluster::client(world.url.as_ref().unwrap()).await
}

async fn count(world: &World, sql: &str) -> i64 {
    raw(world).await.query_one(sql, &[]).await.unwrap().get(0)
}

/// A world with a row of every kind, and one key that is revoked.
async fn furnished() -> (World, KeyId) {
    let world = World::postgres().await;
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
    assert_eq!(count(&world, "SELECT count(*) FROM schema_migrations").await, 13);
    world.end().await;
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
    assert_eq!(count(&world, "SELECT coalesce(sum(length(uses)), 0)::bigint FROM waiting_uses").await, 0);
    world.end().await;
}

/// Numbers and names, so that whoever knows one engine knows the other.
#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names("postgres"), names("sqlite"));
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_name() {
    let (world, _) = furnished().await;
    raw(&world).await.batch_execute("INSERT INTO schema_migrations (version, name) VALUES (7001, 'from_the_future')").await.unwrap();
    for refused in [world.database.contents().await.map(drop), world.database.login("ada".into()).await.map(drop)] {
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 7001, .. })), "{refused:?}");
    }
    let (database, url) = (world.database.clone(), world.url.clone().unwrap());
    drop(world);
    let Err(refused) = database.open(Roles::default(), Membership::default()).await else { panic!("it was opened") };
    assert!(refused.to_string().contains("from_the_future"), "{refused}");
    assert!(matches!(refused, StoreError::NewerSchema { found: 7001, name, known: 1.. } if name == "from_the_future"));
    cluster::remove(&url).await;
}

#[tokio::test]
async fn what_cannot_be_opened_is_unavailable() {
    for (url, why) in [
        ("postgres://nobody@127.0.0.1:1/keys".to_owned(), "refused"),
        (cluster::server().replace("/postgres", "/no_such_database"), "does not exist"),
    ] {
        let Err(refused) = Database::Postgres(PostgresUrl::parse(&url).unwrap()).open(Roles::default(), Membership::default()).await else {
            panic!("opened")
        };
        assert!(matches!(&refused, StoreError::Unavailable(told) if told.contains(why)), "{refused}");
    }
}

#[tokio::test]
async fn a_database_that_holds_texts_otherwise_is_refused() {
    let admin = cluster::client(cluster::server()).await;
    let name = format!("latin_{}", std::process::id());
    let make = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'");
    admin.batch_execute(&make).await.unwrap();
    let url = cluster::server().replace("/postgres", &format!("/{name}"));
    let Err(refused) = Database::Postgres(PostgresUrl::parse(&url).unwrap()).open(Roles::default(), Membership::default()).await else {
        panic!("opened")
    };
    assert!(matches!(&refused, StoreError::Unavailable(told) if told.contains("SQL_ASCII")), "{refused}");
    cluster::remove(&url).await;
}

/// A follower with a bug: it cannot take what it is told.
struct Broken;

impl Follower for Broken {
    fn apply(&self, changed: Changed) {
        assert!(changed.revision == 0, "nothing but the empty beginning is taken");
    }
}

#[tokio::test]
async fn a_store_that_cannot_follow_any_more_does_not_look_well() {
    let url = cluster::database().await;
    let store = Database::Postgres(PostgresUrl::parse(&url).unwrap()).open(Roles::default(), Membership::default()).await.unwrap();
    store.follow(Arc::new(Broken)).await.unwrap();
    store.ping().await.unwrap();
    assert!(store.is_in_force());
    let policy = NewPolicy { id: PolicyId(Uuid::nil()), name: "p".into(), name_key: "p".into(), permissions: PermissionSet::default() };
    let origin = Origin { actor: Actor::Operator, now: BEGINNING, request_id: String::new() };
    // In force everywhere: nobody answers from the image that lacks it.
    store.create_policy(origin, policy).await.unwrap();
    assert!(!store.is_in_force());
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.confirm().await, Err(StoreError::Unavailable(_))));
    drop(store);
    cluster::remove(&url).await;
}

#[tokio::test]
async fn no_statement_revives_a_revoked_key() {
    let (world, revoked) = furnished().await;
    let client = raw(&world).await;
    let id = Uuid::from_bytes(*revoked.as_bytes());
    for statement in [
        "UPDATE settled_revocations SET at = at + 1 WHERE key = $1",
        "UPDATE settled_revocations SET reason = 'policy_deleted' WHERE key = $1",
        "UPDATE settled_revocations SET key = gen_random_uuid() WHERE key = $1",
        "DELETE FROM settled_revocations WHERE key = $1",
    ] {
        let refused = client.execute(statement, &[&id]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), "a revoked key stays revoked", "{statement}");
    }
    let refused = client.batch_execute("TRUNCATE settled_revocations").await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().message(), "a revoked key stays revoked");
    settled::until_none_is_left(&world).await;
    let again = "INSERT INTO settled_revocations SELECT * FROM revocations WHERE key = $1";
    assert_eq!(client.execute(again, &[&id]).await.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
    assert_eq!(client.execute("UPDATE keys SET last_used_at = 1 WHERE id = $1", &[&id]).await.unwrap(), 1);
    world.end().await;
}

#[tokio::test]
async fn there_is_always_one_counter() {
    let (world, _) = furnished().await;
    let client = raw(&world).await;
    let another = "INSERT INTO counter (id, revision, last_account) VALUES (2, 0, 0)";
    for statement in [another, "DELETE FROM counter", "TRUNCATE counter"] {
        let refused = client.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), "there is one counter", "{statement}");
    }
    world.account("after", "user").await;
    check::all(&world).await;
    world.end().await;
}

/// No verb leaves such rows; whoever writes them by hand gains nothing.
#[tokio::test]
async fn a_row_that_missed_a_revocation_is_no_credential() {
    let (world, _) = furnished().await;
    let root = world.person("root", "admin").await;
    let key = world.account_key(root.actor(), root.id, 8).await.unwrap().id;
    raw(&world).await.execute("UPDATE accounts SET status = 'blocked' WHERE id = $1", &[&root.id.0]).await.unwrap();
    for by in [root.actor(), Actor::Key(key)] {
        assert_refused!(&world, world.store.create_account(world.by(by), world.new_account("x", "user")), StoreError::ActorGone);
    }
    world.end().await;
}

#[tokio::test]
async fn the_rows_hold_neither_secrets_nor_the_deleted() {
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
    assert_eq!(count(&world, left).await, 1);
    let digests = "SELECT count(*) FROM events, keys WHERE strpos(lower(concat(before, after)), encode(digest, 'hex')) > 0";
    assert_eq!(count(&world, digests).await, 0);
    assert_eq!(count(&world, "SELECT count(*) FROM events WHERE concat(before, after) LIKE '%$argon2%'").await, 0);
    world.end().await;
}

/// PostgreSQL takes no text that has a NUL, so nothing here has one.
#[tokio::test]
async fn what_has_a_nul_is_not_found() {
    let (world, _) = furnished().await;
    let nul = || Some("a\0".to_owned());
    let accounts = [AccountFilter { username: nul(), ..Default::default() }, AccountFilter { named: nul(), ..Default::default() }];
    for filter in accounts {
        assert!(world.store.accounts(filter, first(10)).await.unwrap().items.is_empty());
    }
    let keys = KeyFilter { name: nul(), ..KeyFilter::default() };
    assert_eq!(world.store.count_keys(keys, world.now()).await.unwrap(), 0);
    for filter in [EventFilter { actor: nul(), ..Default::default() }, EventFilter { action: nul(), ..Default::default() }] {
        assert!(world.store.events(filter, first(10)).await.unwrap().items.is_empty());
    }
    assert!(world.store.login_by_username("a\0".into()).await.unwrap().is_none());
    let id = world.store.keys(KeyFilter::default(), (KeySort::Name, false), world.now(), first(1)).await.unwrap().items[0].id;
    let page = PageRequest { cursor: Some(format!("{{\"t\":\"\\u0000\",\"id\":\"{id}\"}}")), limit: 1 };
    let refused = world.store.keys(KeyFilter::default(), (KeySort::Name, false), world.now(), page).await;
    assert!(matches!(refused.map(drop), Err(StoreError::BadCursor)));
    world.end().await;
}

/// Notes how many writes were committed together.
#[derive(Default)]
struct Groups(Mutex<Vec<usize>>);

impl StoreWatch for Groups {
    fn committed(&self, changes: usize, _: Duration) {
        self.0.lock().unwrap().push(changes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_waits_and_what_is_committed_together_can_be_measured() {
    let world = World::postgres().await;
    let groups = Arc::<Groups>::default();
    world.store.watch(groups.clone());
    // Somebody keeps the writer waiting until he lets go.
    let mut other = raw(&world).await;
    let held = other.transaction().await.unwrap();
    held.batch_execute("SELECT revision FROM counter FOR UPDATE").await.unwrap();
    begin(world.store.create_account(world.operator(), world.new_account("the first", "user")));
    // It is taken alone.
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while count(&world, waits).await < 1 {}
    for number in 0..7 {
        begin(world.store.create_account(world.operator(), world.new_account(&format!("person {number}"), "user")));
    }
    assert_eq!(world.store.waiting(), 7);
    held.rollback().await.unwrap();
    world.account("the last", "user").await;
    assert_eq!(groups.0.lock().unwrap().iter().sum::<usize>(), 9);
    assert!(groups.0.lock().unwrap()[1] >= 7, "together: {:?}", groups.0.lock().unwrap());
    assert_eq!(world.store.waiting(), 0);
    world.end().await;
}
