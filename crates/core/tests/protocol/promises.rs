//! The promises, and what must happen now and then for them to mean anything.

use stateright::Property;

use crate::setup::{Mode, Setup};
use crate::state::{Asking, Change, Node, Revision, Row, State, UnderWay, Verifying};

/// What may be broken, as DESIGN §5 names it.
pub(crate) const PROMISES: [&str; 4] = ["I1", "I2", "I3", "I4"];

/// Whether the key is rejected at this revision: the first change creates it, the second one takes from it the right that is asked for, and the
/// third one gives that back.
fn rejected_at(revision: Revision) -> bool {
    revision.is_multiple_of(2)
}

/// A verification is answered by the image as it is now.
pub(crate) fn judge(state: &mut State, mode: Mode) -> Option<()> {
    let verification = state.verification.take()?;
    let content = state.nodes[verification.node].image?.content;
    let could_be = verification.returned..=state.counter();
    state.broken.i1 = content.is_some_and(|content| content < verification.returned);
    state.broken.i3 = verification.returned > 0 && content.is_none_or(|content| content == 0);
    state.broken.i4 = content.is_none_or(rejected_at) && !could_be.into_iter().any(rejected_at);
    if mode == Mode::Strict {
        state.broken.i2 = content.is_some_and(|content| content < verification.answered);
        state.answered = state.answered.max(content.unwrap_or(0));
    }
    Some(())
}

pub(crate) fn properties(setup: &Setup) -> Vec<Property<Setup>> {
    let mut properties = vec![
        Property::always("I1", |_, state: &State| !state.broken.i1),
        Property::always("I2", |_, state: &State| !state.broken.i2),
        Property::always("I3", |_, state: &State| !state.broken.i3),
        Property::always("I4", |_, state: &State| !state.broken.i4),
        Property::always("no node believes that the database was put back", |_, state: &State| !state.broken.alarm),
        Property::sometimes("a strong read answers after a change", |_, state: &State| answers(state, Verifying::Read)),
    ];
    if setup.mode == Mode::Lease {
        properties.extend([
            Property::sometimes("a lease answers after a change", |_, state: &State| answers(state, Verifying::Leased)),
            Property::sometimes("a node has a lease, and a change waits for it", |_, state: &State| {
                any(state, |node, row| covered(state, node) && row.known && !row.fenced && row.acked < state.counter())
            }),
            Property::sometimes("a beat finds a change that it did not tell", |_, state: &State| {
                let finds = |beat: UnderWay| matches!(beat.stage, Asking::Counter(counter) if beat.told() < counter);
                state.nodes.iter().filter_map(|node| node.beat).any(finds)
            }),
            Property::sometimes("a change returns though a node is not fenced", |_, state: &State| {
                state.changes[0] == Some(Change::Returned) && any(state, |_, row| !row.fenced && row.acked > 0)
            }),
            Property::sometimes("a node is fenced, and does not know it", |_, state: &State| any(state, |_, row| row.known && row.fenced)),
            Property::sometimes("a node that had a lease is registered anew", |_, state: &State| {
                any(state, |node, row| node.image.is_some_and(|image| image.lease.end().is_some()) && row.acked > held(node))
            }),
        ]);
    }
    if setup.foretold {
        properties.push(Property::sometimes(
            "a change returns though a node that has a lease only heeds it",
            |setup: &Setup, state: &State| {
                let heeds = |node: &Node| covered(state, node) && node.doubt.is_some_and(|doubt| doubt.revision <= state.returned());
                state.nodes.iter().take(setup.asked).any(heeds)
            },
        ));
    }
    if setup.restless {
        properties.push(Property::sometimes("a node is registered anew while it has a lease", |_, state: &State| {
            any(state, |node, row| covered(state, node) && row.acked > held(node))
        }));
    }
    properties
}

fn any(state: &State, is: impl Fn(&Node, Row) -> bool) -> bool {
    state.nodes.iter().any(|node| node.row.is_some_and(|row| is(node, row)))
}

fn covered(state: &State, node: &Node) -> bool {
    node.image.is_some_and(|image| image.lease.covers(state.now))
}

fn held(node: &Node) -> Revision {
    node.image.map_or(0, |image| image.lease.held().revision as Revision)
}

fn answers(state: &State, stage: Verifying) -> bool {
    state.verification.is_some_and(|one| one.stage == stage && one.returned > 0)
}
