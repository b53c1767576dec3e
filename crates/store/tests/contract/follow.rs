//! The follower: it has every change before the caller hears of it, in order, whatever becomes of the caller.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use keybearer_core::account::Status;
use keybearer_core::key::Lifecycle;
use keybearer_store::{AccountChange, Actor, Cascade, PolicyChange, ServiceKeyChange, StoreError};
use tokio::task::JoinSet;

use crate::image::Image;
use crate::world::{World, set};

on_every_engine!(
    a_follower_begins_with_all_rows,
    the_follower_knows_before_the_caller,
    a_change_that_does_nothing_is_not_told,
    a_caller_that_goes_away_hides_nothing,
    callers_that_are_aborted_hide_nothing,
    who_is_refused_takes_nothing_of_others,
);

/// Asks once, and does not wait for the answer.
pub(crate) fn begin<F: Future>(future: F) {
    let mut future = pin!(future);
    let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

async fn a_follower_begins_with_all_rows(world: &World) {
    world.shop().await;
    let ada = world.person("ada", "user").await;
    let gone = world.account("gone", "user").await.id;
    world.account_key(Actor::Operator, gone, 4).await.unwrap();
    let locked = world.account("locked", "user").await.id;
    let change = AccountChange { status: Some(Status::Locked), consent: Some(false), ..AccountChange::default() };
    world.change(Actor::Operator, locked, change).await.unwrap();
    world.store.delete_account(world.operator(), gone, None, None).await.unwrap();
    world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    world.service("till", &["shop:read"]).await;
    let late = Arc::new(Image::default());
    world.store.follow(late.clone()).await.unwrap();
    let (late, told) = (late.told(), world.image.told());
    assert!(late.faults.is_empty(), "{:?}", late.faults);
    assert_eq!((late.revision, &late.accounts, &late.sessions), (told.revision, &told.accounts, &told.sessions));
    assert_eq!(format!("{:?}", late.policies.keys()), format!("{:?}", told.policies.keys()));
    let lives = |image: &crate::image::Told| image.keys.iter().map(|(id, key)| (*id, key.lifecycle)).collect::<Vec<_>>();
    assert_eq!(lives(&late), lives(&told), "revoked ones among them");
}

async fn the_follower_knows_before_the_caller(world: &World) {
    world.shop().await;
    // Reads what the follower has, the very moment that the caller was answered.
    macro_rules! told {
        (|$told:ident| $question:expr) => {{
            let $told = world.image.told();
            assert!($question, "the follower does not know yet");
        }};
    }
    let ada = world.account("ada", "user").await;
    told!(|told| told.accounts[&ada.id] == ada);
    let ada = world.signed_in(ada.id).await;
    told!(|told| told.sessions.contains_key(&ada.session));
    let policy = world.policy("policy", &["shop:read"]).await.id;
    told!(|told| told.policies[&policy].permissions == set(&["shop:read"]));
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    told!(|told| told.keys.contains_key(&key));
    let service = world.service_key(Actor::Operator, "till", policy).await.unwrap().id;
    told!(|told| told.keys.contains_key(&service));
    let change = PolicyChange { permissions: Some(set(&[])), ..PolicyChange::default() };
    let version = world.store.change_policy(world.operator(), policy, change).await.unwrap().version;
    told!(|told| told.policies[&policy].permissions.is_empty() && told.policies[&policy].version == version);
    let other = world.policy("other", &[]).await.id;
    let change = ServiceKeyChange { policy: Some(other), ..ServiceKeyChange::default() };
    let holder = world.store.change_service_key(world.operator(), service, change, false).await.unwrap().holder;
    told!(|told| told.keys[&service].holder == holder);
    world.store.delete_policy(world.operator(), other, Cascade::Everything, None).await.unwrap();
    told!(|told| !told.policies.contains_key(&other) && matches!(told.keys[&service].lifecycle, Lifecycle::Revoked { .. }));
    world.store.revoke_key(world.by(ada.actor()), key, None, Cascade::Nothing, None).await.unwrap();
    told!(|told| matches!(told.keys[&key].lifecycle, Lifecycle::Revoked { .. }));
    let second = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let change = AccountChange { status: Some(Status::Locked), ..AccountChange::default() };
    world.change(ada.actor(), ada.id, change).await.unwrap();
    told!(|told| told.accounts[&ada.id].status == Status::Locked && told.sessions.is_empty());
    told!(|told| matches!(told.keys[&second].lifecycle, Lifecycle::Revoked { .. }));
    world.store.delete_account(world.operator(), ada.id, None, None).await.unwrap();
    told!(|told| told.accounts.is_empty());
    let manifest = world.declare(Actor::Operator, "shop", &["read"]).await.unwrap();
    let revision = world.store.stats(world.now()).await.unwrap().revision;
    told!(|told| told.revision == revision && manifest.len() == 1);
}

async fn a_change_that_does_nothing_is_not_told(world: &World) {
    let ada = world.account("ada", "user").await;
    let key = world.account_key(Actor::Operator, ada.id, 4).await.unwrap().id;
    let times = world.image.told().times;
    world.change(Actor::Operator, ada.id, AccountChange::default()).await.unwrap();
    world.store.record_use(vec![(key, world.now())], vec![]).await.unwrap();
    world.store.admin_exists().await.unwrap();
    world.store.check_peppers([(1, "first".to_owned()), (2, "second".to_owned())].into()).await.unwrap();
    assert_refused!(world, world.store.create_account(world.operator(), world.new_account("ada", "user")), StoreError::Taken { .. });
    assert_eq!(world.image.told().times, times);
}

/// Each caller asks once and drops the future. What was done all the same, the follower has by the time that the next caller is answered.
async fn a_caller_that_goes_away_hides_nothing(world: &World) {
    let ada = world.person("ada", "user").await;
    let doomed = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    for _ in 0..32 {
        begin(world.account_key(ada.actor(), ada.id, 4));
    }
    begin(world.store.revoke_key(world.operator(), doomed, None, Cascade::Nothing, None));
    world.account("somebody else", "user").await;
    let consent = AccountChange { consent: Some(false), ..AccountChange::default() };
    begin(world.change(Actor::Operator, ada.id, consent));
    world.account("yet somebody else", "user").await;
    crate::check::all(world).await;
}

async fn callers_that_are_aborted_hide_nothing(world: &World) {
    for round in 0..10 {
        let ada = world.person(&format!("ada {round}"), "user").await;
        let mut callers = JoinSet::new();
        for number in 0..16 {
            let (store, origin, new) = (world.store.clone(), world.by(ada.actor()), world.new_account_key(ada.id, 4));
            callers.spawn(async move { store.issue_account_key(origin, new).await.map(drop) });
            if number % 4 == round % 4 {
                tokio::task::yield_now().await;
            }
        }
        callers.join_next().await.unwrap().unwrap().unwrap();
        callers.shutdown().await;
        world.account(&format!("bob {round}"), "user").await;
        crate::check::all(world).await;
    }
}

async fn who_is_refused_takes_nothing_of_others(world: &World) {
    world.account("taken", "user").await;
    let policy = world.policy("policy", &[]).await.id;
    let mut callers = JoinSet::new();
    for number in 0..60 {
        let (store, origin) = (world.store.clone(), world.operator());
        let new = world.new_account(&if number % 3 == 0 { "taken".into() } else { format!("name {number}") }, "user");
        let key = world.new_service_key(if number % 3 == 1 { "one name for all" } else { "another name" }, policy);
        callers.spawn(async move {
            let account = store.create_account(origin.clone(), new).await.is_ok();
            let key = store.issue_service_key(origin, key).await.is_ok();
            (account, key)
        });
    }
    let done = callers.join_all().await;
    assert_eq!(done.iter().filter(|(account, _)| *account).count(), 40);
    assert_eq!(done.iter().filter(|(_, key)| *key).count(), 2);
    assert_eq!(world.store.stats(world.now()).await.unwrap().accounts, [41, 0, 0]);
}
