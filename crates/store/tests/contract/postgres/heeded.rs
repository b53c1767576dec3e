//! Revocations that are told of before they are committed: done as soon as they are, and nobody answers without them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keybearer_core::token::KeyId;
use keybearer_store::{AccountChange, Cascade, Consistency, Key, Store, StoreError};

use super::foreseen::{foreseen, is_revoked, ready};
use super::nodes::{Stalled, nodes, opened};
use super::raw;
use crate::world::{Person, World};

const PATIENCE: Duration = Duration::from_secs(60);

/// A node to which another one foretells what it revokes.
struct Heeding {
    world: World,
    root: Person,
    store: Arc<dyn Store>,
    image: Arc<Stalled>,
}

impl Heeding {
    async fn begin() -> Self {
        let (world, root) = ready().await;
        let image = Arc::<Stalled>::default();
        let store = opened(&world.database, "heeding", Consistency::Lease).await;
        store.follow(image.clone()).await.unwrap();
        let heeding = Self { world, root, store, image };
        // Until both know where the other one hears messages.
        let until = Instant::now() + PATIENCE;
        loop {
            let key = heeding.key().await;
            heeding.image.stall(true);
            let (store, origin, foreseen) =
                (heeding.world.store.clone(), heeding.world.by(heeding.root.actor()), foreseen(&heeding.world, &key));
            let revoking = tokio::spawn(async move { store.revoke_key(origin, key.id, None, Cascade::Nothing, Some(foreseen)).await });
            tokio::time::sleep(Duration::from_millis(50)).await;
            let is_done = revoking.is_finished();
            heeding.image.stall(false);
            assert_eq!(revoking.await.unwrap().unwrap(), [key.id]);
            heeding.until(|| heeding.store.is_in_force()).await;
            assert!(heeding.has_revoked(key.id));
            if is_done {
                return heeding;
            }
            assert!(Instant::now() < until, "nothing is foretold");
        }
    }

    async fn key(&self) -> Key {
        self.world.account_key(self.root.actor(), self.root.id, 0).await.unwrap()
    }

    /// Whether its image has it.
    fn has_revoked(&self, id: KeyId) -> bool {
        self.image.image().told().keys[&id].lifecycle.is_revoked()
    }

    async fn until(&self, is: impl Fn() -> bool) {
        let wait = async {
            while !is() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    async fn end(self) {
        drop(self.store);
        self.world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_done_once_it_is_heeded_and_the_key_is_asked_about_until_it_is_held() {
    let heeding = Heeding::begin().await;
    let (key, another) = (heeding.key().await, heeding.key().await);
    heeding.image.stall(true);
    let (store, origin, foreseen) = (&heeding.world.store, heeding.world.by(heeding.root.actor()), foreseen(&heeding.world, &key));
    assert_eq!(store.revoke_key(origin, key.id, None, Cascade::Nothing, Some(foreseen)).await.unwrap(), [key.id]);
    // Its lease goes on, and its image does not know.
    assert!(!heeding.has_revoked(key.id));
    assert!(!heeding.store.are_in_force(&[another.id, key.id]), "it would answer by what was before");
    assert!(!heeding.store.is_in_force(), "whoever does not say which keys are in question may mean this one");
    assert!(heeding.store.are_in_force(&[another.id]), "nobody changed that key");
    assert!(nodes(&heeding.world).await.iter().all(|node| !node.is_fenced), "it is waited for as others are");
    heeding.image.stall(false);
    heeding.store.confirm().await.unwrap();
    assert!(heeding.has_revoked(key.id));
    heeding.until(|| heeding.store.is_in_force() && heeding.store.are_in_force(&[key.id])).await;
    heeding.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_foretold_and_not_done_is_asked_about_until_another_change_is() {
    let heeding = Heeding::begin().await;
    let root = &heeding.root;
    heeding.world.account("second", "admin").await;
    let ada = heeding.world.person("ada", "user").await;
    let key = heeding.world.account_key(ada.actor(), ada.id, 0).await.unwrap();
    let another = heeding.key().await;
    heeding.until(|| heeding.store.is_in_force()).await;

    let mut beside = raw(&heeding.world).await;
    let held = beside.transaction().await.unwrap();
    held.batch_execute("SELECT revision FROM counter FOR UPDATE").await.unwrap();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let (store, origin, id) = (heeding.store.clone(), heeding.world.operator(), root.id);
    let demoting = tokio::spawn(async move {
        let demoted = AccountChange { role: Some("user".into()), ..AccountChange::default() };
        store.change_account(origin, id, demoted).await
    });
    while super::count(&heeding.world, waits).await < 1 {}
    let (store, origin, foreseen) = (heeding.world.store.clone(), heeding.world.by(root.actor()), foreseen(&heeding.world, &key));
    let revoking = tokio::spawn(async move { store.revoke_key(origin, key.id, None, Cascade::Nothing, Some(foreseen)).await });
    heeding.until(|| !heeding.store.are_in_force(&[key.id])).await;
    // A look ends no doubt: the change may come after it.
    heeding.store.confirm().await.unwrap();
    assert!(!heeding.store.are_in_force(&[key.id]) && !heeding.has_revoked(key.id));
    assert!(heeding.store.are_in_force(&[another.id]));
    held.rollback().await.unwrap();

    demoting.await.unwrap().unwrap();
    let refused = revoking.await.unwrap();
    assert!(matches!(refused, Err(StoreError::ActorGone | StoreError::Refused(_))), "{refused:?}");
    heeding.until(|| heeding.store.are_in_force(&[key.id]) && heeding.store.is_in_force()).await;
    assert!(!is_revoked(&heeding.world, key.id).await && !heeding.has_revoked(key.id));
    heeding.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_is_done_though_its_own_node_has_yet_to_take_it_over() {
    let (world, root) = ready().await;
    let image = Arc::<Stalled>::default();
    let store = opened(&world.database, "maker", Consistency::Lease).await;
    store.follow(image.clone()).await.unwrap();
    let until = Instant::now() + PATIENCE;
    let (key, another) = loop {
        let [key, another] = [world.account_key(root.actor(), root.id, 0).await, world.account_key(root.actor(), root.id, 0).await];
        let (key, another) = (key.unwrap(), another.unwrap());
        store.confirm().await.unwrap();
        let (origin, foreseen, maker) = (world.by(root.actor()), foreseen(&world, &key), store.clone());
        image.stall(true);
        let revoking = tokio::spawn(async move { maker.revoke_key(origin, key.id, None, Cascade::Nothing, Some(foreseen)).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        if revoking.is_finished() {
            assert_eq!(revoking.await.unwrap().unwrap(), [key.id]);
            break (key.id, another.id);
        }
        image.stall(false);
        revoking.await.unwrap().unwrap();
        assert!(Instant::now() < until, "it is waited for");
    };
    let has_revoked = || image.image().told().keys[&key].lifecycle.is_revoked();
    assert!(!has_revoked() && is_revoked(&world, key).await);
    assert!(!store.are_in_force(&[key]) && !store.is_in_force(), "it would answer by what was before");
    assert!(store.are_in_force(&[another]), "nobody changed that key");
    image.stall(false);
    store.confirm().await.unwrap();
    assert!(has_revoked() && store.is_in_force() && store.are_in_force(&[key]));
    drop(store);
    world.end().await;
}
