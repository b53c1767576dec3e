//! Keys that are made from 64 connections, with commits that reach the disk, beside one thread that writes the same rows: point 5.

use keybearer::config::Config;

use super::Run;
use crate::bare::{Bare, Source};
use crate::client::Client;
use crate::figures::Figure;
use crate::process::Process;
use crate::questions::Creation;
use crate::report::{Report, cell};
use crate::rounds::{CONNECTIONS, Wire, measure as ask};
use crate::world::World;

/// Keys that are there before, and with them a thousand accounts: none comes to have more keys than the hundred that it may by default.
const KEYS: usize = 40_000;
/// Rows of one transaction of the reference.
const AT_ONCE: usize = 16;

/// Measures. Returns the mean group of a commit.
///
/// # Panics
/// Where a key cannot be made.
#[must_use]
pub fn measure(run: &Run, report: &mut Report) -> f64 {
    // Beside the program, so on a real disk.
    let disk = tempfile::Builder::new().prefix("bench").tempdir_in(run.own.parent().unwrap()).unwrap();
    let world = World::seed(&disk.path().join("world"), KEYS);
    let mut bare = [("keys", false), ("events", true)].map(|(name, with_events)| {
        let copy = disk.path().join(name);
        world.copy_to(&copy);
        Bare::open(&Config::for_data_dir(&copy).database_path(), with_events)
    });
    let server = run.keybearer(&world.dir);
    let mut made = Source::open(&Config::for_data_dir(&world.dir).database_path(), true);
    let before = groups(&server);
    let (mut rounds, mut rates) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..run.rounds as u64 {
        let mut creation = Creation::new(&world, 1 + round);
        rounds.push(ask(&server, &mut creation, Wire::Http1(CONNECTIONS), run.time, round));
        server.sleep();
        let rows = made.next(usize::MAX >> 1);
        for (bare, rates) in bare.iter_mut().zip(&mut rates) {
            rates.push(rows.keys() as f64 / bare.write(&rows, AT_ONCE).as_secs_f64());
        }
        server.wake();
    }
    let after = groups(&server);
    let group = (after.0 - before.0) / (after.1 - before.1);

    let of = |value: &dyn Fn(usize) -> f64| cell(Figure::of((0..rounds.len()).map(value).collect()));
    report.section("Creations", &["", "keys/s", "POST /v1/keys to it", "CPU, us", "p99, ms"]);
    let own = ["POST /v1/keys".into(), of(&|at| rounds[at].rate), String::new(), of(&|at| rounds[at].cpu), of(&|at| rounds[at].p99 / 1e3)];
    report.row(&own);
    for (name, rates) in ["the same rows of keys", "the same rows of keys, events and counter"].iter().zip(&rates) {
        let name = format!("one thread through the driver, {AT_ONCE} in a transaction: {name}");
        report.row(&[name, of(&|at| rates[at]), of(&|at| rounds[at].rate / rates[at]), String::new(), String::new()]);
    }
    report.say(&format!("\n{CONNECTIONS} connections, mean group of a commit {group:.1}"));
    group
}

/// How many changes were committed so far, and in how many transactions.
fn groups(server: &Process) -> (f64, f64) {
    let mut client = Client::connect(server.address);
    assert_eq!(client.ask(&Client::request("GET", "/metrics", &[], "")).status, 200);
    let text = client.text();
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok()).unwrap();
    (value("keybearer_store_writer_group_size_sum"), value("keybearer_store_writer_group_size_count"))
}
