//! What the image costs at start: the load of a database into it, beside the load into nothing.
//!
//! `cargo bench -p keybearer-store --bench load -- KEYS DIRECTORY` makes the database, and tells what the load into nothing costs beside a bare
//! SELECT. Then `cargo run --release -p keybearer-bench --bin index_load DIRECTORY`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keybearer::clock::Clock;
use keybearer::index::Index;
use keybearer_bench::figures::{Figure, resident};
use keybearer_core::role::Roles;
use keybearer_store::{Changed, Follower, open_sqlite};

/// Rounds, in each of which everything is measured in turn.
const ROUNDS: usize = 5;

/// Lets go of all that it is handed.
struct Nothing;

impl Follower for Nothing {
    fn apply(&self, _: Changed) {}
}

fn load(file: &Path, follower: Arc<dyn Follower>) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap_or_else(|error| panic!("{error}"));
    let begun = Instant::now();
    let store = open_sqlite(file, Roles::default()).unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(store.follow(follower)).unwrap_or_else(|error| panic!("{error}"));
    begun.elapsed()
}

fn main() {
    let directory = std::env::args().nth(1).unwrap_or_else(|| panic!("name the directory of a database"));
    let file = Path::new(&directory).join("keybearer.db");
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let nothing = load(&file, Arc::new(Nothing));
        let before = resident();
        let index = Arc::new(Index::new(Roles::default(), Clock::System));
        let filled = load(&file, Arc::clone(&index) as _);
        let keys = index.counts().keys;
        println!("{keys} keys: into nothing {nothing:.2?}, into the image {filled:.2?}");
        if round == 0 {
            println!("bytes_per_key={:.1} resident", (resident() - before) as f64 / keys as f64);
        }
        ratios.push(filled.as_secs_f64() / nothing.as_secs_f64());
    }
    let figure = Figure::of(ratios);
    println!("image / nothing = {:.2} ({:.2} to {:.2})", figure.median, figure.least, figure.most);
}
