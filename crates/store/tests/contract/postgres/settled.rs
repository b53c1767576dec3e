//! Revocations of one key, and whether they stand among the others yet: whoever reads sees no difference.

use std::sync::Arc;
use std::time::Duration;

use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::token::KeyId;
use keybearer_store::{Actor, Cascade, EventFilter, IncomingRow, Key, KeyFilter, KeySort, KeyStateFilter, NewAccountKey, StoreError, What};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::moved_up::migrate;
use super::{BEGINNING, World, check, cluster, count, first, raw};
use crate::{import, key_list};

/// How long anybody waits for what is done by itself.
const PATIENCE: Duration = Duration::from_secs(20);
const LONE: &str = "SELECT count(*) FROM lone_revocations";
const SETTLED: &str = "SELECT count(*) FROM settled_revocations";

/// A connection that keeps everybody from putting revocations among the others, until it ends its transaction.
async fn holding(world: &World) -> Client {
    let client = raw(world).await;
    client.batch_execute("BEGIN; SELECT FROM settled FOR UPDATE").await.unwrap();
    client
}

pub(super) async fn until_none_is_left(world: &World) {
    let wait = async {
        while count(world, LONE).await > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

async fn revoke(world: &World, id: KeyId) {
    assert_eq!(world.store.revoke_key(world.operator(), id, None, Cascade::Nothing, None).await.unwrap(), [id]);
}

async fn listed(world: &World, state: KeyStateFilter) -> Vec<KeyId> {
    let filter = KeyFilter { state: Some(state), ..KeyFilter::default() };
    let page = world.store.keys(filter, (KeySort::Created, false), world.now(), first(10)).await.unwrap();
    page.items.iter().map(|key| key.id).collect()
}

/// The events that these filters find, from the last to the first.
async fn found(world: &World, filter: EventFilter) -> Vec<i64> {
    let mut revisions = Vec::new();
    let mut page = first(2);
    loop {
        let found = world.store.events(filter.clone(), page).await.unwrap();
        revisions.extend(found.items.iter().map(|event| event.revision));
        let Some(next) = found.next else { return revisions };
        page = first(2);
        page.cursor = Some(next);
    }
}

/// All that tells of revocations, on both sides of the moment at which they are put among the others.
#[tokio::test]
async fn nobody_sees_whether_a_revocation_stands_among_the_others() {
    let world = World::postgres().await;
    let ada = world.person("ada", "user").await;
    let policy = world.policy("policy", &[]).await.id;
    let (mine, kept) =
        (world.account_key(ada.actor(), ada.id, 4).await.unwrap().id, world.account_key(ada.actor(), ada.id, 4).await.unwrap().id);
    let till = world.service_key(Actor::Operator, "till", policy).await.unwrap().id;
    let holding = holding(&world).await;
    for id in [mine, till] {
        revoke(&world, id).await;
    }
    // One with another change behind it, so that the two kinds of rows take turns.
    let desk = world.service_key(Actor::Operator, "desk", policy).await.unwrap().id;
    assert_eq!((count(&world, LONE).await, count(&world, SETTLED).await), (2, 0));

    let tells = async || {
        check::all(&world).await;
        assert_eq!(listed(&world, KeyStateFilter::Revoked).await, [mine, till]);
        assert_eq!(listed(&world, KeyStateFilter::Active).await, [kept, desk]);
        let is_deleted = |key: Key| matches!(key.lifecycle, Lifecycle::Revoked { reason: RevocationReason::Deleted, .. });
        assert!(is_deleted(world.store.key(mine).await.unwrap()) && is_deleted(world.store.key(till).await.unwrap()));
        assert_eq!(world.store.policy(policy).await.unwrap().keys, 1);
        let another = NewAccountKey { max_per_account: 1, ..world.new_account_key(ada.id, 1) };
        let refused = world.store.issue_account_key(world.operator(), another).await;
        assert!(matches!(refused, Err(StoreError::TooManyKeys { max: 1 })), "{:?}", refused.err());
        let again = world.store.revoke_key(world.operator(), till, None, Cascade::Nothing, None).await;
        assert!(matches!(again, Err(StoreError::NotFound(What::Key))), "{:?}", again.err());
        let [by_action, by_target, all] = [
            EventFilter { action: Some("key.revoked".into()), ..EventFilter::default() },
            EventFilter { target: Some(format!("key:{till}")), ..EventFilter::default() },
            EventFilter::default(),
        ];
        let all = found(&world, all).await;
        assert!(all.is_sorted_by(|one, next| *one == next + 1), "{all:?}");
        (found(&world, by_action).await, found(&world, by_target).await, all, check::dump(&world).await)
    };
    let before = tells().await;
    assert_eq!((before.0.len(), before.1.len()), (2, 2));
    holding.batch_execute("ROLLBACK").await.unwrap();
    until_none_is_left(&world).await;
    assert_eq!(count(&world, SETTLED).await, 2);
    assert_eq!(tells().await, before);
    world.end().await;
}

/// In each order, by pages of one, whichever of them stand among the others.
#[tokio::test]
async fn a_list_of_revoked_keys_has_all_of_them_in_one_order() {
    let world = World::postgres().await;
    let policy = world.policy("policy", &[]).await.id;
    let mut keys = Vec::new();
    for (name, last_use) in [("c", 300), ("a", 200), ("d", 100), ("b", 400), ("live", 500)] {
        let key = world.service_key(Actor::Operator, name, policy).await.unwrap();
        world.store.record_use(vec![(key.id, world.now().plus(last_use))], vec![]).await.unwrap();
        keys.push(key.id);
        world.pass(1);
    }
    let [c, a, d, b, _live] = keys[..] else { panic!("five keys") };
    for id in [c, b] {
        revoke(&world, id).await;
    }
    until_none_is_left(&world).await;
    let holding = holding(&world).await;
    for id in [d, a] {
        revoke(&world, id).await;
    }
    assert_eq!((count(&world, LONE).await, count(&world, SETTLED).await), (2, 2));
    let filter = KeyFilter { state: Some(KeyStateFilter::Revoked), ..KeyFilter::default() };
    for (sort, order) in [
        (KeySort::Created, [c, a, d, b]),
        (KeySort::Name, [a, b, c, d]),
        (KeySort::Expires, [c, a, d, b]),
        (KeySort::LastUsed, [d, a, c, b]),
    ] {
        for descending in [false, true] {
            let mut found = key_list::ids(&world, &filter, (sort, descending), 1).await;
            if descending {
                found.reverse();
            }
            assert_eq!(found, order, "{sort:?} {descending}");
        }
    }
    assert_eq!(world.store.count_keys(filter, world.now()).await.unwrap(), 4);
    drop(holding);
    world.end().await;
}

#[tokio::test]
async fn the_name_of_a_revoked_key_is_free_before_that_stands_among_the_others() {
    let world = World::postgres().await;
    let policy = world.policy("policy", &[]).await.id;
    let make = async |name| world.service_key(Actor::Operator, name, policy).await;
    let holding = holding(&world).await;
    let till = make("till").await.unwrap().id;
    revoke(&world, till).await;
    let second = make("till").await.unwrap().id;
    assert!(matches!(make("till").await, Err(StoreError::Taken { what: What::Key, field: "name" })));
    revoke(&world, second).await;
    // Also for a key from elsewhere.
    let old = world.store.key(till).await.unwrap();
    let take = async || {
        let (new, lifecycle) = (world.new_key("till"), Lifecycle::Live { expires_at: None });
        let key = Key { id: new.id, digest: new.digest, lifecycle, ..old.clone() };
        (key.id, import::verdict(&world, IncomingRow::Key(Box::new(import::incoming(key, None)))).await)
    };
    let (taken, told) = take().await;
    assert_eq!(told, "imported");
    assert_eq!(take().await.1, "this name belongs to another key here");
    revoke(&world, taken).await;
    // And for one that is given another name.
    let desk = make("desk").await.unwrap().id;
    let change = keybearer_store::ServiceKeyChange { name: Some(("till".into(), "till".into())), ..Default::default() };
    world.store.change_service_key(world.operator(), desk, change, false).await.unwrap();
    check::all(&world).await;
    holding.batch_execute("ROLLBACK").await.unwrap();
    until_none_is_left(&world).await;
    check::all(&world).await;
    world.end().await;
}

/// A server that stops leaves what it has; and there may be more than one statement takes.
#[tokio::test]
async fn the_next_start_puts_all_that_were_left_among_the_others() {
    let world = World::postgres().await;
    let policy = world.policy("policy", &[]).await.id;
    let holding = holding(&world).await;
    let mut made = JoinSet::new();
    for number in 0..1_100 {
        let new = world.new_service_key(&format!("key {number}"), policy);
        let (store, origin) = (Arc::clone(&world.store), world.operator());
        made.spawn(async move { store.issue_service_key(origin, new).await.unwrap().id });
    }
    let keys = made.join_all().await;
    for id in &keys {
        revoke(&world, *id).await;
    }
    assert_eq!((count(&world, LONE).await, count(&world, SETTLED).await), (1_100, 0));
    let before = check::dump(&world).await;
    let world = world.restarted().await;
    assert_eq!(check::dump(&world).await, before);
    holding.batch_execute("ROLLBACK").await.unwrap();
    until_none_is_left(&world).await;
    assert_eq!(count(&world, SETTLED).await, 1_100);
    assert_eq!(check::dump(&world).await, before);
    let last = "SELECT max(revision) FROM settled_events WHERE action = 'key.revoked'";
    assert_eq!(count(&world, "SELECT revision FROM settled").await, count(&world, last).await);
    check::all(&world).await;
    world.end().await;
}

#[tokio::test]
async fn payloads_of_revocations_are_pruned_wherever_they_stand() {
    let world = World::postgres().await;
    let till = world.service("till", &[]).await.id;
    revoke(&world, till).await;
    world.pass(1);
    let events = check::events(&world).await.len();
    assert_eq!(world.store.prune_payloads(world.now(), 1_000).await.unwrap(), u32::try_from(events).unwrap());
    assert_eq!(count(&world, LONE).await, 0);
    assert_eq!(count(&world, "SELECT count(*) FROM events WHERE before IS NOT NULL OR after IS NOT NULL").await, 0);
    assert!(check::events(&world).await.iter().all(|event| event.pruned));
    world.end().await;
}

#[tokio::test]
async fn no_statement_revives_a_key_whose_revocation_does_not_stand_among_the_others() {
    let world = World::postgres().await;
    let till = world.service("till", &[]).await.id;
    let mut client = raw(&world).await;
    // With this lock nobody else changes where it stands.
    let mut all = client.transaction().await.unwrap();
    all.batch_execute("SELECT FROM settled FOR UPDATE").await.unwrap();
    revoke(&world, till).await;
    for statement in [
        "DELETE FROM lone_revocations",
        "UPDATE lone_revocations SET at = at + 1",
        "TRUNCATE lone_revocations",
        "UPDATE settled SET revision = 1000",
        "UPDATE settled SET id = 2",
        "DELETE FROM settled",
        "TRUNCATE settled",
        // In one statement with what would have it stand among the others, but for the event.
        "WITH gone AS (DELETE FROM lone_revocations RETURNING *)
         INSERT INTO settled_revocations (key, at, reason) SELECT key, at, reason FROM gone",
    ] {
        let tried = all.savepoint("tried").await.unwrap();
        let refused = tried.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), "a revoked key stays revoked", "{statement}");
    }
    let tried = all.savepoint("tried").await.unwrap();
    let again = tried.batch_execute("INSERT INTO lone_revocations SELECT * FROM lone_revocations").await;
    assert_eq!(again.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
    drop(tried);
    all.commit().await.unwrap();
    assert!(world.store.key(till).await.unwrap().lifecycle.is_revoked());
    // Nor is one passed over that is not written yet.
    until_none_is_left(&world).await;
    let refused = raw(&world).await.batch_execute("UPDATE settled SET revision = revision + 1000").await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().message(), "a revoked key stays revoked");
    check::all(&world).await;
    world.end().await;
}

/// A node of the version before reads on, and sees all; what it would write where it wrote then is refused.
#[tokio::test]
async fn a_node_that_knows_nothing_of_it_reads_all_and_writes_nothing() {
    let url = cluster::database().await;
    migrate(&url, 12).await;
    let (now, old) = (BEGINNING.0, Uuid::from_u128(u128::MAX));
    let policy = Uuid::from_u128(u128::MAX - 1);
    let older = cluster::client(&url).await;
    older
        .batch_execute(&format!(
            "INSERT INTO peppers VALUES (1, 'first');
             INSERT INTO policies VALUES ('{policy}', 'older', 'older', {now}, 'operator', 1, NULL);
             INSERT INTO revocations (key, at, reason, policy) VALUES ('{old}', {now}, 'deleted', '{policy}');
             INSERT INTO keys (id, kind, policy, name, name_key, digest, pepper, created_at, created_by)
             VALUES ('{old}', 'service', '{policy}', 'old', 'old', decode(repeat('00', 32), 'hex'), 1, {now}, 'operator');
             UPDATE counter SET revision = 1;
             INSERT INTO events (revision, at, actor, action, target, touched, request_id)
             VALUES (1, {now}, 'operator', 'key.revoked', 'key:{old}', '[]', '')"
        ))
        .await
        .unwrap();
    let write = "INSERT INTO events (revision, at, actor, action, target, touched, request_id) VALUES ($1, 1, '', '', '', '[]', '')";
    let (read, write) = (
        older.prepare("SELECT revision FROM events WHERE revision > $1 ORDER BY revision").await.unwrap(),
        older.prepare(write).await.unwrap(),
    );
    let revisions = async || older.query(&read, &[&0_i64]).await.unwrap().iter().map(|row| row.get(0)).collect::<Vec<i64>>();
    assert_eq!(revisions().await, [1]);
    let world = World::postgres_at(url).await;
    let till = world.service("till", &[]).await.id;
    revoke(&world, till).await;
    let last = world.store.stats(world.now()).await.unwrap().revision;
    assert_eq!(revisions().await, (1..=last).collect::<Vec<_>>());
    assert_eq!(older.execute(&write, &[&(last + 1)]).await.unwrap_err().code(), Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
    let revoked: i64 = older.query_one("SELECT count(*) FROM revocations", &[]).await.unwrap().get(0);
    assert_eq!(revoked, 2);
    world.end().await;
}
