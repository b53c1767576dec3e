//! A disk without room: changes are refused as such, none is half there, and all goes on once there is room.

use std::collections::BTreeSet;
use std::sync::Arc;

use keybearer_core::account::AccountId;
use keybearer_store::{Account, Cascade, NewAccount, StoreError};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::check;
use crate::small_disk::SmallDisk;
use crate::world::{World, metadata};

const CYCLES: usize = 20;
/// The most changes until the disk must be full: more than the log of SQLite has room for where it is overwritten.
const ENOUGH: usize = 3_000;

/// Makes accounts that take room, all at once.
async fn create(world: &World, names: impl IntoIterator<Item = String>) -> Vec<Result<Account, StoreError>> {
    let mut asked = JoinSet::new();
    for name in names {
        let new = NewAccount { metadata: metadata("stuff", &"x".repeat(4_000)), ..world.new_account(&name, "user") };
        let (store, origin) = (Arc::clone(&world.store), world.operator());
        asked.spawn(async move { store.create_account(origin, new).await });
    }
    asked.join_all().await
}

fn assert_intact(world: &World) {
    let connection = Connection::open(world.place.path().join("keybearer.db")).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_harms_nothing() {
    let Some(disk) = SmallDisk::own_or_rerun("disk_full::a_full_disk_refuses_changes_and_harms_nothing", 40) else { return };
    let world = World::sqlite().await;
    let ada = world.person("ada", "admin").await;
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let mut made: BTreeSet<AccountId> = [ada.id].into();
    let (mut refused, mut midway) = (0, 0);
    for cycle in 0..CYCLES {
        // Sometimes not one page is left, sometimes the disk is full in the midst of a group, sometimes of one change.
        disk.fill([0, 700_000, 5_000][cycle % 3]);
        let mut tried = 0;
        while tried < ENOUGH {
            let together = if cycle % 2 == 0 { 300 } else { 1 };
            let answers = create(&world, (tried..tried + together).map(|n| format!("cycle {cycle} number {n}"))).await;
            tried += together;
            let full = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Full))).count();
            midway += usize::from(full > 0 && full < answers.len());
            for answer in answers {
                match answer {
                    Ok(account) => drop(made.insert(account.id)),
                    Err(StoreError::Full) => refused += 1,
                    Err(other) => panic!("cycle {cycle}: {other:?}"),
                }
            }
            if full > 0 {
                break;
            }
        }
        assert!(tried < ENOUGH, "the disk is full");

        // What is small may still find room, so that only the answer is asked for.
        let small = world.store.revoke_key(world.by(ada.actor()), key.id, None, Cascade::Nothing, None).await;
        assert!(matches!(small, Ok(_) | Err(StoreError::Full | StoreError::NotFound(_))), "{small:?}");
        world.store.ping().await.unwrap();
        assert_intact(&world);
        disk.free();
        for account in create(&world, [format!("cycle {cycle}, at last")]).await {
            made.insert(account.unwrap().id);
        }
        check::all(&world).await;
        let told: BTreeSet<AccountId> = world.image.told().accounts.keys().copied().collect();
        assert_eq!(told, made, "what was answered is what is there");
    }
    println!("{} changes made, {refused} refused, {midway} times both in one burst", made.len());
    assert!(midway > 0, "some group was cut in two");

    let before = check::dump(&world).await;
    let world = world.restarted().await;
    assert_eq!(check::dump(&world).await, before);
    assert_intact(&world);
}
