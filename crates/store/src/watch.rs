//! What the store tells of its work to who measures it.

use std::time::Duration;

/// Somebody who measures the store. It is called between two transactions: it must not wait.
/// What concerns several nodes need not be heard.
pub trait StoreWatch: Send + Sync {
    /// So many changes were committed together, and that took so long, from the first of them.
    fn committed(&self, changes: usize, took: Duration);

    /// Committed changes were in force on every node, that long after their commit.
    fn in_force(&self, waited: Duration) {
        let _ = waited;
    }

    /// Nodes were fenced by a change that waited for them in vain.
    fn fenced(&self, nodes: usize) {
        let _ = nodes;
    }

    /// The image was compared with the database for requests that had to know.
    fn strong_read(&self) {}

    /// The image came to a revision, so many behind what the database has, and holds a lease of that length.
    fn followed(&self, lag: i64, lease_left: Duration) {
        let _ = (lag, lease_left);
    }
}
