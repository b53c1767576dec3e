//! A database of an older schema, or of none.

use std::time::Duration;

use keybearer_core::account::AccountId;
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use keybearer_store::{
    Actor, Cascade, Database, KeyFilter, KeySort, KeyStateFilter, Membership, NewAccountKey, PostgresUrl, StoreError, What,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{BEGINNING, World, cluster, count, first, raw};

const POLICY: &str = "01900000-0000-7000-8000-0000000000ff";

/// Runs the migrations up to this one.
pub(super) async fn migrate(url: &str, last: u32) {
    let client = cluster::client(url).await;
    client.batch_execute("CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL)").await.unwrap();
    let folder = format!("{}/migrations/postgres", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (number, name) = name.split_once('_').unwrap();
        let number: u32 = number.parse().unwrap();
        if number <= last {
            client.batch_execute(&std::fs::read_to_string(&path).unwrap()).await.unwrap();
            client.batch_execute(&format!("INSERT INTO schema_migrations VALUES ({number}, '{name}')")).await.unwrap();
        }
    }
}

fn id(number: u8) -> KeyId {
    KeyId::from_bytes(*Uuid::parse_str(&format!("01900000-0000-7000-8000-0000000000{number:02x}")).unwrap().as_bytes())
}

/// Until then, the row of a key told of its revocation, and an index of its name.
#[tokio::test]
async fn what_was_revoked_stays_so_when_revocations_get_rows_of_their_own() {
    let url = cluster::database().await;
    migrate(&url, 11).await;
    let now = BEGINNING.0;
    let mut rows = format!(
        "INSERT INTO peppers VALUES (1, 'first');
         INSERT INTO accounts (id, username, username_key, role, status, consent, created_at)
         VALUES (1, 'ada', 'ada', 'user', 'active', TRUE, {now});
         UPDATE counter SET last_account = 1;
         INSERT INTO policies VALUES ('{POLICY}', 'policy', 'policy', {now}, 'operator', 1, NULL);"
    );
    // Whether it is of the account, its name, and why it was revoked, if it was.
    for (number, (of_account, name, reason)) in
        (1..).zip([(true, "a", None), (true, "b", Some("deleted")), (false, "till", Some("policy_deleted")), (false, "till", None)])
    {
        let holder = if of_account { "'account', 1, 4, NULL".to_owned() } else { format!("'service', NULL, NULL, '{POLICY}'") };
        let end = if of_account { (now + 1_000_000).to_string() } else { "NULL".to_owned() };
        let revoked = reason.map_or("NULL, NULL".to_owned(), |reason| format!("{}, '{reason}'", now - 1));
        rows += &format!(
            "INSERT INTO keys (id, kind, owner, level, policy, name, name_key, digest, pepper, created_at, created_by, expires_at, revoked_at,
                               revoked_reason)
             VALUES ('{}', {holder}, '{name}', '{name}', decode(repeat('00', 32), 'hex'), 1, {now}, 'operator', {end}, {revoked});",
            id(number)
        );
    }
    cluster::client(&url).await.batch_execute(&rows).await.unwrap();

    let world = World::postgres_at(url).await;
    let revoked = async |key| match world.store.key(key).await.unwrap().lifecycle {
        Lifecycle::Live { .. } => None,
        Lifecycle::Revoked { at, reason, .. } => Some((at.0, reason)),
    };
    assert_eq!(revoked(id(1)).await, None);
    assert_eq!(revoked(id(2)).await, Some((now - 1, RevocationReason::Deleted)));
    assert_eq!(revoked(id(3)).await, Some((now - 1, RevocationReason::PolicyDeleted)));
    assert_eq!(revoked(id(4)).await, None);
    let list = async |state| {
        let filter = KeyFilter { state: Some(state), ..KeyFilter::default() };
        let page = world.store.keys(filter, (KeySort::Created, false), world.now(), first(10)).await.unwrap();
        page.items.iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(list(KeyStateFilter::Revoked).await, [id(2), id(3)]);
    assert_eq!(list(KeyStateFilter::Active).await, [id(1), id(4)]);
    let policy = PolicyId(Uuid::parse_str(POLICY).unwrap());
    assert_eq!(world.store.policy(policy).await.unwrap().keys, 1);

    // The live ones count, and no other.
    let another = NewAccountKey { max_per_account: 1, ..world.new_account_key(AccountId(1), 1) };
    let refused = world.store.issue_account_key(world.operator(), another).await;
    assert!(matches!(refused, Err(StoreError::TooManyKeys { max: 1 })), "{:?}", refused.err());
    let another = NewAccountKey { max_per_account: 2, ..world.new_account_key(AccountId(1), 1) };
    world.store.issue_account_key(world.operator(), another).await.unwrap();

    // The name is the live one's until that is revoked, too.
    let taken = world.service_key(Actor::Operator, "till", policy).await;
    assert!(matches!(taken, Err(StoreError::Taken { what: What::Key, field: "name" })), "{:?}", taken.err());
    world.store.revoke_key(world.operator(), id(4), None, Cascade::Nothing, None).await.unwrap();
    world.service_key(Actor::Operator, "till", policy).await.unwrap();
    assert_eq!(world.store.policy(policy).await.unwrap().keys, 1);
    assert_eq!(count(&world, "SELECT count(*) FROM revocations").await, 3);
    let again = raw(&world).await.execute("DELETE FROM settled_revocations WHERE key = $1", &[&Uuid::from_bytes(*id(2).as_bytes())]).await;
    assert_eq!(again.unwrap_err().as_db_error().unwrap().message(), "a revoked key stays revoked");
    world.end().await;
}

/// Of a node of a version before, which answered its caller then.
#[tokio::test]
async fn what_is_revoked_while_the_schema_moves_up_stays_revoked() {
    let url = cluster::database().await;
    migrate(&url, 11).await;
    let now = BEGINNING.0;
    let mut older = cluster::client(&url).await;
    older
        .batch_execute(&format!(
            "INSERT INTO peppers VALUES (1, 'first');
             INSERT INTO policies VALUES ('{POLICY}', 'policy', 'policy', {now}, 'operator', 1, NULL);
             INSERT INTO keys (id, kind, policy, name, name_key, digest, pepper, created_at, created_by)
             VALUES ('{}', 'service', '{POLICY}', 'till', 'till', decode(repeat('00', 32), 'hex'), 1, {now}, 'operator')",
            id(1)
        ))
        .await
        .unwrap();
    let change = older.transaction().await.unwrap();
    change.batch_execute("SELECT revision FROM counter FOR UPDATE").await.unwrap();
    let moving = tokio::spawn(World::postgres_at(url.clone()));
    let beside = cluster::client(&url).await;
    let waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'counter'::regclass AND NOT granted)";
    while !beside.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    change.batch_execute(&format!("UPDATE keys SET revoked_at = {now}, revoked_reason = 'deleted'")).await.unwrap();
    change.commit().await.unwrap();
    let world = moving.await.unwrap();
    assert!(world.store.key(id(1)).await.unwrap().lifecycle.is_revoked());
    world.service_key(Actor::Operator, "till", PolicyId(Uuid::parse_str(POLICY).unwrap())).await.unwrap();
    // That node knows nothing of names that are held.
    let made = older
        .batch_execute(&format!(
            "INSERT INTO keys (id, kind, policy, name, name_key, digest, pepper, created_at, created_by)
             VALUES ('{}', 'service', '{POLICY}', 'bar', 'bar', decode(repeat('00', 32), 'hex'), 1, {now}, 'operator')",
            id(2)
        ))
        .await;
    assert_eq!(made.unwrap_err().as_db_error().unwrap().message(), "a live key of a service has a name of its own");
    world.end().await;
}

/// Such as `pg_dump`, which reads for as long as it takes.
#[tokio::test]
async fn a_start_says_that_somebody_stands_in_the_way_of_a_migration() {
    let url = cluster::database().await;
    migrate(&url, 12).await;
    let mut reads = cluster::client(&url).await;
    let reading = reads.transaction().await.unwrap();
    reading.batch_execute("SELECT FROM events").await.unwrap();
    let database = Database::Postgres(PostgresUrl::parse(&url).unwrap());
    let refused = database.open(Roles::default(), Membership::default()).await.err();
    let why = refused.map(|error| error.to_string()).unwrap_or_default();
    assert!(why.contains("somebody else is busy with the tables that schema 13 (lone_revocations) changes"), "{why}");
    assert!(why.contains("nothing was changed. Start again when that has ended"), "{why}");
    let versions = "SELECT max(version) FROM schema_migrations";
    assert_eq!(cluster::client(&url).await.query_one(versions, &[]).await.unwrap().get::<_, i64>(0), 12);
    reading.rollback().await.unwrap();
    World::postgres_at(url).await.end().await;
}

#[tokio::test]
async fn nodes_that_start_at_once_make_the_schema_one_after_another() {
    /// Which lock they take: "keybear" and 0, as bytes.
    const LOCK: i64 = i64::from_be_bytes(*b"keybear\0");
    let url = cluster::database().await;
    let holder = cluster::client(&url).await;
    holder.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.unwrap();
    let mut starting = JoinSet::new();
    for _ in 0..4 {
        let database = Database::Postgres(PostgresUrl::parse(&url).unwrap());
        starting.spawn(async move { database.open(Roles::default(), Membership::default()).await.map(drop) });
    }
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
    while holder.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(starting.try_join_next().is_none(), "somebody did not wait");
    }
    holder.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]).await.unwrap();
    for started in starting.join_all().await {
        started.unwrap();
    }
    let made = holder.query_one("SELECT count(*), count(DISTINCT version) FROM schema_migrations", &[]).await.unwrap();
    assert_eq!((made.get::<_, i64>(0), made.get::<_, i64>(1)), (13, 13));
    drop(holder);
    cluster::remove(&url).await;
}
