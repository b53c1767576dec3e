//! Moments, as the rules see them.

use serde::{Deserialize, Serialize};

/// A moment: whole milliseconds since 1970-01-01T00:00:00Z. It is always given to the rules, never read by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// The moment `milliseconds` later, or the last one that can be told.
    #[must_use]
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// The moment `milliseconds` earlier, or the first one that can be told.
    #[must_use]
    pub fn minus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }
}
