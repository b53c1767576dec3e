//! What is forgotten: dead keys by the image, sessions by the rows too, and what old events say of before and after.

use std::sync::Arc;

use keybearer_core::key::{DAY, Lifecycle};
use keybearer_core::time::UnixMillis;
use keybearer_store::{Actor, Cascade, Forgotten, Horizon, NewAccountKey, NewServiceKey, ServiceKeyChange};
use tokio::task::JoinSet;

use crate::check::{all, events};
use crate::image::Image;
use crate::world::{BEGINNING, World};

on_every_engine!(
    dead_keys_leave_the_image_and_keep_their_rows,
    a_change_of_a_forgotten_key_does_not_bring_it_back,
    what_is_forgotten_is_not_loaded,
    the_horizon_does_not_move_back,
    sessions_that_are_over_are_deleted,
    keys_that_die_while_others_are_forgotten_go_in_their_turn,
    payloads_of_old_events_are_pruned_in_pieces,
    without_old_events_nothing_is_pruned,
);

/// Forgets, and lets what is checked after the test know.
async fn forget(world: &World, keys: UnixMillis, sessions: UnixMillis) -> Forgotten {
    let horizon = Horizon { keys, sessions };
    let forgotten = world.store.forget(horizon).await.unwrap();
    *world.horizon.lock().unwrap() = horizon;
    forgotten
}

async fn dead_keys_leave_the_image_and_keep_their_rows(world: &World) {
    let ada = world.account("ada", "user").await.id;
    let policy = world.policy("policy", &[]).await.id;
    let make = async |lifetime| {
        let new = NewAccountKey { expires_at: world.now().plus(lifetime), ..world.new_account_key(ada, 4) };
        world.store.issue_account_key(world.operator(), new).await.unwrap().id
    };
    let (expired, later, lives) = (make(DAY).await, make(DAY + 1).await, make(9 * DAY).await);
    let for_ever = world.service_key(Actor::Operator, "till", policy).await.unwrap().id;
    let revoked = world.service_key(Actor::Operator, "desk", policy).await.unwrap().id;
    world.pass(DAY);
    world.store.revoke_key(world.operator(), revoked, None, Cascade::Nothing, None).await.unwrap();
    world.pass(DAY);
    let before = world.image.told().revision;
    assert_eq!(forget(world, BEGINNING.plus(DAY).minus(1), BEGINNING).await, Forgotten::default(), "none died so early");
    assert_eq!(forget(world, BEGINNING.plus(DAY), BEGINNING).await, Forgotten { keys: 2, sessions: 0 });
    {
        let told = world.image.told();
        assert_eq!(told.revision, before, "it is no change");
        let kept = [later, lives, for_ever].into();
        assert_eq!(told.keys.keys().copied().collect::<std::collections::BTreeSet<_>>(), kept);
    }
    assert!(matches!(world.store.key(revoked).await.unwrap().lifecycle, Lifecycle::Revoked { .. }));
    assert!(world.store.key(expired).await.is_ok());
    assert_eq!(forget(world, BEGINNING.plus(DAY), BEGINNING).await, Forgotten::default(), "they are gone already");
    assert_eq!(forget(world, BEGINNING.plus(2 * DAY), BEGINNING).await, Forgotten { keys: 1, sessions: 0 });
}

async fn a_change_of_a_forgotten_key_does_not_bring_it_back(world: &World) {
    let policy = world.policy("policy", &[]).await.id;
    let new = NewServiceKey { expires_at: Some(world.now().plus(DAY)), ..world.new_service_key("till", policy) };
    let key = world.store.issue_service_key(world.operator(), new).await.unwrap().id;
    world.pass(5 * DAY);
    forget(world, world.now().minus(DAY), BEGINNING).await;
    let is_known = || world.image.told().keys.contains_key(&key);
    assert!(!is_known());
    let rename = ServiceKeyChange { name: Some(("desk".into(), "desk".into())), ..ServiceKeyChange::default() };
    world.store.change_service_key(world.operator(), key, rename, false).await.unwrap();
    assert!(!is_known(), "by an edit");
    // It died when it expired; that it is revoked today is no new death.
    world.store.delete_policy(world.operator(), policy, Cascade::Everything, None).await.unwrap();
    assert!(!is_known(), "by the end of its policy");
    assert!(matches!(world.store.key(key).await.unwrap().lifecycle, Lifecycle::Revoked { .. }));
}

async fn what_is_forgotten_is_not_loaded(world: &World) {
    let ada = world.person("ada", "user").await;
    let revoked = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    world.store.revoke_key(world.operator(), revoked, None, Cascade::Nothing, None).await.unwrap();
    let lives = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    world.pass(DAY);
    forget(world, BEGINNING, world.now()).await;
    let late = Arc::new(Image::default());
    world.store.follow(late.clone()).await.unwrap();
    // The store has one follower: the first one sleeps from here on, but has missed nothing.
    let late = late.told();
    assert_eq!(late.keys.keys().copied().collect::<Vec<_>>(), [lives]);
    assert!(late.sessions.is_empty() && late.faults.is_empty());
}

async fn the_horizon_does_not_move_back(world: &World) {
    let policy = world.policy("policy", &[]).await.id;
    let key = world.service_key(Actor::Operator, "till", policy).await.unwrap().id;
    world.store.revoke_key(world.operator(), key, None, Cascade::Nothing, None).await.unwrap();
    forget(world, BEGINNING, BEGINNING).await;
    world.store.forget(Horizon::NONE).await.unwrap();
    let late = Arc::new(Image::default());
    world.store.follow(late.clone()).await.unwrap();
    assert!(late.told().keys.is_empty());
}

async fn sessions_that_are_over_are_deleted(world: &World) {
    let ada = world.person("ada", "user").await;
    world.pass(DAY / 4);
    let later = world.signed_in(ada.id).await;
    let end = BEGINNING.plus(DAY / 2);
    assert_eq!(forget(world, BEGINNING, end.minus(1)).await, Forgotten::default());
    assert_eq!(forget(world, BEGINNING, end).await, Forgotten { keys: 0, sessions: 1 });
    assert_eq!(world.image.told().sessions.keys().copied().collect::<Vec<_>>(), [later.session]);
    let left = world.store.sessions(ada.id, UnixMillis(i64::MIN)).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [later.session]);
}

async fn keys_that_die_while_others_are_forgotten_go_in_their_turn(world: &World) {
    let ada = world.account("ada", "user").await.id;
    let mut work = JoinSet::new();
    for _ in 0..40 {
        let key = world.account_key(Actor::Operator, ada, 1).await.unwrap().id;
        world.pass(1);
        let (store, origin) = (world.store.clone(), world.operator());
        work.spawn(async move { store.revoke_key(origin, key, None, Cascade::Nothing, None).await.map(drop) });
        // At the very moment of that revocation, which may be committed before or after.
        let (store, horizon) = (world.store.clone(), Horizon { keys: world.now(), sessions: BEGINNING });
        work.spawn(async move { store.forget(horizon).await.map(drop) });
    }
    for done in work.join_all().await {
        done.unwrap();
    }
    world.horizon.lock().unwrap().keys = world.now();
    assert!(world.image.told().keys.is_empty(), "each was dead at the horizon");
}

async fn payloads_of_old_events_are_pruned_in_pieces(world: &World) {
    for number in 0..5 {
        world.account(&format!("person {number}"), "user").await;
        world.pass(1_000);
    }
    let pruned = async || events(world).await.iter().map(|event| event.pruned).collect::<Vec<_>>();
    let before_the_fifth = BEGINNING.plus(4_000);
    assert_eq!(world.store.prune_payloads(before_the_fifth, 3).await.unwrap(), 3);
    assert_eq!(pruned().await, [true, true, true, false, false]);
    assert_eq!(world.store.prune_payloads(before_the_fifth, 3).await.unwrap(), 1);
    assert_eq!(world.store.prune_payloads(before_the_fifth, 3).await.unwrap(), 0);
    assert_eq!(pruned().await, [true, true, true, true, false]);
    let events = events(world).await;
    assert!(events[3].after.is_none() && events[4].after.is_some());
    let kept = (events[0].revision, events[0].at, events[0].actor.as_str(), events[0].action.as_str(), events[0].request_id.is_empty());
    assert_eq!(kept, (1, BEGINNING, "operator", "account.created", false));
    assert_eq!(events[0].touched, [events[0].target.clone()]);
}

async fn without_old_events_nothing_is_pruned(world: &World) {
    assert_eq!(world.store.prune_payloads(UnixMillis(i64::MAX), 10).await.unwrap(), 0, "there are no events at all");
    world.account("ada", "user").await;
    assert_eq!(world.store.prune_payloads(BEGINNING, 10).await.unwrap(), 0);
    all(world).await;
    assert!(!events(world).await[0].pruned);
}
