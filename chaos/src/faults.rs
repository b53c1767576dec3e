//! What goes wrong, and when: a schedule that depends on the seed alone.

mod injector;
#[cfg(test)]
mod tests;

use std::time::Duration;

use fastrand::Rng;

pub(crate) use self::injector::Injector;
use crate::network::{Loss, Way};

/// How long a node may answer without a word from the database.
const TTL: Duration = Duration::from_secs(2);
/// Between the beginnings of two faults.
const GAP: (f64, f64) = (0.3, 3.5);

/// A fault.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Fault {
    /// A node stands still.
    Pause {
        /// Which.
        node: usize,
        /// For how long.
        duration: Duration,
    },
    /// The heartbeats of a node come late, several in a row.
    Late {
        /// Which.
        node: usize,
        /// By how much each.
        delays: Vec<Duration>,
        /// Whether the whole node stands still, or only its link to the database is cut.
        pause: bool,
    },
    /// A node is killed, and started again.
    Kill {
        /// Which.
        node: usize,
        /// After so long.
        down: Duration,
    },
    /// Connections to the database are ended by its side.
    Terminate {
        /// Those of this node; none: of all.
        node: Option<usize>,
        /// How many of a hundred.
        percent: u8,
    },
    /// The database is killed, and started again.
    KillDatabase {
        /// After so long.
        down: Duration,
    },
    /// Packets of a node are lost.
    Lose {
        /// Which.
        loss: Loss,
        /// For how long.
        duration: Duration,
    },
}

impl Fault {
    /// For people.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Pause { .. } => "fault: a node stands still",
            Self::Late { .. } => "fault: heartbeats come late",
            Self::Kill { .. } => "fault: a node is killed",
            Self::Terminate { .. } => "fault: connections are ended",
            Self::KillDatabase { .. } => "fault: the database is killed",
            Self::Lose { loss: Loss { way: Way::Both, .. }, .. } => "fault: a link is cut",
            Self::Lose { .. } => "fault: packets are lost one way",
        }
    }
}

/// The faults of a run, one after the other, each with the time from the beginning of the one before. It never ends.
pub(crate) struct Schedule {
    random: Rng,
    nodes: usize,
}

impl Schedule {
    /// For so many nodes. The same seed makes the same schedule.
    pub(crate) fn new(seed: u64, nodes: usize) -> Self {
        Self { random: Rng::with_seed(seed), nodes }
    }

    fn seconds(&mut self, least: f64, most: f64) -> Duration {
        Duration::from_secs_f64(least + (most - least) * self.random.f64())
    }

    /// So many times the TTL, often near it: there, little decides whether a lease holds.
    fn around_the_ttl(&mut self) -> Duration {
        let (least, most) = match self.random.u8(0..4) {
            0 => (0.1, 0.9),
            1 | 2 => (0.9, 1.15),
            _ => (1.15, 5.0),
        };
        self.seconds(least, most).mul_f64(TTL.as_secs_f64())
    }

    fn fault(&mut self) -> Fault {
        let node = self.random.usize(0..self.nodes);
        match self.random.u8(0..100) {
            0..25 => Fault::Pause { node, duration: self.around_the_ttl() },
            25..45 => {
                let delays = (0..self.random.u8(1..5)).map(|_| self.seconds(0.0, 1.5).mul_f64(TTL.as_secs_f64())).collect();
                Fault::Late { node, delays, pause: self.random.bool() }
            }
            45..57 => Fault::Kill { node, down: self.seconds(0.0, 3.0) },
            57..72 => Fault::Terminate { node: self.random.bool().then_some(node), percent: self.random.u8(20..=100) },
            72..78 => Fault::KillDatabase { down: self.seconds(0.0, 3.0) },
            78..90 => {
                let loss = Loss { node, way: Way::Both, database_only: self.random.bool(), percent: 100 };
                Fault::Lose { loss, duration: self.seconds(0.2, 5.0) }
            }
            _ => {
                let way = if self.random.bool() { Way::In } else { Way::Out };
                let percent = if self.random.bool() { 100 } else { self.random.u8(10..100) };
                let loss = Loss { node, way, database_only: self.random.bool(), percent };
                Fault::Lose { loss, duration: self.seconds(0.2, 5.0) }
            }
        }
    }
}

impl Iterator for Schedule {
    type Item = (Duration, Fault);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.seconds(GAP.0, GAP.1), self.fault()))
    }
}
