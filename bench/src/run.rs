//! A run: seed, start, measure in turn, and tell.

pub mod beside;
pub mod creations;
pub mod flat;
pub mod imports;
pub mod instructions;
pub mod machine;
pub mod part;
pub mod paths;
pub mod peers;
pub mod refusals;
pub mod start;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use self::part::Part;

use crate::client::Client;
use crate::figures::Figure;
use crate::process::{CORE, Process};
use crate::report::Report;
use crate::world::World;

/// Keys of the imports of a whole run: a million would take minutes.
const IMPORTED: usize = 200_000;

/// What is measured, and for how long.
pub struct Run {
    /// Keys of the data directory.
    pub keys: usize,
    /// Rounds.
    pub rounds: usize,
    /// The length of one measurement.
    pub time: Duration,
    /// Whether only the figures of the last line are wanted.
    pub is_quick: bool,
    /// What is measured alone, if anything.
    pub part: Option<Part>,
    /// The server.
    pub server: PathBuf,
    /// This program.
    pub own: PathBuf,
}

impl Run {
    /// Reads the command line.
    ///
    /// # Panics
    /// Where a word of it is unknown.
    #[must_use]
    pub fn parse(words: &[&str]) -> Self {
        let own = std::env::current_exe().unwrap();
        let server = own.with_file_name("keybearer");
        let mut run = Self { keys: 1_000_000, rounds: 7, time: Duration::from_millis(1_500), is_quick: false, part: None, server, own };
        for word in words {
            if let Some(part) = Part::named(word) {
                run = Self { keys: part.keys(), part: Some(part), ..run };
                continue;
            }
            match word.split_once('=') {
                None if *word == "--quick" => {
                    run = Self { keys: 100_000, rounds: 5, time: Duration::from_millis(500), is_quick: true, ..run }
                }
                Some(("--keys", keys)) => run.keys = keys.parse().unwrap(),
                _ => panic!("unknown: {word}. Known: --quick, --changes, --flat, --peers, --keys=NUMBER"),
            }
        }
        run
    }

    /// Starts Keybearer on a data directory, on the core of the servers.
    #[must_use]
    pub fn keybearer(&self, dir: &Path) -> Process {
        self.keybearer_on(CORE, dir)
    }

    /// As `keybearer`, on these cores.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn keybearer_on(&self, cores: &str, dir: &Path) -> Process {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-level", "warn", "--data-dir", dir.to_str().unwrap()];
        let environment = [
            ("KEYBEARER_KEYS_MAX_PER_ACCOUNT", "1000000000"),
            ("KEYBEARER_ADMIN_USERNAME", crate::server::ADMIN),
            ("KEYBEARER_ADMIN_PASSWORD", crate::server::PASSWORD),
        ];
        Process::start(cores, &self.server, &arguments, &environment)
    }

    /// The program that verifies without any network.
    #[must_use]
    pub fn in_process(&self) -> PathBuf {
        self.own.with_file_name("in_process")
    }

    /// Starts a reference.
    #[must_use]
    pub fn reference(&self, words: &[&str]) -> Process {
        Process::start(CORE, &self.own, &[&["reference"], words].concat(), &[])
    }
}

/// Does all of it.
///
/// # Panics
/// Where anything fails.
pub fn run(run: &Run) {
    let memory = tempfile::Builder::new().prefix("keybearer-bench").tempdir_in(ram()).unwrap();
    let mut report = Report::default();
    if let Some(part) = run.part {
        part.measure(run, &memory, &mut report);
        machine::write(&report, &format!("-{}", part.name()));
        return;
    }
    let world = seed(run, &memory, &mut report);
    let tokens = memory.path().join("tokens");
    world.write_tokens(&tokens);

    let [sha, decide, ratio] = in_process(run, &world, &tokens);
    report.section("In process", &["", "ns", "ratio"]);
    report.row(&["one SHA-256 of 40 bytes".into(), crate::report::cell(sha), String::new()]);
    report.row(&["one verification, token text in, verdict out".into(), crate::report::cell(decide), crate::report::cell(ratio)]);

    let paths = paths::measure(run, &world, &memory, &mut report);
    let group = creations::measure(run, &mut report);
    if !run.is_quick {
        let server = run.keybearer(&world.dir);
        refusals::measure(run, &world, &server, &mut report);
        server.stop();
        beside::measure(run, &world, &mut report);
        start::measure(run, &world, &mut report);
        imports::measure(run, IMPORTED, &mut report);
        instructions::measure(run, memory.path(), &mut report);
    }
    let last = format!(
        "gate_get={:.3} verify_post={:.3} gate_cpu={:.2} verify_cpu={:.2} batch_per_key={:.1} decide_sha={:.1} bytes_per_key={:.0} create_group={group:.1}",
        paths.gate_get.median,
        paths.verify_post.median,
        paths.gate_cpu.median,
        paths.verify_cpu.median,
        paths.batch.median * 1_000.0 / sha.median,
        ratio.median,
        paths.bytes_per_key,
    );
    report.say(&format!("\n```\n{last}\n```"));
    if !run.is_quick {
        machine::write(&report, "");
    }
    println!("{last}");
}

fn seed(run: &Run, memory: &TempDir, report: &mut Report) -> World {
    let world = World::seed(&memory.path().join("world"), run.keys);
    let rate = world.keys() as f64 / world.took.as_secs_f64();
    report.say(&format!("{} keys, seeded through the store in {:.1} s ({rate:.0} a second)", world.keys(), world.took.as_secs_f64()));
    world
}

/// Where files cost no disk, if there is such a place.
fn ram() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

/// Nanoseconds of a digest and of a verification, and their ratio.
fn in_process(run: &Run, world: &World, tokens: &Path) -> [Figure; 3] {
    let printed = Command::new("taskset").args(["-c", CORE]).arg(run.in_process()).arg(&world.dir).arg(tokens).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let text = String::from_utf8(printed.stdout).unwrap();
    let rounds: Vec<(f64, f64)> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(digest, verification)| (digest.parse().unwrap(), verification.parse().unwrap()))
        .collect();
    let of = |value: fn(&(f64, f64)) -> f64| Figure::of(rounds.iter().map(value).collect());
    [of(|round| round.0), of(|round| round.1), of(|round| round.1 / round.0)]
}

/// The path of the gate; until there is one, the nearest thing.
fn gate(process: &Process, world: &World) -> &'static str {
    let request = Client::request("GET", "/gate/any", &[("X-API-Key", world.token(0))], "");
    let answer = Client::connect(process.address).ask(&request);
    if answer.status == 404 { "/v1/whoami" } else { "/gate/any" }
}

/// A copy of a world for a process that locks it.
fn copied(world: &World, memory: &TempDir, name: &str) -> PathBuf {
    let copy = memory.path().join(name);
    world.copy_to(&copy);
    copy
}
