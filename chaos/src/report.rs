//! What was counted, and what is told of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::checker::{self, Mode, Violation};
use crate::history::{Change, Clock, History, Moment, Read};

/// How many violations are shown in full.
const SHOWN: u64 = 10;

/// The counts of a run.
pub(crate) struct Report {
    mode: Mode,
    clock: Clock,
    /// Whether one answer is still to be forged.
    forge: AtomicBool,
    operations: AtomicU64,
    verifications: AtomicU64,
    unanswered: AtomicU64,
    changes: AtomicU64,
    faults: AtomicU64,
    violations: AtomicU64,
    /// What was broken first.
    first: OnceLock<String>,
    /// How often each kind of thing happened, with what outcome.
    kinds: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

/// The last line.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Totals {
    /// All that was asked.
    pub(crate) operations: u64,
    /// Verifications whose answers were judged.
    pub(crate) verifications: u64,
    /// Changes that returned with success.
    pub(crate) changes: u64,
    /// Faults that took place.
    pub(crate) faults: u64,
    /// Broken promises.
    pub(crate) violations: u64,
}

impl Totals {
    /// Whether nothing was broken, and there was something to break.
    pub(crate) fn good(&self) -> bool {
        self.violations == 0 && self.verifications > 0 && self.changes > 0 && self.faults > 0
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { operations, verifications, changes, faults, violations } = self;
        write!(f, "operations={operations} verifications={verifications} changes={changes} faults={faults} violations={violations}")
    }
}

impl Report {
    /// Nothing yet.
    pub(crate) fn new(mode: Mode, clock: Clock, forge: bool) -> Self {
        Self {
            mode,
            clock,
            forge: AtomicBool::new(forge),
            operations: AtomicU64::new(0),
            verifications: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            violations: AtomicU64::new(0),
            first: OnceLock::new(),
            kinds: Mutex::new(BTreeMap::new()),
        }
    }

    /// The counts so far.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            operations: self.operations.load(Ordering::Relaxed),
            verifications: self.verifications.load(Ordering::Relaxed),
            changes: self.changes.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            violations: self.violations.load(Ordering::Relaxed),
        }
    }

    /// Verifications that proved nothing: 503, a lost connection, no answer in time.
    pub(crate) fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// Something that was asked.
    pub(crate) fn operation(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// A verification whose answer is judged, or that has none.
    pub(crate) fn verification(&self, what: &'static str, answered: bool) {
        let count = if answered { &self.verifications } else { &self.unanswered };
        count.fetch_add(1, Ordering::Relaxed);
        self.count(what, if answered { "answered" } else { "unanswered" });
    }

    /// A change, and what became of it.
    pub(crate) fn change(&self, what: &'static str, outcome: &'static str) {
        if outcome == "done" {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        self.count(what, outcome);
    }

    /// A fault that took place.
    pub(crate) fn fault(&self, what: &'static str) {
        self.faults.fetch_add(1, Ordering::Relaxed);
        self.count(what, "fault");
    }

    fn count(&self, what: &'static str, outcome: &'static str) {
        *self.kinds().entry((what, outcome)).or_default() += 1;
    }

    fn kinds(&self) -> MutexGuard<'_, BTreeMap<(&'static str, &'static str), u64>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often each kind of thing happened, a line for each.
    pub(crate) fn table(&self) -> String {
        let mut lines: BTreeMap<&str, String> = BTreeMap::new();
        for ((what, outcome), count) in &*self.kinds() {
            let line = lines.entry(what).or_default();
            write!(line, "  {outcome} {count}").unwrap_or_default();
        }
        lines.iter().map(|(what, counts)| format!("{what:<40}{counts}\n")).collect()
    }

    /// Something that no promise allows, and that is in no history.
    pub(crate) fn wrong(&self, what: &str) {
        self.first.get_or_init(|| what.chars().take(60).collect());
        if self.violations.fetch_add(1, Ordering::Relaxed) < SHOWN {
            println!("{:10.3}  WRONG: {what}", seconds(self.clock.now()));
        }
    }

    /// What was broken first.
    pub(crate) fn first(&self) -> Option<&str> {
        self.first.get().map(String::as_str)
    }

    /// A history that is complete: it is checked, and forgotten.
    pub(crate) fn finish(&self, mut history: History) {
        if self.forge.load(Ordering::Relaxed) && history.forge() {
            self.forge.store(false, Ordering::Relaxed);
        }
        for violation in checker::check(&history, self.mode) {
            self.first.get_or_init(|| format!("{:?}, {}", violation.promise, history.reads[violation.read].what));
            if self.violations.fetch_add(1, Ordering::Relaxed) < SHOWN {
                println!("{}", excerpt(&history, &violation));
            }
        }
    }
}

/// The changes and answers around one that breaks a promise.
fn excerpt(history: &History, violation: &Violation) -> String {
    let bad = &history.reads[violation.read];
    let mut lines: Vec<(Moment, String)> = checker::around(history, bad).map(|change| (change.invoked, line_of_change(change))).collect();
    let against = violation.against.map(|place| &history.reads[place]);
    lines.extend(against.map(|read| (read.invoked, line_of_read(read, "      "))));
    lines.push((bad.invoked, line_of_read(bad, "  >>> ")));
    lines.sort();
    let told: String = lines.into_iter().map(|(_, line)| line).collect();
    format!("VIOLATION of {:?}: {} (seconds since the run began)\n{told}", violation.promise, history.name)
}

fn line_of_change(change: &Change) -> String {
    let until = change.returned.map_or_else(|| "   unknown".to_owned(), |returned| format!("{:10.4}", seconds(returned)));
    format!("      {:10.4} -{until}  node{}  {} -> {:?}\n", seconds(change.invoked), change.node, change.what, change.value)
}

fn line_of_read(read: &Read, mark: &str) -> String {
    let (from, until) = (seconds(read.invoked), seconds(read.returned));
    format!("{mark}{from:10.4} -{until:10.4}  node{}  {} told {:?}\n", read.node, read.what, read.seen)
}

/// A moment in seconds.
fn seconds(moment: Moment) -> f64 {
    std::time::Duration::from_nanos(moment).as_secs_f64()
}
