//! From the start of the process to the first verified key, beside a bare SELECT of the same columns: point 4.

use std::time::Instant;

use keybearer::config::Config;
use rusqlite::{Connection, OpenFlags};

use super::{Run, gate};
use crate::client::Client;
use crate::figures::Figure;
use crate::report::{Report, cell};
use crate::world::World;

/// What the store loads of a key.
const COLUMNS: &str = "id, name, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, expires_at, revoked_at, revoked_reason, last_used_at";
/// How often both are measured: each takes seconds.
const ROUNDS: usize = 5;

/// Measures.
///
/// # Panics
/// Where a key is not verified.
pub fn measure(run: &Run, world: &World, report: &mut Report) {
    let (mut selects, mut starts, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        assert!(select(world) >= world.keys());
        let selected = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let server = run.keybearer(&world.dir);
        let path = gate(&server, world);
        let request = Client::request("GET", path, &[("X-API-Key", world.token(world.keys() - 1))], "");
        assert_eq!(Client::connect(server.address).ask(&request).status, 200);
        let started = began.elapsed().as_secs_f64();
        server.stop();
        selects.push(selected);
        starts.push(started);
        ratios.push(started / selected);
    }
    report.section("Start", &["", "s", "ratio"]);
    report.row(&["a bare SELECT of the same columns".into(), cell(Figure::of(selects)), String::new()]);
    report.row(&["from the start to the first verified key".into(), cell(Figure::of(starts)), cell(Figure::of(ratios))]);
}

/// Reads all that the store reads of keys, and drops it.
fn select(world: &World) -> usize {
    let database = Config::for_data_dir(&world.dir).database_path();
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM keys")).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..15 {
            std::hint::black_box(row.get_ref(column).unwrap());
        }
        count += 1;
    }
    count
}
