//! What leaves the image in memory, and the database, when its time is over.

use async_trait::async_trait;
use keybearer_core::time::UnixMillis;

use crate::StoreError;

/// How far back the store remembers. It only moves forward: what was forgotten is not remembered again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// Keys that died at or before leave the image in memory; their rows stay. A dead key never lives again, so neither does its entry.
    pub keys: UnixMillis,
    /// Sessions that were over at or before leave the image and the database.
    pub sessions: UnixMillis,
}

impl Horizon {
    /// Everything is remembered.
    pub const NONE: Self = Self { keys: UnixMillis(i64::MIN), sessions: UnixMillis(i64::MIN) };

    pub(crate) fn advanced_to(self, other: Self) -> Self {
        Self { keys: self.keys.max(other.keys), sessions: self.sessions.max(other.sessions) }
    }
}

/// How much was forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Forgotten {
    /// Keys that left the image.
    pub keys: usize,
    /// Sessions that left the image and the database.
    pub sessions: usize,
}

/// Verbs about what is kept, and how long. They are bookkeeping: no event, no revision, for nothing that anybody may do changes.
#[async_trait]
pub trait Retention {
    /// Forgets what is behind the horizon, and tells the follower. Asked before [`crate::Store::follow`], it decides what is loaded at all.
    async fn forget(&self, horizon: Horizon) -> Result<Forgotten, StoreError>;
    /// Takes `before` and `after` out of events that were recorded earlier than this, oldest first, and marks them as pruned; all else of
    /// them stays. Looks at no more than `limit` events, so that changes need not wait long behind it. Returns how many were pruned: fewer
    /// than `limit` where none is left.
    async fn prune_payloads(&self, recorded_before: UnixMillis, limit: u32) -> Result<u32, StoreError>;
}
