//! Peppers: a node that could not prove stored keys does not begin. And whether the store answers at all.

use keybearer_core::token::PepperVersion;
use keybearer_store::{Actor, Cascade, StoreError};

use crate::world::World;

on_every_engine!(a_pepper_in_use_must_be_held, a_pepper_must_be_the_same, a_refused_check_notes_nothing, the_store_answers);

async fn check(world: &World, held: &[(PepperVersion, &str)]) -> Result<(), StoreError> {
    world.store.check_peppers(held.iter().map(|(version, fingerprint)| (*version, (*fingerprint).to_owned())).collect()).await
}

async fn a_pepper_in_use_must_be_held(world: &World) {
    // Known, but not in use yet.
    check(world, &[(2, "second")]).await.unwrap();
    let ada = world.person("ada", "user").await;
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    assert_refused!(world, check(world, &[(2, "second")]), StoreError::Pepper { version: 1, .. });
    assert_refused!(world, check(world, &[]), StoreError::Pepper { version: 1, .. });
    check(world, &[(1, "first")]).await.unwrap();
    // A revoked key is still proved, to whoever presents it.
    world.store.revoke_key(world.by(Actor::Operator), key.id, None, Cascade::Nothing, None).await.unwrap();
    assert_refused!(world, check(world, &[(2, "second")]), StoreError::Pepper { version: 1, .. });
}

async fn a_pepper_must_be_the_same(world: &World) {
    // Even before it was used: some other node may use it.
    assert_refused!(world, check(world, &[(1, "another")]), StoreError::Pepper { version: 1, .. });
    check(world, &[(1, "first"), (2, "second")]).await.unwrap();
    assert_refused!(world, check(world, &[(1, "first"), (2, "another")]), StoreError::Pepper { version: 2, .. });
}

async fn a_refused_check_notes_nothing(world: &World) {
    assert_refused!(world, check(world, &[(1, "another"), (2, "second")]), StoreError::Pepper { version: 1, .. });
    check(world, &[(1, "first"), (2, "not second")]).await.unwrap();
}

async fn the_store_answers(world: &World) {
    world.store.ping().await.unwrap();
}
