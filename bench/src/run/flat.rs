//! Whether throughput depends on the number of keys: point 3.

use std::time::Instant;

use super::{Run, gate};
use crate::process::Process;
use crate::questions::Question;
use crate::report::{Report, cell};
use crate::rounds::{Contestant, alternate};
use crate::world::World;

/// Keys of the smaller data directory.
const FEW: usize = 10_000;

/// Measures.
///
/// # Panics
/// Where an answer is wrong.
pub fn measure(run: &Run, report: &mut Report) {
    // Beside the program, so on a disk: in memory, there would be no room for the servers.
    let disk = tempfile::Builder::new().prefix("bench").tempdir_in(run.own.parent().unwrap()).unwrap();
    let seed = |name: &str, keys| World::seed_apart(&disk.path().join(name), keys, 1);
    let (none, few, many) = (seed("none", 0), seed("few", FEW), seed("many", run.keys));
    let start = |world: &World| {
        let began = Instant::now();
        let server = run.keybearer(&world.dir);
        (server, began.elapsed().as_secs_f64())
    };
    let (bare, _) = start(&none);
    let bytes_of_none = bare.resident();
    bare.stop();
    let (servers, starts): (Vec<Process>, Vec<f64>) = [&few, &many].into_iter().map(start).unzip();
    let bytes = (servers[1].resident() - bytes_of_none) / many.keys() as f64;
    let ask = |number: usize, world| Contestant::new(&servers[number], Question::header(world, gate(&servers[number], &few), "200"));
    let mut contestants = [ask(0, &few.tokens), ask(1, &many.tokens)];
    alternate(&mut contestants, run.rounds, run.time);

    report.section(
        "Few keys and many",
        &["GET /gate/any, keys", "requests/s", "to few keys", "CPU, us", "to few keys", "p99, us", "start, s"],
    );
    for (number, (world, contestant)) in [&few, &many].iter().zip(&contestants).enumerate() {
        report.row(&[
            world.keys().to_string(),
            cell(contestant.figure(|round| round.rate)),
            cell(contestant.ratio(&contestants[0], |round| round.rate)),
            cell(contestant.figure(|round| round.cpu)),
            cell(contestant.ratio(&contestants[0], |round| round.cpu)),
            cell(contestant.figure(|round| round.p99)),
            format!("{:.1}", starts[number]),
        ]);
    }
    let resident = servers[1].resident();
    report.say(&format!(
        "\nResident memory with {} keys: {bytes:.0} bytes per key after the start; after the rounds {:.0} MB in all. Seeded in {:.0} s.",
        many.keys(),
        resident / 1e6,
        many.took.as_secs_f64()
    ));
}
