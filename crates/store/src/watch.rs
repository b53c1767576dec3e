//! What the store tells of its work to who measures it.

use std::time::Duration;

/// Somebody who measures the writer. It is called by the thread that writes, between two transactions: it must not wait.
pub trait WriterWatch: Send + Sync {
    /// So many changes were committed together, and that took so long, from the first of them until all callers were answered.
    fn committed(&self, changes: usize, took: Duration);
}
