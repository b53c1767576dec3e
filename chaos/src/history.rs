//! What happened to one thing: every change of it and every answer that told of it, with the moments at which they began and ended.
//!
//! A thing is a register: at each moment it has one value. It is whatever is changed and asked for as one: a key, a session, or a policy
//! with the keys that use it. Its changes are in one order, in which they stand here. The workload sees to that: it begins no change of a
//! thing before the one before was answered or given up, and it goes on behind one that was given up only with a change that keeps the
//! other one from taking effect later: one that names the version that it replaces, or one that has no way back. Where two changes do
//! run at once, the order is that of the rules: a key that was made is older than what ends it, or it would not have been made.

use std::fmt;
use std::time::{Duration, Instant};

/// A moment of the run: nanoseconds since it began, on the one monotonic clock of this process.
pub(crate) type Moment = u64;

/// The clock of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Begins now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// This moment.
    pub(crate) fn now(self) -> Moment {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(Moment::MAX)
    }

    /// How long the run has lasted.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// What a thing can be: a number below 64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value(u8);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("dead"),
            1 => f.write_str("alive"),
            number => write!(f, "variant {}", number - 2),
        }
    }
}

impl Value {
    /// Not valid: revoked, deleted, ended.
    pub(crate) const DEAD: Self = Self(0);
    /// Valid, where nothing else of it changes.
    pub(crate) const ALIVE: Self = Self(1);

    /// Valid, in one of 62 ways.
    pub(crate) fn variant(number: u8) -> Self {
        assert!(number < 62, "a value is one bit of a word");
        Self(number + 2)
    }
}

/// The values that an answer agrees with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u64);

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = self.0.count_ones() > 32;
        let named = (0..64).map(Value).filter(|value| self.agrees(*value) != many);
        f.write_str(if many { "all but " } else { "" })?;
        f.debug_set().entries(named).finish()
    }
}

impl Seen {
    /// It agrees with this one only.
    pub(crate) fn only(value: Value) -> Self {
        Self(1 << value.0)
    }

    /// It agrees with each of these.
    pub(crate) fn any(values: impl Iterator<Item = Value>) -> Self {
        Self(values.fold(0, |seen, value| seen | 1 << value.0))
    }

    /// It agrees with all but this one.
    pub(crate) fn all_but(value: Value) -> Self {
        Self(!(1 << value.0))
    }

    /// It agrees with what both agree with.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it agrees with this one.
    pub(crate) fn agrees(self, value: Value) -> bool {
        self.0 & (1 << value.0) != 0
    }
}

/// A change that may have taken effect.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// What was asked, for people.
    pub(crate) what: &'static str,
    /// Which node was asked, from 0.
    pub(crate) node: usize,
    /// When it was asked.
    pub(crate) invoked: Moment,
    /// When its success was known. None: nobody knows whether and when it takes effect, until a later one returned.
    pub(crate) returned: Option<Moment>,
    /// What the thing is then.
    pub(crate) value: Value,
}

/// An answer that told something.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// What was asked, for people.
    pub(crate) what: &'static str,
    /// Which node answered, from 0.
    pub(crate) node: usize,
    /// When it was asked.
    pub(crate) invoked: Moment,
    /// When the answer was complete.
    pub(crate) returned: Moment,
    /// What it told.
    pub(crate) seen: Seen,
}

/// All that happened to one thing.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// Its kind and name, for people. Never a secret.
    pub(crate) name: String,
    /// In their order. The first makes the thing.
    pub(crate) changes: Vec<Change>,
    /// In any order.
    pub(crate) reads: Vec<Read>,
}

impl History {
    /// Of a thing that was made by this change.
    pub(crate) fn of(name: String, creation: Change) -> Self {
        Self { name, changes: vec![creation], reads: Vec::new() }
    }

    /// Makes one answer tell what was before a change, as no node may after that change returned. Whether there was one to forge.
    ///
    /// With it the harness shows that it can fail.
    pub(crate) fn forge(&mut self) -> bool {
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
