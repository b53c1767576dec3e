//! Before a change is answered, every node has it that could still answer without it (DESIGN §5).

use std::time::Duration;

use keybearer_core::lease::{Instant, Terms};
use tokio::sync::mpsc;

use super::clock;
use super::connection::Pool;
use super::hints::Hints;
use super::nodes;
use super::writer::{Answer, Gauges};
use crate::StoreError;
use std::sync::Arc;

/// How often the nodes are looked at while no hint comes.
const LOOK: Duration = Duration::from_millis(20);
/// How long beyond the terms the database may be away before nobody can tell any more what is in force.
const PATIENCE: Duration = Duration::from_millis(500);

/// Changes that were committed, and those who wait for them.
pub(super) struct Committed {
    pub(super) revision: i64,
    /// After the commit was known.
    pub(super) at: Instant,
    pub(super) answers: Vec<Answer>,
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
        while let Some(first) = self.queue.recv().await {
            waiting.push(first);
            while !waiting.is_empty() {
                while let Ok(next) = self.queue.try_recv() {
                    waiting.push(next);
                }
                self.look(&mut waiting).await;
                if waiting.is_empty() {
                    break;
                }
                tokio::select! {
                    () = self.hints.acked.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                    Some(next) = self.queue.recv() => waiting.push(next),
                }
            }
        }
    }

    /// Answers those whose changes are in force, and fences whom nobody has to wait for any longer.
    async fn look(&self, waiting: &mut Vec<Committed>) {
        match nodes::slowest(&self.pool).await {
            Ok(slowest) => self.release(waiting, |revision| slowest.is_none_or(|slowest| slowest >= revision)),
            Err(error) => {
                self.give_up(waiting, &error);
                return;
            }
        }
        let now = clock::now();
        let late = waiting.iter().filter(|committed| now.since(committed.at) >= self.terms.wait());
        let Some(revision) = late.map(|committed| committed.revision).max() else { return };
        match nodes::fence(&self.pool, revision).await {
            Ok(fenced) => {
                if !fenced.is_empty() {
                    tracing::warn!(revision, nodes = ?fenced, "these nodes did not take a change in time: they are fenced, and it is in force");
                    self.gauges.told(|watch| watch.fenced(fenced.len()));
                }
                self.release(waiting, |waits| waits <= revision);
            }
            Err(error) => self.give_up(waiting, &error),
        }
    }

    fn release(&self, waiting: &mut Vec<Committed>, is_in_force: impl Fn(i64) -> bool) {
        let now = clock::now();
        for committed in waiting.extract_if(.., |committed| is_in_force(committed.revision)) {
            self.gauges.told(|watch| watch.in_force(now.since(committed.at)));
            committed.answers.into_iter().for_each(|answer| answer(Ok(())));
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
