//! What is asked of the nodes: many short lives of keys, policies, accounts and sessions, at once.
//!
//! Every life makes its own things, changes them, and ends with a change that has no way back. So each history is short, and it is checked
//! and forgotten when the life is over.

mod accounts;
mod keys;
mod policies;
mod question;
mod races;
mod sessions;
mod thing;
mod world;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;

pub(crate) use self::world::{Start, World, WorldError};

/// Lives at once, besides those of the hot policies.
const LIVES: usize = 24;
/// Policies that are changed again and again.
const HOT: usize = 2;
/// Between two lives of the same worker, at most.
const REST: Duration = Duration::from_millis(300);

/// Lives until the world is closing, and then until the last history is checked.
pub(crate) async fn run(world: Arc<World>, seed: u64) {
    let mut workers = JoinSet::new();
    for number in 0..HOT {
        let mut random = Rng::with_seed(seed.wrapping_add(1_000 + number as u64));
        let world = Arc::clone(&world);
        workers.spawn(async move {
            while !world.closing() {
                policies::hot(&world, &mut random).await;
            }
        });
    }
    for number in 0..LIVES {
        let mut random = Rng::with_seed(seed.wrapping_add(2_000 + number as u64));
        let world = Arc::clone(&world);
        workers.spawn(async move {
            while !world.closing() {
                live(&world, &mut random).await;
                world::rest(&mut random, REST).await;
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            world.report.wrong(&format!("a part of the workload ended: {error}"));
        }
    }
    world.all_checked().await;
}

async fn live(world: &Arc<World>, random: &mut Rng) {
    match random.u8(0..100) {
        0..50 => keys::made_verified_revoked(world, random).await,
        50..62 => keys::pointed_elsewhere(world, random).await,
        62..78 => accounts::lose_their_keys(world, random).await,
        78..82 => sessions::end_in_time(world, random).await,
        82..91 => races::key_and_downgrade(world, random).await,
        _ => races::key_and_deletion(world, random).await,
    }
}
