//! Revocations that whoever asks foresaw: one statement while nothing else changed, else judged as any other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keybearer_core::key::Lifecycle;
use keybearer_core::token::KeyId;
use keybearer_store::{AccountChange, Actor, Cascade, Foreseen, Key, Membership, Metadata, StoreError, What};

use super::nodes::opened_with;
use super::raw;
use crate::check::{self, events};
use crate::image::Image;
use crate::world::{Person, World};

/// How long it may take until the store knows where nodes hear messages.
const PATIENCE: Duration = Duration::from_secs(60);
/// By which name the key is foreseen, which no row has: so it shows where the rows were looked at.
const NAME: &str = "as foreseen";

/// What somebody foresees who revokes this key now.
pub(super) fn foreseen(world: &World, key: &Key) -> Foreseen {
    let (holder, lifecycle, metadata) = (key.holder.clone(), key.lifecycle, Metadata::new());
    Foreseen { revision: world.image.told().revision, name: NAME.into(), holder, lifecycle, metadata }
}

/// By which name the last event tells of what it ended.
async fn told_name(world: &World) -> String {
    let event = events(world).await.pop().unwrap();
    assert_eq!(event.action, "key.revoked");
    event.before.unwrap()["name"].as_str().unwrap().to_owned()
}

pub(super) async fn is_revoked(world: &World, id: KeyId) -> bool {
    matches!(world.store.key(id).await.unwrap().lifecycle, Lifecycle::Revoked { .. })
}

/// A world whose store revokes without a look at the rows what was foreseen, and an administrator of it.
pub(super) async fn ready() -> (World, Person) {
    let world = World::postgres().await;
    let root = world.person("root", "admin").await;
    let until = Instant::now() + PATIENCE;
    loop {
        let key = world.account_key(root.actor(), root.id, 0).await.unwrap();
        let foreseen = foreseen(&world, &key);
        let revoked = world.store.revoke_key(world.by(root.actor()), key.id, None, Cascade::Nothing, Some(foreseen)).await.unwrap();
        assert_eq!(revoked, [key.id]);
        // What counts as in force has it at once, and all of it a look later.
        let is_in_force = world.store.are_in_force(&[key.id]);
        assert!(!is_in_force || world.image.told().keys[&key.id].lifecycle.is_revoked(), "it would answer by what was before");
        assert!(is_revoked(&world, key.id).await);
        world.store.confirm().await.unwrap();
        assert!(world.image.told().keys[&key.id].lifecycle.is_revoked(), "the image does not know");
        if told_name(&world).await == NAME {
            return (world, root);
        }
        assert!(Instant::now() < until, "the rows are looked at all the time");
    }
}

#[tokio::test]
async fn what_was_foreseen_is_not_looked_up() {
    let (world, _) = ready().await;
    check::all(&world).await;
    world.end().await;
}

/// As of any statement that is kept at the server; this one is at hand besides.
#[tokio::test]
async fn a_statement_that_does_not_fit_any_more_is_kept_anew() {
    let (world, root) = ready().await;
    raw(&world).await.batch_execute("CREATE DOMAIN whole AS bigint").await.unwrap();
    for kind in ["whole", "bigint"] {
        raw(&world).await.batch_execute(&format!("ALTER TABLE lone_revocations ALTER COLUMN joined TYPE {kind}")).await.unwrap();
        let mut names = Vec::new();
        for _ in 0..3 {
            let key = world.account_key(root.actor(), root.id, 0).await.unwrap();
            let foreseen = foreseen(&world, &key);
            world.store.revoke_key(world.by(root.actor()), key.id, None, Cascade::Nothing, Some(foreseen)).await.unwrap();
            world.store.confirm().await.unwrap();
            let name = told_name(&world).await;
            names.push(if name == key.name { "by the rows".into() } else { name });
        }
        assert_eq!(names, ["by the rows", NAME, NAME], "{kind}");
    }
    check::all(&world).await;
    world.end().await;
}

#[tokio::test]
async fn what_was_foreseen_of_another_revision_is_judged_by_the_rows() {
    let (world, root) = ready().await;
    let key = world.account_key(root.actor(), root.id, 0).await.unwrap();
    let foreseen = foreseen(&world, &key);
    world.account("meanwhile", "user").await;
    let again = || world.store.revoke_key(world.by(root.actor()), key.id, None, Cascade::Nothing, Some(foreseen.clone()));
    assert_eq!(again().await.unwrap(), [key.id]);
    assert_eq!(told_name(&world).await, key.name);
    // What is revoked already is not there, whatever anybody foresaw.
    assert_refused!(&world, again(), StoreError::NotFound(What::Key));
    check::all(&world).await;
    world.end().await;
}

#[tokio::test]
async fn what_was_foreseen_of_what_a_key_made_counts_for_nothing() {
    let (world, root) = ready().await;
    let key = world.account_key(root.actor(), root.id, 4).await.unwrap();
    let made = world.account_key(Actor::Key(key.id), root.id, 0).await.unwrap();
    let foreseen = Some(foreseen(&world, &key));
    let mut revoked = world.store.revoke_key(world.by(root.actor()), key.id, None, Cascade::Everything, foreseen).await.unwrap();
    revoked.sort_unstable();
    assert_eq!(revoked, [key.id, made.id]);
    assert_eq!(told_name(&world).await, key.name);
    check::all(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lost_the_right_while_the_revocation_waited_is_refused() {
    let (world, root) = ready().await;
    world.account("second", "admin").await;
    let other = opened_with(&world.database, Membership { name: "other".into(), ..Membership::default() }).await;
    let image = Arc::<Image>::default();
    other.follow(image.clone()).await.unwrap();
    image.told().is_loaded();
    image.told().leaps = true;
    let ada = world.person("ada", "user").await;
    let key = world.account_key(ada.actor(), ada.id, 0).await.unwrap();

    let mut beside = raw(&world).await;
    let held = beside.transaction().await.unwrap();
    held.batch_execute("SELECT revision FROM counter FOR UPDATE").await.unwrap();
    let waiting = async |count: i64| {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while super::count(&world, waits).await < count {
            tokio::task::yield_now().await;
        }
    };
    let origin = world.operator();
    let demoting = tokio::spawn(async move {
        let demoted = AccountChange { role: Some("user".into()), ..AccountChange::default() };
        other.change_account(origin, root.id, demoted).await.map(|_| other)
    });
    waiting(1).await;
    let (store, origin, id, foreseen) = (world.store.clone(), world.by(root.actor()), key.id, foreseen(&world, &key));
    let revoking = tokio::spawn(async move { store.revoke_key(origin, id, None, Cascade::Nothing, Some(foreseen)).await });
    waiting(2).await;
    held.rollback().await.unwrap();

    let other = demoting.await.unwrap().unwrap();
    let refused = revoking.await.unwrap();
    assert!(matches!(refused, Err(StoreError::ActorGone | StoreError::Refused(_))), "{refused:?}");
    assert!(!is_revoked(&world, key.id).await);
    drop(other);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_waited_for_the_counter_in_vain_does_not_wait_for_it_again() {
    let (world, root) = ready().await;
    let key = world.account_key(root.actor(), root.id, 0).await.unwrap();
    let mut beside = raw(&world).await;
    let held = beside.transaction().await.unwrap();
    held.batch_execute("SELECT revision FROM counter FOR UPDATE").await.unwrap();
    let (store, origin, foreseen) = (world.store.clone(), world.by(root.actor()), foreseen(&world, &key));
    let revoking = tokio::spawn(async move { store.revoke_key(origin, key.id, None, Cascade::Nothing, Some(foreseen)).await });
    let looker = raw(&world).await;
    let waits = "SELECT pid, query_start::text, query FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%counter%'";
    let mut seen = BTreeSet::new();
    while !revoking.is_finished() {
        let rows = looker.query(waits, &[]).await.unwrap();
        seen.extend(rows.iter().map(|row| (row.get::<_, i32>(0), row.get::<_, String>(1), row.get::<_, String>(2))));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let refused = revoking.await.unwrap();
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(seen.len(), 1, "{seen:?}");
    held.rollback().await.unwrap();
    assert!(!is_revoked(&world, key.id).await);
    assert_eq!(world.store.revoke_key(world.by(root.actor()), key.id, None, Cascade::Nothing, None).await.unwrap(), [key.id]);
    check::all(&world).await;
    world.end().await;
}
