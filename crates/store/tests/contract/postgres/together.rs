//! Keys that are made together.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use keybearer_core::token::KeyId;
use keybearer_store::{Actor, Cascade, EventFilter, Key, NewAccountKey, NewServiceKey, StoreError};

use super::{Groups, raw};
use crate::check;
use crate::follow::begin;
use crate::world::{World, first};

type Asked<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// Has all of these wait together, in this order, behind a change that somebody keeps waiting.
async fn together<T>(world: &World, mut asked: Vec<Asked<T>>) -> Vec<Result<T, StoreError>> {
    let mut other = raw(world).await;
    let held = other.transaction().await.unwrap();
    held.batch_execute("SELECT revision FROM counter FOR UPDATE").await.unwrap();
    begin(world.store.create_account(world.operator(), world.new_account(&format!("first {:?}", world.now()), "user")));
    world.pass(1);
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while super::count(world, waits).await == 0 {
        tokio::task::yield_now().await;
    }
    for future in &mut asked {
        let _ = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    assert_eq!(world.store.waiting(), asked.len());
    held.rollback().await.unwrap();
    let mut answers = Vec::new();
    for future in asked {
        answers.push(future.await);
    }
    answers
}

fn service_key(world: &World, by: Actor, new: NewServiceKey) -> Asked<Key> {
    let (store, origin) = (world.store.clone(), world.by(by));
    Box::pin(async move { store.issue_service_key(origin, new).await })
}

fn account_key(world: &World, by: Actor, new: NewAccountKey) -> Asked<Key> {
    let (store, origin) = (world.store.clone(), world.by(by));
    Box::pin(async move { store.issue_account_key(origin, new).await })
}

fn ids(answers: &[Result<Key, StoreError>]) -> Vec<Option<KeyId>> {
    answers.iter().map(|answer| answer.as_ref().ok().map(|key| key.id)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_judged_by_those_before_it() {
    let world = World::postgres().await;
    let groups = Arc::<Groups>::default();
    world.store.watch(groups.clone());
    let (ada, bob) = (world.person("ada", "user").await, world.person("bob", "user").await);
    let policy = world.policy("till", &[]).await.id;
    let maker = world.service("maker", &["keybearer:keys.write"]).await.id;
    let two = || NewAccountKey { max_per_account: 2, ..world.new_account_key(ada.id, 4) };
    let short = NewAccountKey { expires_at: world.now().plus(1), ..two() };
    let by_maker = world.new_service_key("by the maker", policy);
    let twice = world.new_service_key("other", policy);
    let same_id = NewServiceKey { key: keybearer_store::NewKey { id: twice.key.id, ..world.new_key("another") }, ..twice.clone() };
    let answers = together(
        &world,
        vec![
            account_key(&world, ada.actor(), short),
            service_key(&world, Actor::Operator, world.new_service_key("one", policy)),
            service_key(&world, Actor::Operator, world.new_service_key("ONE", policy)),
            account_key(&world, ada.actor(), two()),
            account_key(&world, ada.actor(), two()),
            account_key(&world, bob.actor(), world.new_account_key(ada.id, 1)),
            account_key(&world, bob.actor(), world.new_account_key(bob.id, 1)),
            service_key(&world, Actor::Key(maker), by_maker.clone()),
            service_key(&world, Actor::Operator, twice),
            service_key(&world, Actor::Operator, same_id),
            service_key(&world, Actor::Key(by_maker.key.id), world.new_service_key("by a key without permissions", policy)),
        ],
    )
    .await;
    let told: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|key| key.name.as_str())).collect();
    assert!(
        matches!(
            told[..],
            [
                Ok("laptop"),
                Ok("one"),
                Err(StoreError::Taken { field: "name", .. }),
                Ok("laptop"),
                Err(StoreError::TooManyKeys { max: 2 }),
                Err(StoreError::Refused(_)),
                Ok("laptop"),
                Ok("by the maker"),
                Ok("other"),
                Err(StoreError::Taken { .. }),
                Err(StoreError::ActorGone),
            ]
        ),
        "{told:?}"
    );
    assert_eq!(*groups.0.lock().unwrap().last().unwrap(), answers.len(), "all in one group");
    // Their events are in the order in which they came.
    let events = world.store.events(EventFilter { action: Some("key.created".into()), ..EventFilter::default() }, first(50)).await.unwrap();
    let mut made: Vec<_> = events.items.iter().map(|event| (event.revision, event.target.clone())).collect();
    made.sort_unstable();
    let made: Vec<_> = made.into_iter().map(|(_, target)| target).skip(1).collect();
    let wanted: Vec<_> = ids(&answers).into_iter().flatten().map(|id| format!("key:{id}")).collect();
    assert_eq!(made, wanted);
    check::all(&world).await;
    world.end().await;
}

/// What is no creation keeps its place among them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_between_them_divides_them() {
    let world = World::postgres().await;
    let policy = world.policy("till", &["keybearer:keys.write"]).await.id;
    let maker = world.service_key(Actor::Operator, "maker", policy).await.unwrap().id;
    let revoke = |id| -> Asked<Option<Key>> {
        let (store, origin) = (world.store.clone(), world.operator());
        Box::pin(async move { store.revoke_key(origin, id, None, Cascade::Nothing, None).await.map(|_| None) })
    };
    let make = |by, name: &str| -> Asked<Option<Key>> {
        let made = service_key(&world, by, world.new_service_key(name, policy));
        Box::pin(async move { made.await.map(Some) })
    };
    let ask = vec![
        make(Actor::Key(maker), "before"),
        make(Actor::Operator, "other"),
        revoke(maker),
        make(Actor::Key(maker), "after"),
        make(Actor::Operator, "maker"),
        revoke(maker),
        make(Actor::Operator, "before"),
    ];
    let answers = together(&world, ask).await;
    let told: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|key| key.as_ref().map(|key| key.name.as_str()))).collect();
    assert!(
        matches!(
            told[..],
            [
                Ok(Some("before")),
                Ok(Some("other")),
                Ok(None),
                Err(StoreError::ActorGone),
                Ok(Some("maker")),
                Err(StoreError::NotFound(_)),
                Err(StoreError::Taken { .. }),
            ]
        ),
        "{told:?}"
    );
    check::all(&world).await;
    world.end().await;
}

/// A statement that fails takes along all that was written with it; but each is tried again without the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_fails_takes_nothing_of_others_with_it() {
    let world = World::postgres().await;
    let policy = world.policy("till", &[]).await.id;
    let poison = "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;
                  CREATE TRIGGER poison BEFORE INSERT ON keys FOR EACH ROW WHEN (NEW.name = 'poison') EXECUTE FUNCTION poison()";
    raw(&world).await.batch_execute(poison).await.unwrap();
    let make = |name: &str| service_key(&world, Actor::Operator, world.new_service_key(name, policy));
    let names = |answers: &[Result<Key, StoreError>]| -> Vec<String> {
        let name = |answer: &Result<Key, StoreError>| match answer {
            Ok(key) => key.name.clone(),
            Err(StoreError::Unavailable(why)) if why.contains("poisoned") => "failed".to_owned(),
            Err(error) => error.to_string(),
        };
        answers.iter().map(name).collect()
    };
    // Nothing but creations.
    let answers = together(&world, vec![make("a"), make("poison"), make("b")]).await;
    assert_eq!(names(&answers), ["a", "failed", "b"]);
    check::all(&world).await;
    // Among other changes, which are not made twice.
    let account = |name: &str| -> Asked<Key> {
        let (store, origin, new) = (world.store.clone(), world.operator(), world.new_account(name, "user"));
        Box::pin(async move { store.create_account(origin, new).await.and(Err(StoreError::LastAdmin)) })
    };
    let answers = together(&world, vec![account("ada"), make("c"), make("poison"), make("d"), account("bob"), make("e"), make("f")]).await;
    let done = StoreError::LastAdmin.to_string();
    assert_eq!(names(&answers), [&done, "c", "failed", "d", &done, "e", "f"]);
    assert_eq!(super::count(&world, "SELECT count(*) FROM keys WHERE name = 'poison'").await, 0);
    check::all(&world).await;
    // One alone, and whoever comes next.
    assert!(matches!(make("poison").await, Err(StoreError::Unavailable(_))));
    make("g").await.unwrap();
    check::all(&world).await;
    world.end().await;
}
