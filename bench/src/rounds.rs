//! Alternating rounds: everything that is compared is measured in turn, so that what disturbs the machine disturbs all of it.

use std::time::{Duration, Instant};

use crate::figures::Figure;
use crate::load::{Ask, Load, Loaded};
use crate::process::{Process, cpu_of};
use crate::streams::Streams;

/// The connections of the load generator.
pub const CONNECTIONS: usize = 64;

/// HTTP/2 connections of the load generator, and the calls under way on each: as many questions at once as over HTTP/1.1.
const STREAMS: (usize, usize) = (4, CONNECTIONS / 4);

/// How a server is asked.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    /// HTTP/1.1 on so many connections, one request on each.
    Http1(usize),
    /// Calls of gRPC to this path, many on each of a few HTTP/2 connections.
    Grpc(&'static str),
}

/// One server, and what it is asked.
pub struct Contestant<'a> {
    /// The server.
    pub process: &'a Process,
    /// The request.
    pub ask: Box<dyn Ask + 'a>,
    /// In which way.
    pub wire: Wire,
    /// What one round after the other came to.
    pub rounds: Vec<Round>,
}

/// What one round came to.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Answers a second.
    pub rate: f64,
    /// CPU time of the server for an answer, in microseconds.
    pub cpu: f64,
    /// Latency that 99 of 100 answers kept below, in microseconds.
    pub p99: f64,
    /// How much of its core the load generator used.
    pub client: f64,
}

impl<'a> Contestant<'a> {
    /// Asks on the usual number of connections.
    #[must_use]
    pub fn new(process: &'a Process, ask: impl Ask + 'a) -> Self {
        Self { process, ask: Box::new(ask), wire: Wire::Http1(CONNECTIONS), rounds: Vec::new() }
    }

    /// Asks by calls of gRPC to this path.
    #[must_use]
    pub fn grpc(process: &'a Process, path: &'static str, ask: impl Ask + 'a) -> Self {
        Self { wire: Wire::Grpc(path), ..Self::new(process, ask) }
    }

    /// The median of a value, by round.
    #[must_use]
    pub fn figure(&self, value: impl Fn(&Round) -> f64) -> Figure {
        Figure::of(self.rounds.iter().map(value).collect())
    }

    /// The median of a value's ratio to that of another in the same round.
    #[must_use]
    pub fn ratio(&self, other: &Self, value: impl Fn(&Round) -> f64) -> Figure {
        Figure::of(self.rounds.iter().zip(&other.rounds).map(|(own, other)| value(own) / value(other)).collect())
    }
}

/// Measures everyone in turn, so many times. Who is not asked sleeps.
///
/// # Panics
/// Where an answer is wrong.
pub fn alternate(contestants: &mut [Contestant<'_>], rounds: usize, time: Duration) {
    contestants.iter().for_each(|contestant| contestant.process.sleep());
    for round in 0..rounds {
        for contestant in &mut *contestants {
            contestant.process.wake();
            let measured = measure(contestant.process, &mut *contestant.ask, contestant.wire, time, round as u64);
            contestant.process.sleep();
            contestant.rounds.push(measured);
        }
    }
    contestants.iter().for_each(|contestant| contestant.process.wake());
}

/// Asks for so long.
type Asking = dyn FnMut(&mut dyn Ask, Duration) -> Loaded;

/// Asks one server for so long, after a tenth of it to get warm.
///
/// # Panics
/// Where an answer is wrong.
pub fn measure(process: &Process, ask: &mut dyn Ask, wire: Wire, time: Duration, seed: u64) -> Round {
    let mut run: Box<Asking> = match wire {
        Wire::Http1(connections) => {
            let mut load = Load::connect(process.address, connections, seed);
            Box::new(move |ask, time| load.run(ask, time))
        }
        Wire::Grpc(path) => {
            let mut streams = Streams::connect(process.address, path, STREAMS, seed);
            Box::new(move |ask, time| streams.run(ask, time))
        }
    };
    let warm = run(ask, time / 10);
    let (own, server, began) = (cpu_of("self"), process.cpu(), Instant::now());
    let mut loaded = run(ask, time);
    let took = began.elapsed().as_secs_f64();
    let (own, server) = (cpu_of("self") - own, process.cpu() - server);
    assert_eq!(loaded.wrong + warm.wrong, 0, "of {} answers", loaded.count + warm.count);
    let count = loaded.count as f64;
    Round { rate: loaded.rate(), cpu: server * 1e6 / count, p99: loaded.quantile(0.99), client: own / took }
}
