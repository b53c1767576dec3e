//! Several nodes over one database: what was answered is in force on all of them, and whoever cannot know that does not answer.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use keybearer_core::account::Status;
use keybearer_core::key::Lifecycle;
use keybearer_core::role::{Level, Roles};
use keybearer_store::{
    AccountChange, Actor, Cascade, Changed, Consistency, Database, Follower, Membership, Messages, NewAccountKey, Node, PolicyChange,
    ServiceKeyChange, Store, StoreError,
};

use tokio::task::JoinSet;

use super::raw;
use crate::check;
use crate::follow::begin;
use crate::image::{Image, Told};
use crate::world::{World, set};

/// The most changes of a stream.
const MOST: u32 = 4_000;

/// Another process over the same database.
struct Other {
    store: Arc<dyn Store>,
    image: Arc<Image>,
}

impl Other {
    async fn joins(world: &World, name: &str, consistency: Consistency) -> Self {
        let image = Arc::new(Image::default());
        let store = opened(&world.database, name, consistency).await;
        store.follow(image.clone()).await.unwrap();
        image.told().is_loaded();
        image.told().leaps = true;
        Self { store, image }
    }
}

pub(super) async fn opened(database: &Database, name: &str, consistency: Consistency) -> Arc<dyn Store> {
    let membership = Membership { name: name.into(), address: "127.0.0.1:5000".into(), consistency, messages: Messages::Auto };
    opened_with(database, membership).await
}

pub(super) async fn opened_with(database: &Database, membership: Membership) -> Arc<dyn Store> {
    let store = database.open(Roles::default(), membership).await.unwrap();
    store.check_peppers([(1, "first".to_owned())].into()).await.unwrap();
    store
}

pub(super) async fn nodes(world: &World) -> Vec<Node> {
    world.store.cluster().await.unwrap().unwrap().nodes
}

#[tokio::test]
async fn every_kind_of_change_is_on_every_node_when_its_call_returns() {
    let world = World::postgres().await;
    let other = Other::joins(&world, "other", Consistency::Lease).await;
    let third = Other::joins(&world, "third", Consistency::Lease).await;
    let all = |has: &dyn Fn(&Told) -> bool| {
        for image in [&world.image, &other.image, &third.image] {
            assert!(has(&image.told()), "a node does not know yet");
        }
        for store in [&world.store, &other.store, &third.store] {
            assert!(store.is_in_force());
        }
    };
    world.shop().await;
    let ada = world.account("ada", "user").await;
    all(&|told| told.accounts[&ada.id] == ada);
    let ada = world.signed_in(ada.id).await;
    all(&|told| told.sessions.contains_key(&ada.session));
    let policy = world.policy("policy", &["shop:read"]).await.id;
    all(&|told| told.policies[&policy].permissions == set(&["shop:read"]));
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let service = world.service_key(Actor::Operator, "till", policy).await.unwrap().id;
    all(&|told| told.keys.contains_key(&key) && told.keys.contains_key(&service));
    // Whoever asks another node finds what the first one did, and the other way round.
    let change = PolicyChange { permissions: Some(set(&[])), ..PolicyChange::default() };
    other.store.change_policy(world.operator(), policy, change).await.unwrap();
    all(&|told| told.policies[&policy].permissions.is_empty());
    let to = third.store.create_policy(world.operator(), world.new_policy("to", &[])).await.unwrap().id;
    let change = ServiceKeyChange { policy: Some(to), ..ServiceKeyChange::default() };
    let holder = other.store.change_service_key(world.operator(), service, change, false).await.unwrap().holder;
    all(&|told| told.keys[&service].holder == holder);
    third.store.delete_policy(world.operator(), to, Cascade::Everything, None).await.unwrap();
    all(&|told| matches!(told.keys[&service].lifecycle, Lifecycle::Revoked { .. }));
    other.store.revoke_key(world.by(ada.actor()), key, None, Cascade::Nothing, None).await.unwrap();
    all(&|told| matches!(told.keys[&key].lifecycle, Lifecycle::Revoked { .. }));
    let second = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    third.store.change_account(world.by(ada.actor()), ada.id, locked()).await.unwrap();
    all(&|told| told.accounts[&ada.id].status == Status::Locked && told.sessions.is_empty());
    all(&|told| matches!(told.keys[&second].lifecycle, Lifecycle::Revoked { .. }));
    other.store.delete_account(world.operator(), ada.id, None, None).await.unwrap();
    all(&|told| told.accounts.is_empty() && told.faults.is_empty());
    assert_eq!(nodes(&world).await.iter().filter(|node| node.is_fenced).count(), 0);
    check::all(&world).await;
    world.end().await;
}

fn locked() -> AccountChange {
    AccountChange { status: Some(Status::Locked), ..AccountChange::default() }
}

/// A follower that can be kept from taking what it is told, as the image of a process that stands still.
#[derive(Default)]
pub(super) struct Stalled {
    image: Image,
    stalls: Mutex<bool>,
    goes_on: Condvar,
}

impl Stalled {
    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    pub(super) fn stall(&self, stalls: bool) {
        *self.stalls.lock().unwrap() = stalls;
        self.goes_on.notify_all();
    }
}

impl Follower for Stalled {
    fn apply(&self, changed: Changed) {
        drop(self.goes_on.wait_while(self.stalls.lock().unwrap(), |stalls| *stalls).unwrap());
        self.image.apply(changed);
    }
}

#[tokio::test]
async fn a_node_that_stands_still_delays_a_change_until_its_lease_is_over() {
    let world = World::postgres().await;
    let still = Arc::<Stalled>::default();
    let store = opened(&world.database, "still", Consistency::Lease).await;
    store.follow(still.clone()).await.unwrap();
    assert!(store.is_in_force());
    still.stall(true);
    let began = Instant::now();
    let ada = world.account("ada", "user").await.id;
    // It waited for the node, and no longer than until that one answers nobody from its image.
    assert!(!store.is_in_force(), "after {:?} it would still answer", began.elapsed());
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(matches!(store.confirm().await, Err(StoreError::Unavailable(_))), "it cannot know");
    let (fenced, well): (Vec<_>, Vec<_>) = nodes(&world).await.into_iter().partition(|node| node.is_fenced);
    assert_eq!((fenced.len(), fenced[0].name.as_str(), well.len()), (1, "still", 1));
    // Nobody waits for it a second time.
    let began = Instant::now();
    let bob = world.account("bob", "user").await.id;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // When it goes on, it joins anew, with the image that it has.
    still.stall(false);
    tokio::time::timeout(Duration::from_secs(20), async { while store.confirm().await.is_err() || !store.is_in_force() {} }).await.unwrap();
    assert!(still.image.told().accounts.contains_key(&ada) && still.image.told().accounts.contains_key(&bob));
    assert_eq!(nodes(&world).await.iter().filter(|node| node.name == "still" && !node.is_fenced).count(), 1);
    drop(store);
    world.end().await;
}

/// After a 503 people ask again, and take the answer that it is done already for the word that it is in force.
#[tokio::test]
async fn whoever_hears_that_it_is_done_already_waits_as_well() {
    let world = World::postgres().await;
    let still = Arc::<Stalled>::default();
    let store = opened(&world.database, "still", Consistency::Lease).await;
    store.follow(still.clone()).await.unwrap();
    let ada = world.account("ada", "user").await.id;
    still.stall(true);
    begin(world.store.delete_account(world.operator(), ada, None, None));
    let again = world.store.delete_account(world.operator(), ada, None, None).await;
    assert!(matches!(again, Err(StoreError::NotFound(_))), "{again:?}");
    assert!(!store.is_in_force(), "another node may still answer without it");
    still.stall(false);
    drop(store);
    world.end().await;
}

#[tokio::test]
async fn a_strict_node_is_not_waited_for_and_asks() {
    let world = World::postgres().await;
    let still = Arc::<Stalled>::default();
    let store = opened(&world.database, "strict", Consistency::Strict).await;
    store.follow(still.clone()).await.unwrap();
    assert!(!store.is_in_force(), "it answers nothing unasked");
    store.confirm().await.unwrap();
    still.stall(true);
    let began = Instant::now();
    let ada = world.account("ada", "user").await.id;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    still.stall(false);
    store.confirm().await.unwrap();
    assert!(still.image.told().accounts.contains_key(&ada));
    assert!(!store.is_in_force());
    drop(store);
    world.end().await;
}

#[tokio::test]
async fn a_node_that_leaves_delays_nobody_and_answers_nobody() {
    let world = World::postgres().await;
    let other = Other::joins(&world, "other", Consistency::Lease).await;
    assert_eq!(nodes(&world).await.len(), 2);
    other.store.leave().await;
    assert!(!other.store.is_in_force());
    assert_eq!(nodes(&world).await.len(), 1);
    let began = Instant::now();
    world.account("ada", "user").await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(other);
    world.end().await;
}

#[tokio::test]
async fn a_database_that_was_put_back_is_served_by_nobody() {
    let world = World::postgres().await;
    let other = Other::joins(&world, "other", Consistency::Lease).await;
    world.account("ada", "user").await;
    raw(&world).await.batch_execute("UPDATE counter SET revision = 0").await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        while other.store.is_in_force() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let told = other.store.confirm().await.unwrap_err().to_string();
    assert!(told.contains("earlier state"), "{told}");
    assert!(other.store.ping().await.is_err());
    drop(other);
    world.end().await;
}

/// Also to those who were the first to ask, and so had it found.
#[tokio::test]
async fn whoever_finds_that_a_database_was_put_back_is_told_so() {
    let world = World::postgres().await;
    let other = Other::joins(&world, "strict", Consistency::Strict).await;
    world.account("ada", "user").await;
    other.store.confirm().await.unwrap();
    raw(&world).await.batch_execute("UPDATE counter SET revision = 0").await.unwrap();
    let told = other.store.confirm().await.unwrap_err().to_string();
    assert!(told.contains("earlier state"), "{told}");
    drop(other);
    world.end().await;
}

#[tokio::test]
async fn nodes_with_different_tables_of_roles_do_not_serve_together() {
    let world = World::postgres().await;
    let roles = Roles::default().with("auditor", Level::new(8).unwrap()).unwrap();
    let store = world.database.open(roles, Membership::default()).await.unwrap();
    let refused = store.follow(Arc::<Image>::default()).await;
    assert!(matches!(refused, Err(StoreError::OtherRoles(_))), "{refused:?}");
    drop(store);
    world.end().await;
}

#[tokio::test]
async fn a_node_joins_although_the_counter_is_held_for_longer_than_a_heartbeat_waits() {
    let world = World::postgres().await;
    let holder = raw(&world).await;
    holder.batch_execute("BEGIN; SELECT revision FROM counter FOR UPDATE").await.unwrap();
    let began = Instant::now();
    let (other, ()) = tokio::join!(Other::joins(&world, "other", Consistency::Lease), async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        holder.batch_execute("ROLLBACK").await.unwrap();
    });
    assert!(began.elapsed() >= Duration::from_millis(2_500), "it did not wait for the counter");
    assert!(other.store.is_in_force());
    assert_eq!(nodes(&world).await.len(), 2);
}

#[tokio::test]
async fn a_stream_of_changes_does_not_starve_the_lease() {
    let world = World::postgres().await;
    let other = Other::joins(&world, "other", Consistency::Lease).await;
    let in_force = |changes| assert!(other.store.is_in_force() && world.store.is_in_force(), "after {changes} changes");
    let until = Instant::now() + Duration::from_secs(4);
    let mut changes = 0;
    while Instant::now() < until {
        world.account(&format!("person {changes}"), "user").await;
        changes += 1;
        in_force(changes);
    }
    assert!(changes > 50, "{changes} changes are no stream");
    assert_eq!(other.image.told().accounts.len(), changes);
    // Of most of these, no node looks up what they did.
    let ada = world.account("ada", "user").await.id;
    let mut keys = JoinSet::new();
    for _ in 0..MOST {
        let new = NewAccountKey { max_per_account: MOST, ..world.new_account_key(ada, 0) };
        let (store, origin) = (world.store.clone(), world.operator());
        keys.spawn(async move { store.issue_account_key(origin, new).await.unwrap().id });
    }
    let keys = keys.join_all().await;
    let until = Instant::now() + Duration::from_secs(4);
    for id in keys.into_iter().take_while(|_| Instant::now() < until) {
        world.store.revoke_key(world.operator(), id, None, Cascade::Nothing, None).await.unwrap();
        changes += 1;
        in_force(changes);
    }
    drop(other);
    world.end().await;
}

/// Of what was written while the database was away, nobody says that it is in force.
#[tokio::test]
async fn uses_of_two_nodes_do_not_replace_each_other() {
    let world = World::postgres().await;
    let other = Other::joins(&world, "other", Consistency::Lease).await;
    let ada = world.account("ada", "user").await.id;
    let first = world.account_key(Actor::Operator, ada, 4).await.unwrap().id;
    let second = world.account_key(Actor::Operator, ada, 4).await.unwrap().id;
    world.store.record_use(vec![], vec![(first, world.now())]).await.unwrap();
    other.store.record_use(vec![], vec![(second, world.now())]).await.unwrap();
    drop(other);
    let world = world.restarted().await;
    for key in [first, second] {
        assert_eq!(world.store.key(key).await.unwrap().last_used_at, Some(world.now()));
    }
    world.end().await;
}
