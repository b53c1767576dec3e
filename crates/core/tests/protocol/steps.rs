//! What may happen next.

use crate::setup::Setup;
use crate::state::{Asking, Change, Node, Reading, Revision, Row, State, UnderWay, Verifying};
use crate::wrong::Wrong;

/// One step of somebody. Nodes and changes are given by their places; a change's is one less than its revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Time goes on.
    Tick,

    /// A change commits, and its maker notes when.
    Commit,
    /// Somebody tells all nodes of the next change before it is made, by messages. It may be another one than told of before.
    Foretell,
    /// The change commits that was foretold.
    CommitForetold,
    /// A node hears what is foretold, doubts its image from then on, and says so by a message.
    Heed(usize),
    /// That is heard.
    HearHeeding(usize),
    /// A change has nobody to wait for, and returns.
    Return(usize),
    /// A change has waited long enough. It fences whoever has not told, and returns.
    Fence(usize),
    /// As [`Step::Fence`], in two statements.
    LookUp(usize),
    FenceListed(usize),

    /// A node hears what the change did that follows on what it holds, and takes it over.
    TakeNews(usize),
    /// The same of a change that does not follow, in [`Wrong::TakesNewsOutOfOrder`].
    LeapToNews(usize),

    SendFetch(usize),
    RunFetch(usize),
    /// The second statement of a fetch, where it has two.
    ReadCounter(usize),
    TakeFetch(usize),
    /// The reply is lost, or not waited for.
    LoseFetch(usize),

    /// The statement runs. Before that, a registration is nothing.
    Register(usize),
    LearnOfRegistration(usize),
    /// The reply is lost, or the node wants another incarnation.
    LeaveIncarnation(usize),
    /// A registration is given up, and may run later.
    DelayRegistration(usize),
    RegisterLate(usize),

    SendBeat(usize),
    RunBeat(usize),
    TakeBeat(usize),
    /// The reply is lost, or not waited for.
    LoseBeat(usize),
    SendAck(usize),
    /// A node tells by a message, which is heard or lost.
    SendMessage(usize),
    Hear(usize),
    LoseMessage(usize),
    /// An acknowledgement runs, or a beat that was given up.
    RunStray(usize),

    Kill(usize),
    /// The node drops its lease, fences itself, and is gone.
    ShutDown(usize),

    Invoke(usize),
    CheckLease,
    Decide,
}

impl Setup {
    /// Every step that somebody may take. A promise that is broken ends everything.
    pub(crate) fn possible(&self, state: &State, steps: &mut Vec<Step>) {
        if state.broken.any() {
            return;
        }
        self.of_the_verification(state, steps);
        self.of_changes(state, steps);
        for (at, node) in state.nodes.iter().enumerate().take(self.nodes) {
            of_fetches(node, at, steps);
            if node.image.is_none() {
                // A fetch is all there is to do.
                match node.row {
                    None if self.is(Wrong::NotesAfterTheLoad) => steps.push(Step::Register(at)),
                    Some(Row { known: false, .. }) => steps.push(Step::LearnOfRegistration(at)),
                    _ => {}
                }
                continue;
            }
            if self.leases() {
                self.of_the_row(state, node, at, steps);
            }
            if self.news {
                self.of_news(state, node, at, steps);
            }
            // Whoever has less, or has it already, does not answer.
            if node.foretold.is_some_and(|revision| node.image.is_some_and(|image| image.lease.held().revision + 1 == i64::from(revision)))
            {
                steps.push(Step::Heed(at));
            }
            if node.heeds {
                steps.push(Step::HearHeeding(at));
            }
            if state.ends_left > 0 {
                steps.extend([Step::Kill(at), Step::ShutDown(at)]);
            }
            if at < self.asked && state.verification.is_none() {
                steps.push(Step::Invoke(at));
            }
        }
        if self.leases() {
            steps.push(Step::Tick);
        }
    }

    fn of_the_verification(&self, state: &State, steps: &mut Vec<Step>) {
        let Some(verification) = state.verification else { return };
        match verification.stage {
            // Without a lease it waits until a fetch has arrived that was sent after it was invoked.
            Verifying::Invoked => {
                if self.leases() && (state.covers(verification.node) || self.is(Wrong::NoLeaseCheck)) {
                    steps.push(Step::CheckLease);
                }
            }
            Verifying::Leased | Verifying::Read => steps.push(Step::Decide),
        }
    }

    fn of_changes(&self, state: &State, steps: &mut Vec<Step>) {
        for (at, change) in state.changes.iter().enumerate().take(self.changes) {
            match *change {
                Some(Change::Waits { since }) => {
                    if !self.leases() || self.is(Wrong::NoBarrier) || !state.lags(at) {
                        steps.push(Step::Return(at));
                    } else if state.now >= since.plus(self.wait()) {
                        steps.push(if self.is(Wrong::FencesByList) { Step::LookUp(at) } else { Step::Fence(at) });
                    }
                }
                Some(Change::Listed { .. }) => steps.push(Step::FenceListed(at)),
                Some(Change::Returned) => {}
                None => {
                    steps.push(Step::Commit);
                    if self.foretold {
                        steps.push(Step::Foretell);
                    }
                    if state.foretold.is_some() {
                        steps.push(Step::CommitForetold);
                    }
                    return;
                }
            }
        }
    }

    /// What a committed change did stays as it is: a message of it may arrive at any time. Not while a fetch is under way, which may be older.
    fn of_news(&self, state: &State, node: &Node, at: usize, steps: &mut Vec<Step>) {
        let lacks = node.image.map_or(0, |image| i64::from(state.counter()) - image.lease.held().revision);
        if node.fetch.is_none() && lacks > 0 {
            steps.push(Step::TakeNews(at));
        }
        if node.fetch.is_none() && lacks > 1 && self.is(Wrong::TakesNewsOutOfOrder) {
            steps.push(Step::LeapToNews(at));
        }
    }

    /// Of registrations, beats and acknowledgements.
    fn of_the_row(&self, state: &State, node: &Node, at: usize, steps: &mut Vec<Step>) {
        match node.row {
            None => steps.push(Step::Register(at)),
            Some(Row { known: false, .. }) => {
                steps.push(Step::LearnOfRegistration(at));
                // By name, the row of a registration that was lost is the row of the next one.
                steps.push(if self.is(Wrong::UpsertsByName) { Step::Register(at) } else { Step::LeaveIncarnation(at) });
            }
            Some(Row { known: true, acked, heard, .. }) => {
                self.of_beats(node, at, steps);
                let is_news = self.messages && node.message.is_none();
                if is_news && self.said(state, node).is_some_and(|told| told > acked.max(heard)) {
                    steps.push(Step::SendMessage(at));
                }
                if self.restless {
                    steps.push(Step::LeaveIncarnation(at));
                }
                if self.strays && node.stray.is_none() && self.acknowledged(node).is_some_and(|told| told > acked) {
                    steps.push(Step::SendAck(at));
                }
            }
        }
        if node.message.is_some() {
            steps.extend([Step::Hear(at), Step::LoseMessage(at)]);
        }
        if node.stray.is_some() {
            steps.push(Step::RunStray(at));
        }
        // By a fresh incarnation, a registration that runs late is as one whose reply is lost: a row that nobody has.
        if node.late_registration {
            steps.push(Step::RegisterLate(at));
        } else if self.is(Wrong::UpsertsByName) && !node.row.is_some_and(|row| row.known) {
            steps.push(Step::DelayRegistration(at));
        }
    }

    fn of_beats(&self, node: &Node, at: usize, steps: &mut Vec<Step>) {
        let Some(UnderWay { stage, .. }) = node.beat else {
            steps.push(Step::SendBeat(at));
            return;
        };
        let held = node.image.map_or(0, |image| image.lease.held().revision);
        match stage {
            Asking::Sent => steps.push(Step::RunBeat(at)),
            // Where the counter is above the image, a fetch comes first.
            Asking::Counter(counter) if held < counter.into() && !self.is(Wrong::ConfirmsBeforeApplying) => {}
            Asking::Counter(_) | Asking::Fenced => steps.push(Step::TakeBeat(at)),
        }
        steps.push(Step::LoseBeat(at));
    }

    /// What a message tells.
    pub(crate) fn said(&self, state: &State, node: &Node) -> Option<Revision> {
        if self.is(Wrong::SaysWhatItHeard) { Some(state.counter()) } else { self.acknowledged(node) }
    }

    /// What an acknowledgement tells.
    pub(crate) fn acknowledged(&self, node: &Node) -> Option<Revision> {
        let held = node.image?.lease.held().revision as Revision;
        match node.beat {
            Some(UnderWay { stage: Asking::Counter(heard), .. }) if self.is(Wrong::AcksBeforeApplying) => Some(held.max(heard)),
            _ => Some(held),
        }
    }
}

fn of_fetches(node: &Node, at: usize, steps: &mut Vec<Step>) {
    let Some(fetch) = node.fetch else {
        steps.push(Step::SendFetch(at));
        return;
    };
    steps.push(match fetch.stage {
        Reading::Sent => Step::RunFetch(at),
        Reading::HasRows { .. } => Step::ReadCounter(at),
        Reading::Done { .. } => Step::TakeFetch(at),
    });
    steps.push(Step::LoseFetch(at));
}
