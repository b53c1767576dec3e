//! Verification beside what else a server does: changes (point 3) and a storm of logins (point 6).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Run, gate};
use crate::client::Client;
use crate::figures::Figure;
use crate::load::{Ask, Load, Random};
use crate::process::Process;
use crate::questions::{Creation, Question};
use crate::report::{Report, cell};
use crate::rounds::{CONNECTIONS, Round, Wire, measure as ask};
use crate::world::World;

/// Changes a second.
const CHANGES: u32 = 1_000;
/// Clients that make them, each in its turn.
const CHANGERS: u32 = 8;
/// What a time with a storm goes on for, in times of the run: logins come in slowly.
const LONGER: u32 = 2;

/// Measures both.
///
/// # Panics
/// Where an answer is wrong.
pub fn measure(run: &Run, world: &World, report: &mut Report) {
    report.section("Verification beside changes and logins", &["", "alone", "beside", "ratio"]);
    let server = run.keybearer(&world.dir);
    let changes = pairs(run, world, &server, run.time, |stop, round| change(world, &server, round, stop));
    tell(report, &format!("p99 beside {CHANGES} changes a second, one core, us"), &changes, |round| round.p99);
    tell(report, "requests/s beside them", &changes, |round| round.rate);
    server.stop();

    let server = run.keybearer_on("0,1", &world.dir);
    let logins = pairs(run, world, &server, run.time * LONGER, |stop, round| storm(&server, round, stop));
    tell(report, &format!("requests/s beside {CONNECTIONS} connections that sign in all the time, two cores"), &logins, |round| round.rate);
    tell(report, "p99 beside them, us", &logins, |round| round.p99);
    server.stop();
}

fn tell(report: &mut Report, name: &str, pairs: &[(Round, Round)], value: fn(&Round) -> f64) {
    let of = |value: &dyn Fn(&(Round, Round)) -> f64| cell(Figure::of(pairs.iter().map(value).collect()));
    report.row(&[
        name.to_owned(),
        of(&|(alone, _)| value(alone)),
        of(&|(_, beside)| value(beside)),
        of(&|(alone, beside)| value(beside) / value(alone)),
    ]);
}

/// Rounds of the gate alone, and of the gate while something else goes on until it is told to stop.
fn pairs(run: &Run, world: &World, server: &Process, time: Duration, other: impl Fn(&AtomicBool, u64) + Sync) -> Vec<(Round, Round)> {
    let path = gate(server, world);
    let mut question = Question::header(&world.tokens, path, "200");
    (0..run.rounds as u64)
        .map(|round| {
            let alone = ask(server, &mut question, Wire::Http1(CONNECTIONS), time, round);
            let stop = AtomicBool::new(false);
            let beside = thread::scope(|scope| {
                scope.spawn(|| other(&stop, round));
                thread::sleep(time / 5);
                let beside = ask(server, &mut question, Wire::Http1(CONNECTIONS), time, round);
                stop.store(true, Ordering::Relaxed);
                beside
            });
            (alone, beside)
        })
        .collect()
}

/// Makes keys at a steady pace.
fn change(world: &World, server: &Process, round: u64, stop: &AtomicBool) {
    let step = Duration::from_secs(1) * CHANGERS / CHANGES;
    thread::scope(|scope| {
        for changer in 0..CHANGERS {
            scope.spawn(move || {
                let mut client = Client::connect(server.address);
                let mut creation = Creation::new(world, 1_000 + round * u64::from(CHANGERS) + u64::from(changer));
                let (mut random, mut request) = (Random::new(u64::from(changer)), Vec::new());
                let mut next = Instant::now() + step * changer / CHANGERS;
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                    creation.write(&mut random, &mut request);
                    assert_eq!(client.ask(&request).status, 201);
                    next += step;
                }
            });
        }
    });
}

/// Signs in on all connections, with names and passwords that are all wrong.
fn storm(server: &Process, round: u64, stop: &AtomicBool) {
    let mut load = Load::connect(server.address, CONNECTIONS, round);
    let mut login = Login { sent: 0, round };
    while !stop.load(Ordering::Relaxed) {
        load.run(&mut login, Duration::from_millis(100));
    }
}

struct Login {
    sent: u64,
    round: u64,
}

impl Ask for Login {
    fn write(&mut self, _: &mut Random, request: &mut Vec<u8>) {
        self.sent += 1;
        let body = format!(r#"{{"username":"person{:04}-{}","password":"no such password"}}"#, self.round, self.sent);
        *request = Client::request("POST", "/v1/sessions", &[("Content-Type", "application/json")], &body);
    }

    /// Whatever becomes of it: refused, or told to come back.
    fn is_right(&self, status: &[u8], _: &[u8]) -> bool {
        matches!(status, b"401" | b"429" | b"503")
    }
}
