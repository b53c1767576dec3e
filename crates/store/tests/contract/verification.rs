//! The numbers of verifications, minute by minute.

use keybearer_core::decision::Outcome;
use keybearer_core::time::UnixMillis;
use keybearer_store::{Answered, MINUTE};

use crate::check::events;
use crate::world::World;

on_every_engine!(counts_are_added_up_by_minute, steps_are_summed_and_bounded, old_minutes_are_forgotten, no_event_tells_of_them,);

/// The beginning of a day.
const DAWN: UnixMillis = UnixMillis(20_000 * 24 * 60 * MINUTE);

fn answered(minutes: i64, outcome: Outcome, count: u64) -> Answered {
    Answered { at: DAWN.plus(minutes * MINUTE), outcome, count }
}

async fn kept(world: &World, minutes: std::ops::Range<i64>, step: i64) -> Vec<Answered> {
    let at = |minutes: i64| DAWN.plus(minutes * MINUTE);
    world.store.verifications(at(minutes.start), at(minutes.end), step * MINUTE).await.unwrap()
}

async fn counts_are_added_up_by_minute(world: &World) {
    assert_eq!(kept(world, 0..60, 1).await, []);
    let late = Answered { at: DAWN.plus(3 * MINUTE - 1), ..answered(0, Outcome::Valid, 4) };
    world.store.count_verifications(vec![answered(2, Outcome::Valid, 3), answered(2, Outcome::Expired, 1)]).await.unwrap();
    world.store.count_verifications(vec![late, answered(3, Outcome::Revoked, 9), answered(4, Outcome::Revoked, 0)]).await.unwrap();
    let all = [answered(2, Outcome::Expired, 1), answered(2, Outcome::Valid, 7), answered(3, Outcome::Revoked, 9)];
    assert_eq!(kept(world, 0..60, 1).await, all);
    for outcome in Outcome::ALL {
        world.store.count_verifications(vec![answered(9, outcome, 1)]).await.unwrap();
    }
    assert_eq!(kept(world, 9..10, 1).await.len(), Outcome::ALL.len());
}

async fn steps_are_summed_and_bounded(world: &World) {
    let counts = (0..60).map(|minute| answered(minute, Outcome::NotFound, 1)).collect();
    world.store.count_verifications(counts).await.unwrap();
    let halves = [answered(0, Outcome::NotFound, 30), answered(30, Outcome::NotFound, 30)];
    assert_eq!(kept(world, 0..60, 30).await, halves);
    assert_eq!(kept(world, 20..45, 30).await, [answered(0, Outcome::NotFound, 10), answered(30, Outcome::NotFound, 15)]);
    let inside = world.store.verifications(DAWN.plus(MINUTE + 1), DAWN.plus(2 * MINUTE + 1), MINUTE).await.unwrap();
    assert_eq!(inside, [answered(1, Outcome::NotFound, 1), answered(2, Outcome::NotFound, 1)], "a minute that has begun counts whole");
    assert_eq!(kept(world, 60..120, 30).await, []);
}

async fn old_minutes_are_forgotten(world: &World) {
    world.store.count_verifications((0..4).map(|minute| answered(minute, Outcome::Valid, 1)).collect()).await.unwrap();
    world.store.forget_verifications(DAWN.plus(2 * MINUTE)).await.unwrap();
    assert_eq!(kept(world, 0..60, 1).await, [answered(2, Outcome::Valid, 1), answered(3, Outcome::Valid, 1)]);
}

async fn no_event_tells_of_them(world: &World) {
    world.account("ada", "user").await;
    let before = events(world).await.len();
    world.store.count_verifications(vec![answered(0, Outcome::Valid, 1)]).await.unwrap();
    world.store.forget_verifications(DAWN.plus(MINUTE)).await.unwrap();
    assert_eq!(events(world).await.len(), before);
    assert_eq!(kept(world, 0..60, 1).await, []);
}
