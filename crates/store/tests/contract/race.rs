//! Many makers of keys against one change that ends them all: no live key is left behind, whoever comes first.

use keybearer_core::account::Status;
use keybearer_core::key::Lifecycle;
use keybearer_core::policy::PolicyId;
use keybearer_core::token::KeyId;
use keybearer_store::{AccountChange, Actor, Cascade, Key, KeyFilter, KeySort, KeyStateFilter, StoreError};
use tokio::task::JoinSet;

use crate::world::{Person, World, first};

on_every_engine!(
    makers_against_a_downgrade,
    makers_against_a_block,
    makers_against_a_lock,
    makers_against_a_withdrawal_of_consent,
    makers_against_the_deletion_of_the_account,
    makers_against_the_deletion_of_the_policy,
    makers_against_the_revocation_of_their_maker,
);

const ROUNDS: usize = 4;
const MAKERS: usize = 64;

/// Runs the change in the midst of the makers, and returns the keys that were made.
async fn race(
    makers: impl Fn(usize) -> std::pin::Pin<Box<dyn Future<Output = Result<Key, StoreError>> + Send>>,
    change: impl Future<Output = ()> + Send + 'static,
) -> Vec<KeyId> {
    let mut made = vec![makers(0).await.unwrap().id];
    let mut race = JoinSet::new();
    let mut change = Some(change);
    for number in 1..MAKERS {
        if number == MAKERS / 2
            && let Some(change) = change.take()
        {
            race.spawn(async move {
                change.await;
                None
            });
        }
        let maker = makers(number);
        race.spawn(async move { maker.await.ok().map(|key| key.id) });
    }
    made.extend(race.join_all().await.into_iter().flatten());
    assert!(makers(MAKERS).await.is_err(), "who comes after the change makes nothing");
    made
}

async fn assert_all_revoked(world: &World, made: &[KeyId], filter: KeyFilter) {
    let live = KeyFilter { state: Some(KeyStateFilter::NotRevoked), ..filter };
    let live = world.store.keys(live, (KeySort::Created, false), world.now(), first(200)).await.unwrap();
    assert!(live.items.is_empty(), "{} keys outlived it", live.items.len());
    for id in made {
        assert!(matches!(world.store.key(*id).await.unwrap().lifecycle, Lifecycle::Revoked { .. }));
        assert!(matches!(world.image.told().keys[id].lifecycle, Lifecycle::Revoked { .. }));
    }
}

/// The holder, a key of the holder and an administrator all make keys of level 5 for the holder, until `change` is done.
async fn against(world: &World, change: AccountChange, undo: AccountChange) {
    let root = world.person("root", "admin").await;
    for round in 0..ROUNDS {
        let holder = world.person(&format!("holder {round}"), "bughunter").await;
        let made = race_for_keys_of(world, root, holder, {
            let (store, origin, change) = (world.store.clone(), world.by(root.actor()), change.clone());
            async move { assert!(store.change_account(origin, holder.id, change).await.is_ok()) }
        })
        .await;
        let filter = KeyFilter { owner: Some(holder.id), ..KeyFilter::default() };
        assert_all_revoked(world, &made, filter.clone()).await;
        assert!(world.store.sessions(holder.id, world.now()).await.unwrap().is_empty());
        world.change(root.actor(), holder.id, undo.clone()).await.unwrap();
        assert_all_revoked(world, &made, filter).await;
    }
}

async fn race_for_keys_of(world: &World, root: Person, holder: Person, change: impl Future<Output = ()> + Send + 'static) -> Vec<KeyId> {
    let key = world.account_key(holder.actor(), holder.id, 5).await.unwrap().id;
    let makers = |number: usize| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
        let by = [holder.actor(), root.actor(), Actor::Key(key)][number % 3];
        let (store, origin, new) = (world.store.clone(), world.by(by), world.new_account_key(holder.id, 5));
        Box::pin(async move { store.issue_account_key(origin, new).await })
    };
    race(makers, change).await
}

async fn makers_against_a_downgrade(world: &World) {
    let role = |role: &str| AccountChange { role: Some(role.into()), ..AccountChange::default() };
    against(world, role("user"), role("bughunter")).await;
}

fn status(status: Status) -> AccountChange {
    AccountChange { status: Some(status), ..AccountChange::default() }
}

async fn makers_against_a_block(world: &World) {
    against(world, status(Status::Blocked), status(Status::Active)).await;
}

async fn makers_against_a_lock(world: &World) {
    against(world, status(Status::Locked), status(Status::Active)).await;
}

async fn makers_against_a_withdrawal_of_consent(world: &World) {
    let consent = |consent| AccountChange { consent: Some(consent), ..AccountChange::default() };
    against(world, consent(false), consent(true)).await;
}

async fn makers_against_the_deletion_of_the_account(world: &World) {
    let root = world.person("root", "admin").await;
    for round in 0..ROUNDS {
        let holder = world.person(&format!("holder {round}"), "bughunter").await;
        let (store, origin) = (world.store.clone(), world.by(root.actor()));
        let change = async move { assert!(store.delete_account(origin, holder.id, None, None).await.is_ok()) };
        let made = race_for_keys_of(world, root, holder, change).await;
        assert_all_revoked(world, &made, KeyFilter { owner: Some(holder.id), ..KeyFilter::default() }).await;
    }
}

/// An administrator and a service key make keys of a policy.
fn makers_of_service_keys(
    world: &World,
    by: [Actor; 2],
    policy: PolicyId,
) -> impl Fn(usize) -> std::pin::Pin<Box<dyn Future<Output = Result<Key, StoreError>> + Send>> {
    move |number| {
        let new = world.new_service_key("", policy);
        let name = format!("key {}", new.key.id);
        let key = keybearer_store::NewKey { name: name.clone(), name_key: name, ..new.key };
        let new = keybearer_store::NewServiceKey { key, ..new };
        let (store, origin) = (world.store.clone(), world.by(by[number % 2]));
        Box::pin(async move { store.issue_service_key(origin, new).await })
    }
}

async fn makers_against_the_deletion_of_the_policy(world: &World) {
    let root = world.person("root", "admin").await;
    let writer = world.service("writer", &["keybearer:keys.write"]).await.id;
    for round in 0..ROUNDS {
        let policy = world.policy(&format!("policy {round}"), &["keybearer:keys.write"]).await.id;
        let (store, origin) = (world.store.clone(), world.by(root.actor()));
        let change = async move { assert!(store.delete_policy(origin, policy, Cascade::Everything, None).await.is_ok()) };
        let made = race(makers_of_service_keys(world, [root.actor(), Actor::Key(writer)], policy), change).await;
        assert_all_revoked(world, &made, KeyFilter { policy: Some(policy), ..KeyFilter::default() }).await;
        world.policy(&format!("policy {round}"), &[]).await;
    }
}

async fn makers_against_the_revocation_of_their_maker(world: &World) {
    let root = world.person("root", "admin").await;
    for round in 0..ROUNDS {
        let policy = world.policy(&format!("policy {round}"), &["keybearer:keys.write"]).await.id;
        let maker = world.service_key(root.actor(), &format!("maker {round}"), policy).await.unwrap().id;
        let (store, origin) = (world.store.clone(), world.by(root.actor()));
        let change = async move { assert!(store.revoke_key(origin, maker, None, Cascade::Everything, None).await.is_ok()) };
        let made = race(makers_of_service_keys(world, [Actor::Key(maker); 2], policy), change).await;
        assert_all_revoked(world, &made, KeyFilter { policy: Some(policy), ..KeyFilter::default() }).await;
    }
}
