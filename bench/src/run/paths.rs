//! The paths of a request, each beside bare hyper: points 1 and 4 of what must be true.

use tempfile::TempDir;

use super::{Run, copied, gate};
use crate::figures::Figure;
use crate::questions::Question;
use crate::report::{Report, cell};
use crate::rounds::{Contestant, Round, Wire, alternate};
use crate::world::World;

/// Keys of a batch.
const BATCH: usize = 1_000;

/// What goes into the last line.
pub struct Paths {
    /// Requests a second at the gate, relative to bare hyper.
    pub gate_get: Figure,
    /// As `gate_get`, of `POST /v1/verify`.
    pub verify_post: Figure,
    /// CPU time of a request at the gate, relative to bare hyper.
    pub gate_cpu: Figure,
    /// As `gate_cpu`, of `POST /v1/verify`.
    pub verify_cpu: Figure,
    /// Microseconds of CPU for a key of a batch.
    pub batch: Figure,
    /// Resident memory of a key.
    pub bytes_per_key: f64,
}

/// Measures.
///
/// # Panics
/// Where an answer is wrong.
#[must_use]
pub fn measure(run: &Run, world: &World, memory: &TempDir, report: &mut Report) -> Paths {
    // A process for each way to ask, so that the uses which it writes in the background are counted as its own.
    let [copy, second, third] = ["verdict", "verify", "batch"].map(|name| copied(world, memory, name));
    let empty = World::seed(&memory.path().join("empty"), 0);
    let bare = run.keybearer(&empty.dir);
    let bare_bytes = bare.resident();
    bare.stop();

    let constant = run.reference(&["constant"]);
    let verdict = run.reference(&["verdict", copy.to_str().unwrap()]);
    let select = run.reference(&["select", world.dir.to_str().unwrap()]);
    let (server, verify, batch) = (run.keybearer(&world.dir), run.keybearer(&second), run.keybearer(&third));
    let bytes_per_key = (server.resident() - bare_bytes) / world.keys() as f64;
    let path = gate(&server, world);
    let header = |path| Question::header(&world.tokens, path, "200");
    let mut contestants = [
        Contestant::new(&constant, header("/v1/whoami")),
        Contestant::new(&verdict, header("/v1/whoami")),
        Contestant::new(&select, header("/v1/whoami")),
        Contestant::new(&server, header(path)),
        Contestant::new(&verify, Question::verify(world)),
        Contestant { wire: Wire::Http1(8), ..Contestant::new(&batch, Question::batch(world, BATCH)) },
    ];
    alternate(&mut contestants, run.rounds, run.time);

    let names = [
        "bare hyper, a constant",
        "bare hyper, the same index and decision",
        "axum, one SELECT",
        &format!("Keybearer, GET {path}"),
        "Keybearer, POST /v1/verify",
        "Keybearer, POST /v1/verify/batch of 1,000",
    ];
    report.section("Requests", &["", "requests/s", "to bare hyper", "CPU, us", "to bare hyper", "p99, us", "client's core"]);
    for (name, contestant) in names.iter().zip(&contestants) {
        report.row(&[
            (*name).to_owned(),
            cell(contestant.figure(|round| round.rate)),
            cell(contestant.ratio(&contestants[0], |round| round.rate)),
            cell(contestant.figure(|round| round.cpu)),
            cell(contestant.ratio(&contestants[0], |round| round.cpu)),
            cell(contestant.figure(|round| round.p99)),
            format!("{:.0} %", contestant.figure(|round| round.client).median * 100.0),
        ]);
    }
    if path != "/gate/any" {
        report.say("\nThere is no /gate/any yet (404), so the gate is measured by GET /v1/whoami.");
    }
    report.say(&format!(
        "\nResident memory: {bytes_per_key:.0} bytes per key ({} keys; without keys {:.1} MB)",
        world.keys(),
        bare_bytes / 1e6
    ));
    let rate: fn(&Round) -> f64 = |round| round.rate;
    let cpu: fn(&Round) -> f64 = |round| round.cpu;
    Paths {
        gate_get: contestants[3].ratio(&contestants[0], rate),
        verify_post: contestants[4].ratio(&contestants[0], rate),
        gate_cpu: contestants[3].ratio(&contestants[0], cpu),
        verify_cpu: contestants[4].ratio(&contestants[0], cpu),
        batch: contestants[5].figure(|round| round.cpu / BATCH as f64),
        bytes_per_key,
    }
}
