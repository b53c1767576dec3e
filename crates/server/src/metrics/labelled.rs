//! Counters with a label whose values are all known, each registered beforehand.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::registered;

/// A label with all its values.
pub(super) trait Label: Copy + PartialEq + 'static {
    /// Every value, and how it is written.
    const ALL: &'static [(Self, &'static str)];
}

/// One counter for each value of the label.
pub(super) struct Counters<L> {
    counters: Vec<(L, IntCounter)>,
}

impl<L: Label> Counters<L> {
    /// Counters with this label alone.
    pub(super) fn single(registry: &Registry, (name, help): (&str, &str), label: &str) -> Self {
        let family = registered(registry, IntCounterVec::new(Opts::new(name, help), &[label]));
        Self { counters: L::ALL.iter().map(|(value, text)| (*value, family.with_label_values(&[*text]))).collect() }
    }

    /// Counters with another label before it, a set for each value of that.
    pub(super) fn family<const N: usize>(
        registry: &Registry,
        (name, help): (&str, &str),
        (other, values): (&str, [&str; N]),
        label: &str,
    ) -> [Self; N] {
        let family = registered(registry, IntCounterVec::new(Opts::new(name, help), &[other, label]));
        values.map(|other| Self {
            counters: L::ALL.iter().map(|(value, text)| (*value, family.with_label_values(&[other, *text]))).collect(),
        })
    }

    /// Counts so many of this value.
    pub(super) fn count(&self, value: L, number: u64) {
        if let Some(counter) = self.of(value) {
            counter.inc_by(number);
        }
    }

    /// How many of this value were counted.
    pub(super) fn counted(&self, value: L) -> u64 {
        self.of(value).map_or(0, IntCounter::get)
    }

    fn of(&self, value: L) -> Option<&IntCounter> {
        self.counters.iter().find(|(one, _)| *one == value).map(|(_, counter)| counter)
    }
}
