//! What a user would otherwise take: Better Auth's API-key plug-in, on SQLite.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{Run, gate};
use crate::process::{CORE, Process};
use crate::questions::Question;
use crate::report::{Report, cell};
use crate::rounds::{Contestant, alternate};
use crate::world::World;

/// Starts it; `./bench/run --peers` has installed what it needs.
const SERVER: &str = "bench/peers/better-auth.mjs";

/// Measures.
///
/// # Panics
/// Where an answer is wrong.
pub fn measure(run: &Run, world: &World, memory: &TempDir, report: &mut Report) {
    let dir = memory.path().join("better-auth");
    fs::create_dir_all(&dir).unwrap();
    let keys = world.keys().to_string();
    let better_auth = Process::start(CORE, Path::new("node"), &[SERVER, dir.to_str().unwrap(), &keys], &[("NODE_ENV", "production")]);
    let tokens = fs::read(dir.join("tokens")).unwrap();
    assert_eq!(tokens.len(), world.tokens.len());
    let (constant, server) = (run.reference(&["constant"]), run.keybearer(&world.dir));
    let path = gate(&server, world);
    let mut contestants = [
        Contestant::new(&constant, Question::header(&world.tokens, path, "200")),
        Contestant::new(&server, Question::header(&world.tokens, path, "200")),
        Contestant::new(&better_auth, Question::header(&tokens, path, "200")),
    ];
    alternate(&mut contestants, run.rounds, run.time);
    report.section("What else one would use", &["", "requests/s", "to bare hyper", "to Better Auth", "CPU, us", "p99, us", "resident, MB"]);
    for (name, contestant) in
        ["bare hyper, a constant", "Keybearer, GET /gate/any", "Better Auth's API-key plug-in"].iter().zip(&contestants)
    {
        report.row(&[
            (*name).to_owned(),
            cell(contestant.figure(|round| round.rate)),
            cell(contestant.ratio(&contestants[0], |round| round.rate)),
            cell(contestant.ratio(&contestants[2], |round| round.rate)),
            cell(contestant.figure(|round| round.cpu)),
            cell(contestant.figure(|round| round.p99)),
            format!("{:.0}", contestant.process.resident() / 1e6),
        ]);
    }
    let package = fs::read_to_string("bench/peers/package.json").unwrap();
    let version = package.lines().find_map(|line| line.split_once("\"@better-auth/api-key\": ")).map_or("", |(_, version)| version);
    report.say(&format!(
        "\n{} keys each. Better Auth {} on Node, SQLite with a write-ahead log; rate limiting off, which is on by default (10 requests of a key in a day).",
        world.keys(),
        version.trim_matches(['"', ',']),
    ));
}
