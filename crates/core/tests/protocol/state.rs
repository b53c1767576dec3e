//! What the model knows of the database, the nodes and those who make changes or verify.

use std::hash::{Hash, Hasher};

use keybearer_core::lease::{Beat, Instant, Lease};

use crate::clock;
use crate::promises::PROMISES;

/// The most nodes, and the most changes, of any setup.
pub(crate) const NODES: usize = 2;
pub(crate) const CHANGES: usize = 3;

/// A revision: how many changes were committed by then.
pub(crate) type Revision = u8;

/// Everything at one moment.
///
/// Two of them are equal if they cannot be told apart from here on: see [`State::code`].
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// As in the setup.
    pub(crate) lasts: u32,
    pub(crate) asked: usize,
    pub(crate) now: Instant,
    /// Those committed, in the order of their revisions.
    pub(crate) changes: [Option<Change>; CHANGES],
    pub(crate) nodes: [Node; NODES],
    /// For each revision, and each that was heard of by a message, whether an unfenced row that no process has any more stands there; and apart,
    /// whether one does that has heeded what is foretold.
    pub(crate) orphans: [[[bool; CHANGES + 1]; CHANGES + 1]; 2],
    /// When the next change was foretold, if it was.
    pub(crate) foretold: Option<Instant>,
    pub(crate) verification: Option<Verification>,
    /// How often a node may still be killed or shut down.
    pub(crate) ends_left: u8,
    /// The newest state by which anything was answered. Looked at in strict mode only.
    pub(crate) answered: Revision,
    /// What was promised and not kept.
    pub(crate) broken: Broken,
}

/// A committed change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// Its maker waits for the nodes, and has since an instant after the commit.
    Waits { since: Instant },
    /// It has looked up which nodes it will fence, in [`crate::wrong::Wrong::FencesByList`].
    Listed { nodes: [bool; NODES] },
    /// The call has returned.
    Returned,
}

/// A node, and what the database knows of it.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Node {
    pub(crate) image: Option<Image>,
    pub(crate) fetch: Option<Fetch>,
    pub(crate) row: Option<Row>,
    pub(crate) beat: Option<UnderWay>,
    /// A statement that nobody waits for and that will set `acked` if it ever runs: an acknowledgement, or a beat that was given up.
    pub(crate) stray: Option<Revision>,
    /// A message on its way to those who wait, of what this incarnation holds.
    pub(crate) message: Option<Revision>,
    /// On its way to the node: which change is foretold.
    pub(crate) foretold: Option<Revision>,
    /// On its way back: that the node heeds what is foretold, and is not committed yet.
    pub(crate) heeds: bool,
    /// What it heeds.
    pub(crate) doubt: Option<Doubt>,
    /// A registration that nobody waits for any more and that may yet run.
    pub(crate) late_registration: bool,
}

/// What a node answers from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image {
    /// The revision whose state this really is; none if it was emptied.
    pub(crate) content: Option<Revision>,
    /// What the node takes it for, and how long it may answer from it.
    pub(crate) lease: Lease,
}

/// A node answers nothing under its lease, until it holds the change that was foretold or the time is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubt {
    pub(crate) revision: Revision,
    pub(crate) until: Instant,
}

/// A load, a later fetch or a strong read: they are one statement. One at a time on each node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fetch {
    pub(crate) sent: Instant,
    /// It was sent after the verification that waits on this node was invoked.
    pub(crate) fresh: bool,
    pub(crate) stage: Reading,
}

/// How far a fetch is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// On its way to the database.
    Sent,
    /// It has the rows, and not the counter: in [`crate::wrong::Wrong::LabelsTooNew`].
    HasRows { content: Revision },
    /// On its way back.
    Done { content: Revision, revision: Revision },
}

/// The row of a node's newest incarnation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) acked: Revision,
    /// What those who wait have heard of this incarnation by messages. It is no part of the row.
    pub(crate) heard: Revision,
    /// Whether the maker of the next change has heard that this incarnation heeds what it foretold. It is no part of the row either.
    pub(crate) heeded: bool,
    pub(crate) fenced: bool,
    /// Whether the node knows that it is registered.
    pub(crate) known: bool,
}

/// A heartbeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnderWay {
    pub(crate) beat: Beat,
    pub(crate) stage: Asking,
}

impl UnderWay {
    /// The revision that the node held when it sent this.
    pub(crate) fn told(self) -> Revision {
        self.beat.held.revision as Revision
    }
}

/// How far a heartbeat is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asking {
    /// On its way to the database.
    Sent,
    /// On its way back, with the counter.
    Counter(Revision),
    /// On its way back: this incarnation is fenced.
    Fenced,
}

/// A verification. One at a time: they do not act on each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verification {
    pub(crate) node: usize,
    /// The newest change that had returned when it was invoked.
    pub(crate) returned: Revision,
    /// The newest state by which another had been answered when it was invoked.
    pub(crate) answered: Revision,
    pub(crate) stage: Verifying,
}

/// How far a verification is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verifying {
    Invoked,
    /// It found a lease, and will decide.
    Leased,
    /// Its strong read has arrived, and it will decide.
    Read,
}

/// The promises, each with whether it was broken.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Broken {
    /// A verification invoked after a change had returned was answered by an older state.
    pub(crate) i1: bool,
    /// Strict mode: a verification invoked after another was answered by a newer state was answered by an older one.
    pub(crate) i2: bool,
    /// A created key was not found after its creation had returned.
    pub(crate) i3: bool,
    /// A verification was rejected though in no state that it may have seen it should have been.
    pub(crate) i4: bool,
    /// A node believed that the database was put back.
    pub(crate) alarm: bool,
}

impl Broken {
    /// Those that were broken, by name.
    pub(crate) fn promises(self) -> Vec<&'static str> {
        let broken = PROMISES.into_iter().zip([self.i1, self.i2, self.i3, self.i4]);
        broken.filter_map(|(name, broken)| broken.then_some(name)).collect()
    }

    pub(crate) fn any(self) -> bool {
        self != Self::default()
    }
}

impl State {
    /// Where the counter stands.
    pub(crate) fn counter(&self) -> Revision {
        self.changes.iter().flatten().count() as Revision
    }

    /// The newest change that has returned.
    pub(crate) fn returned(&self) -> Revision {
        let has = |change: &Option<Change>| *change == Some(Change::Returned);
        self.changes.iter().rposition(has).map_or(0, |at| at as Revision + 1)
    }

    /// Whether this change has anybody to wait for.
    pub(crate) fn lags(&self, change: usize) -> bool {
        let late = |row: Row| !row.fenced && usize::from(row.acked.max(row.heard)) <= change;
        let orphan = |heard: &[bool; CHANGES + 1]| heard[..=change].contains(&true);
        self.nodes.iter().filter_map(|node| node.row).any(late) || self.orphans.as_flattened().iter().any(orphan)
    }

    /// Whether this node has a lease that covers this moment, and nothing is in doubt there.
    pub(crate) fn covers(&self, at: usize) -> bool {
        let node = &self.nodes[at];
        node.doubt.is_none() && node.image.is_some_and(|image| image.lease.covers(self.now))
    }

    /// Everything that can still make a difference, in few bits.
    ///
    /// - Of an instant in the past, how long ago it was, and no more than a lease lasts: what was granted from then is over by now.
    /// - Of the end of a lease, how long it is until then, and whether the lease covers this very moment.
    /// - Of a node that nobody asks, no times. It makes a difference by what it tells the database, and that does not depend on them.
    /// - If all nodes are asked, they are alike: the one with the smaller code first.
    fn code(&self) -> [u64; NODES + 1] {
        let mut shared = Packed(0);
        for change in self.changes {
            shared.push(
                3,
                match change {
                    None => 0,
                    Some(Change::Waits { since }) => 1 + clock::age(self.now, since, self.lasts),
                    Some(Change::Listed { .. }) => 6,
                    Some(Change::Returned) => 7,
                },
            );
        }
        for orphan in self.orphans.into_iter().flatten().flatten() {
            shared.push(1, orphan.into());
        }
        // Of what is foretold, it matters whether it can still count.
        shared.push(2, self.foretold.map_or(0, |since| 1 + clock::age(self.now, since, clock::AHEAD + 1)));
        shared.push(2, self.ends_left.into());
        shared.push(2, self.answered.into());
        for broken in [self.broken.i1, self.broken.i2, self.broken.i3, self.broken.i4, self.broken.alarm] {
            shared.push(1, broken.into());
        }
        let mut code: [u64; NODES + 1] = std::array::from_fn(|at| if at < NODES { self.code_of(at) } else { shared.0 });
        if self.asked == NODES {
            code[..NODES].sort_unstable();
        }
        code
    }

    fn code_of(&self, at: usize) -> u64 {
        let node = &self.nodes[at];
        let asked = at < self.asked;
        let age = |instant| if asked { clock::age(self.now, instant, self.lasts) } else { 0 };
        let mut code = Packed(0);
        let image = node.image.map(|Image { content, lease }| {
            let held = lease.held();
            let (left, covers) = if asked { (clock::left(self.now, lease.end()), lease.covers(self.now)) } else { (0, false) };
            [1, optional(content), held.revision as u64, age(held.since), left, covers.into()]
        });
        code.push_all([1, 3, 2, 2, 2, 1], image);
        let fetch = node.fetch.map(|Fetch { sent, fresh, stage }| {
            let (stage, content, revision) = match stage {
                Reading::Sent => (1, 0, 0),
                Reading::HasRows { content } => (2, content, 0),
                Reading::Done { content, revision } => (3, content, revision),
            };
            let since = node.image.map_or(sent, |image| image.lease.held().since.max(sent));
            [stage, content.into(), revision.into(), age(since), fresh.into()]
        });
        code.push_all([2, 2, 2, 2, 1], fetch);
        let row = node.row.map(|row| {
            let Row { acked, heard, heeded, fenced, known } = row;
            [1, acked.into(), heard.into(), heeded.into(), fenced.into(), known.into()]
        });
        code.push_all([1, 2, 2, 1, 1, 1], row);
        let beat = node.beat.map(|UnderWay { beat, stage }| {
            let told = beat.held.revision as u64;
            match stage {
                Asking::Sent => [1, age(beat.sent), age(beat.held.since), told],
                Asking::Fenced => [2, 0, 0, 0],
                Asking::Counter(counter) => {
                    let counter = u64::from(counter);
                    [3 + counter, age(beat.sent), if counter > told { age(beat.held.since) } else { 0 }, told]
                }
            }
        });
        code.push_all([3, 2, 2, 2], beat);
        code.push(3, optional(node.stray));
        code.push(3, optional(node.message));
        code.push(2, node.foretold.unwrap_or(0).into());
        code.push(1, node.heeds.into());
        let doubt = node.doubt.filter(|_| asked);
        code.push_all([2, 3], doubt.map(|doubt| [doubt.revision.into(), clock::left(self.now, Some(doubt.until))]));
        code.push(1, node.late_registration.into());
        let here = self.verification.filter(|verification| verification.node == at);
        code.push_all([2, 2, 2], here.map(|one| [1 + one.stage as u64, one.returned.into(), one.answered.into()]));
        for change in self.changes {
            code.push(1, matches!(change, Some(Change::Listed { nodes }) if nodes[at]).into());
        }
        code.0
    }
}

fn optional(revision: Option<Revision>) -> u64 {
    revision.map_or(0, |revision| 1 + u64::from(revision))
}

/// Numbers of few bits, one after the other.
struct Packed(u64);

impl Packed {
    fn push(&mut self, bits: u32, number: u64) {
        assert!(number >> bits == 0 && self.0.leading_zeros() >= bits, "{number} in {bits} bits");
        self.0 = self.0 << bits | number;
    }

    /// None is zeros, so that each place means the same in every code.
    fn push_all<const N: usize>(&mut self, bits: [u32; N], numbers: Option<[u64; N]>) {
        for (bits, number) in bits.into_iter().zip(numbers.unwrap_or([0; N])) {
            self.push(bits, number);
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}
