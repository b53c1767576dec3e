//! How verifications were answered, as numbers over time.

use async_trait::async_trait;
use keybearer_core::decision::Outcome;
use keybearer_core::time::UnixMillis;

use crate::StoreError;

/// The finest step of time that is kept, in milliseconds.
pub const MINUTE: i64 = 60_000;

/// So many verifications were answered so, in the step of time that begins at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The beginning of the step.
    pub at: UnixMillis,
    /// The answer.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
}

/// Verbs about the numbers of verifications. They are bookkeeping: no event, no revision.
#[async_trait]
pub trait Verifications {
    /// Adds to what is counted already, each to the minute in which its moment lies.
    async fn count_verifications(&self, answered: Vec<Answered>) -> Result<(), StoreError>;
    /// What was counted from `since` on and before `until`, in steps of `step` milliseconds counted from 1970, oldest first. Steps and
    /// answers without any are left out. `step`: whole minutes.
    async fn verifications(&self, since: UnixMillis, until: UnixMillis, step: i64) -> Result<Vec<Answered>, StoreError>;
    /// Forgets what was counted before.
    async fn forget_verifications(&self, before: UnixMillis) -> Result<(), StoreError>;
}
