//! What is explored, and how far.

use std::time::Duration;

use keybearer_core::lease::{Held, Lease, Terms};
use stateright::{Model, Property};

use crate::clock;
use crate::promises;
use crate::state::{Broken, CHANGES, Image, NODES, Node, Row, State};
use crate::steps::Step;
use crate::wrong::Wrong;

/// A model of the protocol, within bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) mode: Mode,
    pub(crate) nodes: usize,
    /// How many of them, from the first on, are asked to verify.
    pub(crate) asked: usize,
    pub(crate) changes: usize,
    /// How many nodes are killed or shut down, in all.
    pub(crate) ends: u8,
    /// Whether there are statements that nobody waits for: acknowledgements, and beats that were given up and run later.
    pub(crate) strays: bool,
    /// Whether nodes tell what they hold by messages as well, which may be late or lost.
    pub(crate) messages: bool,
    /// Whether changes tell by messages what they did, which may be late or lost.
    pub(crate) news: bool,
    /// Whether changes may be foretold.
    pub(crate) foretold: bool,
    /// Whether a node may register anew at any time, and not only when it finds itself fenced.
    pub(crate) restless: bool,
    /// Whether the nodes have loaded and are registered when the exploration begins.
    pub(crate) running: bool,
    /// How many ticks a lease lasts and a change waits.
    pub(crate) lasts: u32,
    pub(crate) wrong: Option<Wrong>,
}

/// How a node knows that its image may be answered from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// It has a lease.
    Lease,
    /// It has read the counter since it was asked. No node registers, and no change waits for any.
    Strict,
}

impl Setup {
    /// One node from its start on, two changes, and nothing out of the ordinary.
    pub(crate) const SMALL: Self = Self {
        mode: Mode::Lease,
        nodes: 1,
        asked: 1,
        changes: 2,
        ends: 0,
        strays: false,
        messages: false,
        news: false,
        foretold: false,
        restless: false,
        running: false,
        lasts: 2,
        wrong: None,
    };

    pub(crate) fn is(&self, wrong: Wrong) -> bool {
        self.wrong == Some(wrong)
    }

    /// Whether there are leases.
    pub(crate) fn leases(&self) -> bool {
        self.mode == Mode::Lease || self.is(Wrong::LeasesInStrictMode)
    }

    pub(crate) fn terms(&self) -> Terms {
        clock::terms(self.lasts)
    }

    /// How long what is foretold is heeded.
    pub(crate) fn doubt(&self) -> Duration {
        let doubt = self.terms().doubt();
        if self.is(Wrong::DoubtsTooShort) { doubt - clock::TICK } else { doubt }
    }

    /// How long a change waits.
    pub(crate) fn wait(&self) -> Duration {
        let wait = self.terms().wait();
        if self.is(Wrong::WaitsTooShort) { wait - clock::TICK } else { wait }
    }
}

impl Model for Setup {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let image = Image { content: Some(0), lease: Lease::new(Held { revision: 0, since: clock::START }) };
        let row = Row { acked: 0, heard: 0, heeded: false, fenced: false, known: true };
        let running = Node { image: Some(image), row: Some(row), ..Node::default() };
        let node = |at| if self.running && at < self.nodes { running } else { Node::default() };
        vec![State {
            lasts: self.lasts,
            asked: self.asked,
            now: clock::START,
            changes: [None; CHANGES],
            nodes: [node(0), node(1)],
            orphans: [[[false; CHANGES + 1]; CHANGES + 1]; 2],
            foretold: None,
            verification: None,
            ends_left: self.ends,
            answered: 0,
            broken: Broken::default(),
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        assert!(self.asked <= self.nodes && self.nodes <= NODES && self.changes <= CHANGES);
        self.possible(state, steps);
    }

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        self.after(state, step)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::properties(self)
    }
}
