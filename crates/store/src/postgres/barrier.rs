//! Before a change is answered, every node has it that could still answer without it (DESIGN §5).
//!
//! Those nodes are read after the commit: a node that registers later holds the change, for it reads the counter under its lock. Or they are
//! known from before, and the lock of the change showed that nobody has joined since. Each of them tells by a message that it holds the change,
//! or that it heeds what was foretold of it; or else by its row, which is looked at from time to time. Whom nobody has to wait for
//! any longer is fenced by its row alone: only a heartbeat, which writes the row, grants a lease.

use std::sync::Arc;
use std::time::Duration;

use keybearer_core::lease::{self, Terms};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::clock;
use super::connection::Pool;
use super::hints::{Foretold, Hints, Told};
use super::nodes::{self, WaitedFor};
use super::writer::{Answer, Gauges};
use crate::StoreError;

/// How often the rows of the nodes are looked at while somebody waits.
const LOOK: Duration = Duration::from_millis(20);
/// After how long those who were told directly are told through the database as well. Without that they look by themselves, but later.
const UNHEARD: Duration = Duration::from_millis(60);
/// How long beyond the terms the database may be away before nobody can tell any more what is in force.
const PATIENCE: Duration = Duration::from_millis(500);

/// Changes that were committed, and those who wait for them.
pub(super) struct Committed {
    pub(super) revision: i64,
    /// After the commit was known.
    pub(super) at: lease::Instant,
    /// Those to wait for after the commit; none if nobody knows.
    pub(super) nodes: Option<WaitedFor>,
    /// Who was told of them.
    pub(super) told: Told,
    /// If they were told of before, and not too early.
    pub(super) foretold: Option<Foretold>,
    pub(super) answers: Vec<Answer>,
}

impl Committed {
    /// Whether each of these nodes holds it, by its row or by its word, or has heeded what was foretold of it.
    fn is_held_by(&self, nodes: &[(Uuid, i64)], hints: &Hints) -> bool {
        let heeding = self.foretold.map(|foretold| hints.heeding(foretold)).unwrap_or_default();
        nodes.iter().all(|(incarnation, acked)| {
            let held = hints.held_by(*incarnation).map_or(*acked, |held| held.max(*acked));
            held >= self.revision || heeding.contains(incarnation)
        })
    }

    /// Answers at once where nobody has to be waited for, nor anything to be done behind the answer. Else it is returned, for a barrier.
    pub(super) fn answered(self, hints: &Hints, gauges: &Gauges) -> Option<Self> {
        if hints.has_put_off() || !self.nodes.as_ref().is_some_and(|nodes| self.is_held_by(nodes, hints)) {
            return Some(self);
        }
        self.answer(clock::now(), gauges);
        None
    }

    fn answer(self, now: lease::Instant, gauges: &Gauges) {
        gauges.told(|watch| watch.in_force(now.since(self.at)));
        self.answers.into_iter().for_each(|answer| answer(Ok(())));
    }
}

/// Takes committed changes until nobody can send any more.
pub(super) struct Barrier {
    pub(super) pool: Pool,
    pub(super) terms: Terms,
    pub(super) hints: Hints,
    pub(super) queue: mpsc::UnboundedReceiver<Committed>,
    pub(super) gauges: Arc<Gauges>,
}

impl Barrier {
    pub(super) async fn run(mut self) {
        let mut waiting = Vec::new();
        while let Some(first) = self.next().await {
            // Those to wait for after the last of these commits; none if nobody can tell.
            let mut nodes = None;
            // The last of these commits that not everybody was told of, and when everybody is to be.
            let mut untold = None;
            let mut next_look = Instant::now();
            let mut next = Some(first);
            loop {
                while let Some(mut committed) = next {
                    // They are those of the commits before as well: whoever is not among them any more is not waited for.
                    nodes = committed.nodes.take();
                    let is_complete = nodes.is_some() && committed.told != Told::Nobody;
                    next_look = if is_complete { Instant::now() + LOOK } else { Instant::now() };
                    if committed.told != Told::Everybody {
                        let patience = if committed.told == Told::Each { UNHEARD } else { Duration::ZERO };
                        untold = Some((Instant::now() + patience, committed.told));
                    }
                    waiting.push(committed);
                    next = self.queue.try_recv().ok();
                }
                let is_late = Instant::now() >= next_look;
                if self.hints.take_rows() || is_late {
                    next_look = Instant::now() + LOOK;
                    nodes = self.look(&mut waiting).await;
                }
                if let Some(nodes) = &nodes {
                    self.release(&mut waiting, |committed| committed.is_held_by(nodes, &self.hints));
                }
                if waiting.is_empty() {
                    break;
                }
                self.hints.tell_put_off();
                if let Some((_, told)) = untold.take_if(|(at, _)| Instant::now() >= *at) {
                    let revision = waiting.iter().map(|committed| committed.revision).max().unwrap_or_default();
                    self.tell_everybody(revision, nodes.as_ref().filter(|_| told == Told::Each)).await;
                }
                self.stop_waiting(&mut waiting).await;
                tokio::select! {
                    () = self.hints.acked.notified() => {}
                    () = tokio::time::sleep_until(next_look) => {}
                    Some(committed) = self.queue.recv() => next = Some(committed),
                }
            }
        }
    }

    /// Those who heeded what was committed before have time: so whoever asked for it is usually answered first. Where nobody looks for what was
    /// put off, they are woken behind that.
    async fn next(&mut self) -> Option<Committed> {
        if self.hints.has_put_off() {
            tokio::task::yield_now().await;
            self.hints.wake_for_put_off();
        }
        self.queue.recv().await
    }

    /// Has the nodes told through the database what some of them seem not to have heard. `asked` are those that were told directly, if any were.
    async fn tell_everybody(&self, revision: i64, asked: Option<&WaitedFor>) {
        if let Some(nodes) = asked {
            self.hints.are_late(nodes, revision);
        }
        // Lost, it costs time only: each node looks by itself.
        drop(self.pool.run(&self.hints.telling(revision)).await);
    }

    async fn look(&self, waiting: &mut Vec<Committed>) -> Option<WaitedFor> {
        match nodes::waited_for(&self.pool).await {
            Ok(members) => Some(self.hints.remember(members)),
            Err(error) => {
                self.give_up(waiting, &error);
                None
            }
        }
    }

    /// Fences whom nobody has to wait for any longer.
    async fn stop_waiting(&self, waiting: &mut Vec<Committed>) {
        let now = clock::now();
        let late = waiting.iter().filter(|committed| now.since(committed.at) >= self.terms.wait());
        let Some(revision) = late.map(|committed| committed.revision).max() else { return };
        match nodes::fence(&self.pool, revision).await {
            Ok(fenced) => {
                if !fenced.is_empty() {
                    tracing::warn!(revision, nodes = ?fenced, "these nodes did not take a change in time: they are fenced, and it is in force");
                    self.gauges.told(|watch| watch.fenced(fenced.len()));
                    self.hints.forget_members();
                }
                self.release(waiting, |committed| committed.revision <= revision);
            }
            Err(error) => self.give_up(waiting, &error),
        }
    }

    fn release(&self, waiting: &mut Vec<Committed>, is_in_force: impl Fn(&Committed) -> bool) {
        let now = clock::now();
        for committed in waiting.extract_if(.., |committed| is_in_force(committed)) {
            committed.answer(now, &self.gauges);
        }
    }

    /// The database does not say who holds what. After the time in which every lease is over nobody can be fenced either, so nobody may be told
    /// that a change is in force.
    fn give_up(&self, waiting: &mut Vec<Committed>, error: &StoreError) {
        let now = clock::now();
        for committed in waiting.extract_if(.., |committed| now.since(committed.at) >= self.terms.wait() + PATIENCE) {
            tracing::error!(revision = committed.revision, %error, "a change is committed, and nobody can tell whether it is in force everywhere");
            committed.answers.into_iter().for_each(|answer| answer(Err(&StoreError::Unconfirmed)));
        }
    }
}
