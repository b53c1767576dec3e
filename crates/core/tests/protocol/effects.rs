//! What a step does.

use keybearer_core::lease::{Held, Lease};

use crate::clock;
use crate::promises;
use crate::setup::Setup;
use crate::state::{Asking, CHANGES, Change, Doubt, Fetch, Image, Node, Reading, Revision, Row, State, UnderWay, Verification, Verifying};
use crate::steps::Step;
use crate::wrong::Wrong;

impl Setup {
    /// What it is like after a step.
    pub(crate) fn after(&self, before: &State, step: Step) -> Option<State> {
        let mut state = before.clone();
        match step {
            Step::Tick => state.now = state.now.plus(clock::TICK),
            Step::Commit => {
                commit(&mut state)?;
                state.forget_foretold();
            }
            Step::Foretell => self.foretell(&mut state),
            Step::CommitForetold => self.commit_foretold(&mut state)?,
            Step::Heed(at) => self.heed(&mut state, at)?,
            Step::HearHeeding(at) => {
                let node = &mut state.nodes[at];
                node.heeds = false;
                node.row.as_mut()?.heeded = true;
            }
            Step::Return(change) => state.changes[change] = Some(Change::Returned),
            Step::Fence(change) => fence(&mut state, change, |_, row| usize::from(row.acked) <= change),
            Step::LookUp(change) => {
                let late = |row: Row| !row.fenced && usize::from(row.acked) <= change;
                state.changes[change] = Some(Change::Listed { nodes: state.nodes.map(|node| node.row.is_some_and(late)) });
            }
            Step::FenceListed(change) => {
                let Some(Change::Listed { nodes }) = state.changes[change] else { return None };
                fence(&mut state, change, |at, _| nodes[at]);
            }
            Step::TakeNews(at) => {
                let revision = state.nodes[at].image?.lease.held().revision as Revision + 1;
                self.take_news(&mut state, at, revision, true)?;
            }
            Step::LeapToNews(at) => {
                let revision = state.counter();
                self.take_news(&mut state, at, revision, false)?;
            }
            Step::SendFetch(at) => {
                let fresh = state.verification.is_some_and(|one| one.node == at && one.stage == Verifying::Invoked);
                state.nodes[at].fetch = Some(Fetch { sent: state.now, fresh, stage: Reading::Sent });
            }
            Step::RunFetch(at) => {
                let content = state.counter();
                let stage =
                    if self.is(Wrong::LabelsTooNew) { Reading::HasRows { content } } else { Reading::Done { content, revision: content } };
                state.nodes[at].fetch.as_mut()?.stage = stage;
            }
            Step::ReadCounter(at) => {
                let revision = state.counter();
                let stage = &mut state.nodes[at].fetch.as_mut()?.stage;
                let Reading::HasRows { content } = *stage else { return None };
                *stage = Reading::Done { content, revision };
            }
            Step::TakeFetch(at) => self.take_fetch(&mut state, at)?,
            Step::LoseFetch(at) => state.nodes[at].fetch = None,
            Step::Register(at) => {
                state.nodes[at].row = Some(Row { acked: state.counter(), heard: 0, heeded: false, fenced: false, known: false });
            }
            Step::LearnOfRegistration(at) => state.nodes[at].row.as_mut()?.known = true,
            Step::LeaveIncarnation(at) => leave(&mut state, at)?,
            Step::DelayRegistration(at) => state.nodes[at].late_registration = true,
            Step::RegisterLate(at) => {
                let acked = state.counter();
                let node = &mut state.nodes[at];
                node.late_registration = false;
                node.row = Some(Row { acked, heard: 0, heeded: false, fenced: false, known: node.row.is_some_and(|row| row.known) });
            }
            Step::SendBeat(at) => {
                let beat = state.nodes[at].image?.lease.beat(state.now);
                state.nodes[at].beat = Some(UnderWay { beat, stage: Asking::Sent });
            }
            Step::RunBeat(at) => {
                let told = state.nodes[at].beat?.told();
                state.nodes[at].beat.as_mut()?.stage = self.tell(&mut state, at, told);
            }
            Step::TakeBeat(at) => self.take_beat(&mut state, at)?,
            Step::LoseBeat(at) => self.lose_beat(&mut state, at)?,
            Step::SendMessage(at) => state.nodes[at].message = self.said(&state, &state.nodes[at]),
            Step::Hear(at) => {
                let told = state.nodes[at].message.take()?;
                let row = state.nodes[at].row.as_mut()?;
                row.heard = row.heard.max(told);
            }
            Step::LoseMessage(at) => state.nodes[at].message = None,
            Step::SendAck(at) => state.nodes[at].stray = self.acknowledged(&state.nodes[at]),
            Step::RunStray(at) => {
                let told = state.nodes[at].stray.take()?;
                self.tell(&mut state, at, told);
            }
            Step::Kill(at) => {
                leave(&mut state, at);
                end(&mut state, at);
            }
            Step::ShutDown(at) => end(&mut state, at),
            Step::Invoke(node) => {
                let (returned, answered) = (state.returned(), state.answered);
                state.verification = Some(Verification { node, returned, answered, stage: Verifying::Invoked });
            }
            Step::CheckLease => decide_by(&mut state, Verifying::Leased)?,
            Step::Decide => promises::judge(&mut state, self.mode)?,
        }
        self.tidy(&mut state);
        Some(state)
    }

    /// By what was foretold before, nobody is let off.
    fn foretell(&self, state: &mut State) {
        if !self.is(Wrong::CountsEarlierHeeding) {
            state.forget_foretold();
        }
        let revision = state.counter() + 1;
        state.foretold = Some(state.now);
        for node in state.nodes.iter_mut().take(self.nodes) {
            node.foretold = Some(revision);
        }
    }

    /// Whoever has heeded it is as one who has told that it has the change, unless it was foretold too long ago.
    fn commit_foretold(&self, state: &mut State) -> Option<()> {
        let is_late = state.now.since(state.foretold?) > self.terms().ahead();
        commit(state)?;
        if is_late && !self.is(Wrong::CountsHeedingForEver) {
            state.forget_foretold();
            return Some(());
        }
        let revision = state.counter();
        state.foretold = None;
        for node in &mut state.nodes {
            // It may come later yet.
            if std::mem::take(&mut node.heeds) {
                node.message = node.message.max(Some(revision));
            }
            if let Some(row) = node.row.as_mut().filter(|row| row.heeded) {
                row.heeded = false;
                row.heard = row.heard.max(revision);
            }
        }
        let [orphans, heeding] = &mut state.orphans;
        for (orphans, heeding) in orphans.iter_mut().zip(heeding) {
            orphans[usize::from(revision)] |= heeding.contains(&true);
            heeding.fill(false);
        }
        Some(())
    }

    fn heed(&self, state: &mut State, at: usize) -> Option<()> {
        let (until, counter) = (state.now.plus(self.doubt()), state.counter());
        let node = &mut state.nodes[at];
        let revision = node.foretold.take()?;
        if !self.is(Wrong::HeedsWithoutDoubt) {
            node.doubt = Some(Doubt { revision, until });
        }
        if node.row.is_some_and(|row| row.known) {
            // What was committed meanwhile is as a message of what is held.
            node.heeds = revision > counter;
            node.message = if revision > counter { node.message } else { node.message.max(Some(revision)) };
        }
        Some(())
    }

    fn take_fetch(&self, state: &mut State, at: usize) -> Option<()> {
        let node = &mut state.nodes[at];
        if self.is(Wrong::LiftsDoubtByARead) {
            node.doubt = None;
        }
        let Fetch { sent, fresh, stage: Reading::Done { content, revision } } = node.fetch.take()? else { return None };
        match &mut node.image {
            None => {
                let late = self.is(Wrong::NotesAfterTheLoad) || self.is(Wrong::NotesAfterTheLoadAndRegistersThen);
                let since = if late { state.now } else { sent };
                node.image = Some(Image { content: Some(content), lease: Lease::new(Held { revision: revision.into(), since }) });
            }
            Some(image) => {
                let sent = if self.is(Wrong::NotesAfterAFetch) { state.now } else { sent };
                state.broken.alarm |= image.lease.caught_up(sent, revision.into()).is_err();
                image.content = image.content.max(Some(content));
            }
        }
        let waits = state.verification.is_some_and(|one| one.node == at && one.stage == Verifying::Invoked);
        if waits && (fresh || self.is(Wrong::SharesAnEarlierRead)) {
            decide_by(state, Verifying::Read)?;
        }
        Some(())
    }

    /// A node takes over what a change told that it did. Where it leaps, what it lacks is what the key that is asked about depends on.
    fn take_news(&self, state: &mut State, at: usize, revision: Revision, follows: bool) -> Option<()> {
        let image = state.nodes[at].image.as_mut()?;
        let since = if self.is(Wrong::NotesWhenNewsArrive) { state.now } else { image.lease.held().since };
        state.broken.alarm |= image.lease.caught_up(since, revision.into()).is_err();
        if follows {
            image.content = image.content.max(Some(revision));
        }
        Some(())
    }

    /// The one statement of a heartbeat, or of an acknowledgement, and what the database answers.
    fn tell(&self, state: &mut State, at: usize, told: Revision) -> Asking {
        let counter = state.counter();
        match &mut state.nodes[at].row {
            Some(row) if !row.fenced => {
                row.acked = if self.is(Wrong::AssignsAcked) { told } else { row.acked.max(told) };
                Asking::Counter(counter)
            }
            Some(_) if self.is(Wrong::BeatsThoughFenced) => Asking::Counter(counter),
            _ => Asking::Fenced,
        }
    }

    fn take_beat(&self, state: &mut State, at: usize) -> Option<()> {
        let node = &mut state.nodes[at];
        let UnderWay { mut beat, stage } = node.beat.take()?;
        let image = node.image.as_mut()?;
        match stage {
            Asking::Sent => return None,
            Asking::Counter(counter) => {
                if self.is(Wrong::GrantsFromTheBeat) {
                    beat.held.revision = counter.into();
                }
                state.broken.alarm |= image.lease.confirmed(&beat, counter.into(), &self.terms()).is_err();
            }
            // It will register anew. It keeps its image, and what is left of its lease if anything is.
            Asking::Fenced => {
                if self.is(Wrong::EmptiesWhenFenced) {
                    image.content = None;
                }
                if self.is(Wrong::UpsertsByName) {
                    node.row.as_mut()?.known = false;
                } else {
                    leave(state, at)?;
                }
            }
        }
        Some(())
    }

    fn lose_beat(&self, state: &mut State, at: usize) -> Option<()> {
        let node = &mut state.nodes[at];
        let lost = node.beat.take()?;
        if lost.stage == Asking::Sent && self.strays && node.stray.is_none() {
            node.stray = Some(lost.told());
        }
        if self.is(Wrong::CountsLostBeats) && lost.stage != Asking::Fenced {
            let lease = &mut node.image.as_mut()?.lease;
            state.broken.alarm |= lease.caught_up(lost.beat.sent, lease.held().revision).is_err();
        }
        Some(())
    }

    /// Forgets statements that would change nothing if they ran, and rows that nobody will wait for.
    fn tidy(&self, state: &mut State) {
        for heard in state.orphans.as_flattened_mut() {
            heard[self.changes..].fill(false);
        }
        for node in &mut state.nodes {
            let held = node.image.map_or(0, |image| image.lease.held().revision);
            node.doubt = node.doubt.filter(|doubt| held < doubt.revision.into() && state.now < doubt.until);
            node.foretold = node.foretold.filter(|revision| held < (*revision).into());
        }
        if self.is(Wrong::AssignsAcked) || self.is(Wrong::UpsertsByName) {
            return;
        }
        for node in &mut state.nodes {
            let row = node.row;
            node.stray = node.stray.filter(|told| row.is_some_and(|row| !row.fenced && row.acked < *told));
            node.message = node.message.filter(|told| row.is_some_and(|row| !row.fenced && row.acked.max(row.heard) < *told));
            if let Some(row) = node.row.as_mut().filter(|row| row.fenced || row.heard <= row.acked) {
                row.heard = 0;
            }
        }
    }
}

fn commit(state: &mut State) -> Option<()> {
    *state.changes.iter_mut().find(|change| change.is_none())? = Some(Change::Waits { since: state.now });
    Some(())
}

impl State {
    /// What was foretold counts for nothing.
    fn forget_foretold(&mut self) {
        self.foretold = None;
        for node in &mut self.nodes {
            node.foretold = None;
            node.heeds = false;
            if let Some(row) = &mut node.row {
                row.heeded = false;
            }
        }
        let [orphans, heeding] = &mut self.orphans;
        for (orphan, heeding) in orphans.as_flattened_mut().iter_mut().zip(heeding.as_flattened_mut()) {
            *orphan |= std::mem::take(heeding);
        }
    }
}

/// Fences of those that have a row, and lets the change return.
fn fence(state: &mut State, change: usize, whom: impl Fn(usize, Row) -> bool) {
    for (at, node) in state.nodes.iter_mut().enumerate() {
        if let Some(row) = &mut node.row {
            row.fenced |= whom(at, *row);
        }
    }
    state.orphans.iter_mut().for_each(|orphans| orphans[..=change].fill([false; CHANGES + 1]));
    state.changes[change] = Some(Change::Returned);
}

/// An incarnation is left, with its row in the database.
fn leave(state: &mut State, at: usize) -> Option<()> {
    let node = &mut state.nodes[at];
    let row = node.row.take()?;
    if !row.fenced {
        // Its statements that may yet run can but let others wait less: let them have run.
        let beat = node.beat.filter(|beat| beat.stage == Asking::Sent).map_or(0, UnderWay::told);
        let acked = row.acked.max(beat).max(node.stray.unwrap_or(0));
        // The same of its messages.
        let heard = acked.max(row.heard).max(node.message.unwrap_or(0));
        let heeded = row.heeded || node.heeds;
        state.orphans[usize::from(heeded)][usize::from(acked)][usize::from(heard)] = true;
    }
    node.heeds = false;
    node.beat = None;
    node.stray = None;
    node.message = None;
    for change in state.changes.iter_mut().flatten() {
        if let Change::Listed { nodes } = change {
            nodes[at] = false;
        }
    }
    Some(())
}

/// A node is gone, with all that it knew.
fn end(state: &mut State, at: usize) {
    state.ends_left -= 1;
    state.nodes[at] = Node::default();
    state.verification = state.verification.filter(|verification| verification.node != at);
}

/// A verification has what it waited for.
fn decide_by(state: &mut State, stage: Verifying) -> Option<()> {
    let verification = state.verification.as_mut()?;
    verification.stage = stage;
    if let Some(fetch) = &mut state.nodes[verification.node].fetch {
        fetch.fresh = false;
    }
    Some(())
}
