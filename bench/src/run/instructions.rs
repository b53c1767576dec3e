//! Instructions of a verification, counted by callgrind: a figure that no noise moves.

use std::path::Path;
use std::process::Command;

use super::Run;
use crate::report::Report;
use crate::world::World;

/// Keys of the data directory. More would only make the start long.
const KEYS: usize = 1_000;
/// Verifications of the shorter run.
const VERIFICATIONS: u64 = 1_000;
/// How many times as many the longer one has.
const LONGER: u64 = 5;

/// Measures the difference of two runs, so that the start is not in it.
///
/// # Panics
/// Where valgrind does not run.
pub fn measure(run: &Run, memory: &Path, report: &mut Report) {
    let world = World::seed(&memory.join("counted"), KEYS);
    let tokens = memory.join("counted-tokens");
    world.write_tokens(&tokens);
    let count = |verifications: u64| {
        let printed = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(run.in_process())
            .args([&world.dir, &tokens])
            .arg(verifications.to_string())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&printed.stderr);
        assert!(printed.status.success(), "{told}");
        let line = told.lines().find_map(|line| line.split_once("Collected : ")).unwrap();
        line.1.trim().parse::<u64>().unwrap()
    };
    let instructions = (count(LONGER * VERIFICATIONS) - count(VERIFICATIONS)) / ((LONGER - 1) * VERIFICATIONS);
    report.section("Instructions", &[]);
    report.say(&format!(
        "One verification in process: {instructions} instructions by callgrind, which offers no SHA extensions of the processor ({KEYS} keys)"
    ));
}
