//! Verification beside changes and beside a storm of logins, without the rest of the benchmark.

use std::path::Path;

use keybearer_bench::report::Report;
use keybearer_bench::run::{Run, beside};
use keybearer_bench::world::World;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let run = Run::parse(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let dir = tempfile::tempdir_in(Path::new("/dev/shm")).unwrap_or_else(|error| panic!("{error}"));
    let mut report = Report::default();
    beside::measure(&run, &World::seed(&dir.path().join("world"), run.keys), &mut report);
}
