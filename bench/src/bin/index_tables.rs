//! Tables that could hold the keys of the image: what they take of memory, and what a look-up costs beside one SHA-256 of 40 bytes.
//!
//! `cargo run --release -p keybearer-bench --bin index_tables [KEYS]`
//!
//! Each holds of a key what decides and its name of 20 bytes. The first one has a lock that a writer would hold: it is here as the floor.

use std::collections::HashMap;
use std::hash::RandomState;
use std::hint::black_box;
use std::sync::{Arc, RwLock};

use keybearer::clock::Clock;
use keybearer::index::Index;
use keybearer_bench::figures::{Figure, nanoseconds};
use keybearer_core::account::AccountId;
use keybearer_core::key::Lifecycle;
use keybearer_core::role::{Level, Roles};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId};
use keybearer_store::{Changed, Follower, Key, KeyHolder, Metadata};
use sha2::Digest as _;

/// Rounds, in each of which everything is measured in turn.
const ROUNDS: usize = 9;
/// Look-ups of each in a round.
const TIMES: usize = 300_000;
/// How many keys the store hands over at a time.
const CHUNK: usize = 10_000;

/// A key as one would write it down without counting bytes.
struct Entry {
    digest: [u8; 32],
    _holder: (i64, u8),
    _expires_at: i64,
    _last_used: std::sync::atomic::AtomicI64,
    _name: Box<str>,
}

fn id(number: u64) -> KeyId {
    let mut random = [0; 10];
    random[..8]
        .copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9).to_le_bytes());
    KeyId::new(UnixMillis(1_800_000_000_000 + i64::try_from(number).unwrap_or(0)), &random)
}

fn entry(number: u64) -> Arc<Entry> {
    Arc::new(Entry {
        digest: [5; 32],
        _holder: (1, 4),
        _expires_at: 0,
        _last_used: 0.into(),
        _name: format!("key number {number:09}").into(),
    })
}

fn key(number: u64) -> Key {
    Key {
        id: id(number),
        name: format!("key number {number:09}"),
        holder: KeyHolder::Account { owner: AccountId(1), level: Level::OWN },
        lifecycle: Lifecycle::Live { expires_at: None },
        metadata: Metadata::new(),
        digest: Digest::from_bytes([5; 32]),
        pepper: 1,
        created_at: UnixMillis(0),
        created_by: String::new(),
        last_used_at: None,
    }
}

fn main() {
    let count: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
    let asked: Vec<KeyId> = (0..TIMES as u64).map(|place| id(place.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) % count)).collect();
    let floor: RwLock<HashMap<KeyId, Arc<Entry>>> = RwLock::default();
    let papaya: papaya::HashMap<KeyId, Arc<Entry>, RandomState> = papaya::HashMap::default();
    let scc: scc::HashMap<KeyId, Arc<Entry>, RandomState> = scc::HashMap::default();
    let index = Index::new(Roles::default(), Clock::System);
    let numbers: Vec<u64> = (0..count).collect();
    let fills: [(&str, &dyn Fn()); 4] = [
        ("HashMap in a lock", &|| {
            floor.write().unwrap_or_else(|error| panic!("{error}")).extend((0..count).map(|number| (id(number), entry(number))));
        }),
        ("papaya", &|| (0..count).for_each(|number| drop(papaya.pin().insert(id(number), entry(number)).cloned()))),
        ("scc", &|| (0..count).for_each(|number| drop(scc.insert_sync(id(number), entry(number))))),
        ("buckets of the image", &|| {
            for chunk in numbers.chunks(CHUNK) {
                let keys = chunk.iter().map(|number| (id(*number), Some(key(*number))));
                index.apply(Changed { keys: keys.collect(), ..Changed::default() });
            }
        }),
    ];
    let bytes: Vec<f64> = fills.iter().map(|(_, fill)| allocation_counter::measure(fill).bytes_current as f64 / count as f64).collect();
    let finds: [&dyn Fn(&KeyId) -> bool; 4] = [
        &|id| floor.read().unwrap_or_else(|error| panic!("{error}")).get(id).cloned().is_some_and(|entry| entry.digest[31] == 5),
        &|id| papaya.pin().get(id).cloned().is_some_and(|entry| entry.digest[31] == 5),
        &|id| scc.read_sync(id, |_, entry| Arc::clone(entry)).is_some_and(|entry| entry.digest[31] == 5),
        &|id| index.key(*id).is_some_and(|entry| entry.owner() == Some(AccountId(1))),
    ];
    let mut ratios = vec![Vec::new(); finds.len()];
    for _ in 0..ROUNDS {
        let sha = nanoseconds(TIMES, |place| {
            black_box(sha2::Sha256::digest([asked[place].as_bytes()[15]; 40]));
        });
        for (ratios, find) in ratios.iter_mut().zip(finds) {
            ratios.push(nanoseconds(TIMES, |place| assert!(find(&asked[place]))) / sha);
        }
    }
    println!("{count} keys, {ROUNDS} rounds of {TIMES} look-ups; time in SHA-256 of 40 bytes, bytes as asked of the allocator");
    for (((name, _), bytes), ratios) in fills.iter().zip(bytes).zip(ratios) {
        let figure = Figure::of(ratios);
        println!("{name:<24}{bytes:>8.1} bytes a key{:>8.2} ({:.2} to {:.2})", figure.median, figure.least, figure.most);
    }
}
