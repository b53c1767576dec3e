//! Keys that are made from 64 connections, with commits that reach the disk: point 5.

use super::Run;
use crate::client::Client;
use crate::process::Process;
use crate::questions::Creation;
use crate::report::Report;
use crate::rounds::{CONNECTIONS, Wire, measure as ask};
use crate::world::World;

/// Keys that are there before.
const KEYS: usize = 2_000;

/// Measures. Returns the mean group of a commit.
///
/// # Panics
/// Where a key cannot be made.
#[must_use]
pub fn measure(run: &Run, report: &mut Report) -> f64 {
    // Beside the program, so on a real disk.
    let disk = tempfile::Builder::new().prefix("bench").tempdir_in(run.own.parent().unwrap()).unwrap();
    let world = World::seed(&disk.path().join("world"), KEYS);
    let server = run.keybearer(&world.dir);
    let before = groups(&server);
    let round = ask(&server, &mut Creation::new(&world, 1), Wire::Http1(CONNECTIONS), run.time * 4, 1);
    let after = groups(&server);
    let group = (after.0 - before.0) / (after.1 - before.1);
    report.section("Creations", &[]);
    report.say(&format!(
        "POST /v1/keys from {CONNECTIONS} connections: {:.0} a second, {:.0} us of CPU each, p99 {:.1} ms, mean group {group:.1}",
        round.rate,
        round.cpu,
        round.p99 / 1_000.0
    ));
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
