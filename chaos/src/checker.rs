//! Whether a history keeps the promises. Pure code, in n log n.
//!
//! I1: no answer to a question that was asked after a change's return tells the state before. I3: a key is good on every node after its
//! 201. I4: nothing is told of a change before it was asked for. In strict mode also I2: once an answer told the new state, no question
//! asked later is answered by the old one; together they make the thing a linearizable register.
//!
//! An answer may tell the value of each change from the last one that had returned before the question to the last one that was asked for
//! before the answer was complete. A change whose outcome is unknown is in that range from its invocation until a later one has returned.
//! For I2, a floor rises: the oldest change that the answers complete so far leave possible. To take the oldest possible one for each
//! answer is the mildest choice, so if it fails, no other order of the answers fits either.

#[cfg(test)]
mod tests;

use crate::history::{Change, History, Moment, Read};

/// What is promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Mode {
    /// I1, I3 and I4.
    Lease,
    /// I2 as well.
    Strict,
}

/// What was broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Promise {
    /// The old state after the change's return.
    I1,
    /// The old state after an answer by the new one.
    I2,
    /// Not good after its creation.
    I3,
    /// A state that nobody had asked for yet.
    I4,
}

/// A broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Violation {
    /// Which.
    pub(crate) promise: Promise,
    /// The answer that breaks it, by its place in the history.
    pub(crate) read: usize,
    /// The answer before it, where two do not go together.
    pub(crate) against: Option<usize>,
}

/// All answers of the history that break a promise.
pub(crate) fn check(history: &History, mode: Mode) -> Vec<Violation> {
    let ranges: Vec<Range> = ranges(history);
    let mut violations = Vec::new();
    for (place, range) in ranges.iter().enumerate() {
        let read = &history.reads[place];
        if range.oldest_fit(history, read, 0).is_none() {
            violations.push(Violation { promise: range.broken(history, read), read: place, against: None });
        }
    }
    if mode == Mode::Strict {
        inversions(history, &ranges, &mut violations);
    }
    violations
}

/// The changes by which an answer may have been made: from the first to the last, both included.
struct Range {
    first: usize,
    last: usize,
}

impl Range {
    /// The oldest of them, at least `floor`, whose value the answer tells.
    fn oldest_fit(&self, history: &History, read: &Read, floor: usize) -> Option<usize> {
        (self.first.max(floor)..=self.last).find(|place| read.seen.agrees(history.changes[*place].value))
    }

    /// Which promise an answer breaks that tells none of their values.
    fn broken(&self, history: &History, read: &Read) -> Promise {
        if history.changes[..self.first].iter().any(|change| read.seen.agrees(change.value)) {
            return Promise::I1;
        }
        if self.first == 0 && self.last == 0 && read.seen.agrees(crate::history::Value::DEAD) && !any_good_before(history, read) {
            return Promise::I3;
        }
        Promise::I4
    }
}

/// Whether the node of this answer had told before that the thing was there.
fn any_good_before(history: &History, read: &Read) -> bool {
    let creation = history.changes[0].value;
    history.reads.iter().any(|other| other.node == read.node && other.returned <= read.invoked && other.seen.agrees(creation))
}

fn ranges(history: &History) -> Vec<Range> {
    // Returned changes by the moment of their return, each with the greatest place of those so far.
    let mut returned: Vec<(Moment, usize)> =
        history.changes.iter().enumerate().filter_map(|(place, change)| Some((change.returned?, place))).collect();
    returned.sort_unstable();
    raise(&mut returned);
    let mut invoked: Vec<(Moment, usize)> = history.changes.iter().enumerate().map(|(place, change)| (change.invoked, place)).collect();
    invoked.sort_unstable();
    raise(&mut invoked);
    history
        .reads
        .iter()
        .map(|read| Range {
            first: latest(&returned, read.invoked),
            last: latest(&invoked, read.returned).max(latest(&returned, read.invoked)),
        })
        .collect()
}

/// Lets each place be the greatest so far.
fn raise(places: &mut [(Moment, usize)]) {
    let mut greatest = 0;
    for (_, place) in places {
        greatest = greatest.max(*place);
        *place = greatest;
    }
}

/// The place that stands last before this moment.
fn latest(places: &[(Moment, usize)], moment: Moment) -> usize {
    let count = places.partition_point(|(at, _)| *at < moment);
    count.checked_sub(1).map_or(0, |last| places[last].1)
}

/// A point at which the walk for I2 stops: questions before answers of the same moment, since only what was complete before counts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Asked,
    Answered,
}

fn inversions(history: &History, ranges: &[Range], violations: &mut Vec<Violation>) {
    let mut edges: Vec<(Moment, Edge, usize)> = Vec::with_capacity(history.reads.len() * 2);
    for (place, read) in history.reads.iter().enumerate() {
        edges.push((read.invoked, Edge::Asked, place));
        edges.push((read.returned, Edge::Answered, place));
    }
    edges.sort_unstable();
    let mut floor: (usize, Option<usize>) = (0, None);
    let mut chosen: Vec<Option<usize>> = vec![None; history.reads.len()];
    for (_, edge, place) in edges {
        let read = &history.reads[place];
        match edge {
            Edge::Asked => {
                chosen[place] = ranges[place].oldest_fit(history, read, floor.0);
                // What fits nowhere was told already.
                if chosen[place].is_none() && ranges[place].oldest_fit(history, read, 0).is_some() {
                    violations.push(Violation { promise: Promise::I2, read: place, against: floor.1 });
                }
            }
            Edge::Answered => {
                if let Some(change) = chosen[place].filter(|change| *change > floor.0) {
                    floor = (change, Some(place));
                }
            }
        }
    }
}

/// The changes around an answer, for people.
pub(crate) fn around<'a>(history: &'a History, read: &Read) -> impl Iterator<Item = &'a Change> {
    let invoked = read.invoked;
    let after = history.changes.partition_point(|change| change.invoked < invoked);
    history.changes[after.saturating_sub(3)..(after + 2).min(history.changes.len())].iter()
}
