//! What happened to one thing: every change of it and every answer that told of it, with the moments at which they began and ended.
//!
//! A thing is a register: at each moment it has one value. It is whatever is changed and asked for as one: a key, a session, or a policy
//! with the keys that use it. Its changes are in one order, in which they stand here. The workload sees to that: it begins no change of a
//! thing before the one before was answered or given up, and it goes on behind one that was given up only with a change that keeps the
//! other one from taking effect later: one that names the version that it replaces, or one that has no way back. Where two changes do
//! run at once, the order is that of the rules: a key that was made is older than what ends it, or it would not have been made.

use std::time::{Duration, Instant};

/// A moment of the run: nanoseconds since it began, on the one monotonic clock of this process.
pub type Moment = u64;

/// The clock of the run.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// This moment.
    pub fn now(self) -> Moment {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(Moment::MAX)
    }

    /// How long the run has lasted.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// What a thing can be: a number below 64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value(u8);

impl Value {
    /// Not valid: revoked, deleted, ended.
    pub const DEAD: Self = Self(0);
    /// Valid, where nothing else of it changes.
    pub const ALIVE: Self = Self(1);

    /// Valid, in one of 62 ways.
    pub fn variant(number: u8) -> Self {
        assert!(number < 62, "a value is one bit of a word");
        Self(number + 2)
    }
}

/// The values that an answer agrees with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen(u64);

impl Seen {
    /// It agrees with this one only.
    pub fn only(value: Value) -> Self {
        Self(1 << value.0)
    }

    /// It agrees with all but this one.
    pub fn all_but(value: Value) -> Self {
        Self(!(1 << value.0))
    }

    /// It agrees with what both agree with.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it agrees with this one.
    pub fn agrees(self, value: Value) -> bool {
        self.0 & (1 << value.0) != 0
    }
}

/// A change that may have taken effect.
#[derive(Clone, Debug)]
pub struct Change {
    /// What was asked, for people.
    pub what: &'static str,
    /// Which node was asked, from 0.
    pub node: usize,
    /// When it was asked.
    pub invoked: Moment,
    /// When its success was known. None: nobody knows whether and when it takes effect, until a later one returned.
    pub returned: Option<Moment>,
    /// What the thing is then.
    pub value: Value,
}

/// An answer that told something.
#[derive(Clone, Debug)]
pub struct Read {
    /// What was asked, for people.
    pub what: &'static str,
    /// Which node answered, from 0.
    pub node: usize,
    /// When it was asked.
    pub invoked: Moment,
    /// When the answer was complete.
    pub returned: Moment,
    /// What it told.
    pub seen: Seen,
}

/// All that happened to one thing.
#[derive(Clone, Debug)]
pub struct History {
    /// Its kind and name, for people. Never a secret.
    pub name: String,
    /// In their order. The first makes the thing.
    pub changes: Vec<Change>,
    /// In any order.
    pub reads: Vec<Read>,
}

impl History {
    /// Of a thing that was made by this change.
    pub fn of(name: String, creation: Change) -> Self {
        Self { name, changes: vec![creation], reads: Vec::new() }
    }

    /// Makes one answer tell what was before a change, as no node may after that change returned. Whether there was one to forge.
    ///
    /// With it the harness shows that it can fail.
    pub fn forge(&mut self) -> bool {
        for (before, after) in self.changes.iter().zip(self.changes.iter().skip(1)) {
            let Some(returned) = after.returned else { continue };
            let next = self.changes.iter().find(|change| change.invoked > returned).map_or(Moment::MAX, |change| change.invoked);
            if before.value == after.value {
                continue;
            }
            if let Some(read) = self.reads.iter_mut().find(|read| read.invoked > returned && read.returned < next) {
                read.seen = Seen::only(before.value);
                return true;
            }
        }
        false
    }
}
