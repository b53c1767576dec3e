//! What the load at start costs, beside a bare SELECT of the same columns through the driver.
//!
//! `cargo bench -p keybearer-store --bench load [-- KEYS [DIRECTORY]]`. The directory keeps the database for another run.
#![expect(clippy::unwrap_used, reason = "a benchmark may end by a panic")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keybearer_core::role::Roles;
use keybearer_store::{Changed, Follower, open_sqlite};
use rusqlite::Connection;

/// Rounds, in each of which everything is measured in turn.
const ROUNDS: usize = 5;
const COLUMNS: &str = "id, name, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, expires_at, revoked_at, revoked_reason, last_used_at";

/// Counts what it is handed, and lets it go.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Follower for Counting {
    fn apply(&self, changed: Changed) {
        self.0.fetch_add(changed.keys.len(), Ordering::Relaxed);
    }
}

fn seed(file: &Path, count: i64) {
    drop(open_sqlite(file, Roles::default()).unwrap());
    let mut connection = Connection::open(file).unwrap();
    if connection.query_row("SELECT count(*) FROM keys", [], |row| row.get::<_, i64>(0)).unwrap() == count {
        return;
    }
    let transaction = connection.transaction().unwrap();
    transaction.execute("INSERT INTO peppers (version, fingerprint) VALUES (1, 'of the benchmark')", []).unwrap();
    let number = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)";
    transaction
        .execute(
            &format!(
                "{number} INSERT INTO accounts (id, username, username_key, role, status, consent, created_at)
                 SELECT i + 1, 'person ' || i, 'person ' || i, 'user', 'active', TRUE, 1800000000000 FROM n"
            ),
            [10_000],
        )
        .unwrap();
    transaction
        .execute(
            &format!(
                "{number} INSERT INTO keys (id, kind, name, name_key, owner, level, digest, pepper, created_at, created_by, expires_at)
                 SELECT CAST(unhex(printf('%012x7000', 1800000000000 + i)) || randomblob(8) AS BLOB), 'account', printf('key number %09d', i),
                 printf('key number %09d', i), i % 10000 + 1, 4, randomblob(32), 1, 1800000000000, 'account:1', 4000000000000 FROM n"
            ),
            [count],
        )
        .unwrap();
    transaction.commit().unwrap();
}

/// All columns of all keys, as the driver gives them.
fn select(file: &Path) -> usize {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM keys")).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            black_box(row.get_ref(column).unwrap());
        }
        count += 1;
    }
    count
}

fn load(file: &Path) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = open_sqlite(file, Roles::default()).unwrap();
    let counting = Arc::new(Counting::default());
    runtime.block_on(store.follow(Arc::clone(&counting) as _)).unwrap();
    counting.0.load(Ordering::Relaxed)
}

fn timed(count: usize, run: impl FnOnce() -> usize) -> Duration {
    let begun = Instant::now();
    assert_eq!(run(), count);
    begun.elapsed()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let count: usize = arguments.first().map_or(1_000_000, |text| text.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let file = arguments.get(1).map_or(directory.path(), Path::new).join("keybearer.db");
    seed(&file, i64::try_from(count).unwrap());
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let select = timed(count, || select(&file));
        let load = timed(count, || load(&file));
        println!("{count} keys: SELECT {select:.2?}, load into nothing {load:.2?}");
        ratios.push(load.as_secs_f64() / select.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("load / SELECT = {:.2} ({:.2} to {:.2})", ratios[ROUNDS / 2], ratios[0], ratios[ROUNDS - 1]);
}
