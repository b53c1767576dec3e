//! When keys were last used: noted in memory, written by the [`crate::bookkeeper`].
//!
//! A verification only notes the moment and, if the key is not waiting already, queues it. A queue that is full forgets nothing that matters:
//! the moment stays in the index, and the next use asks for a place again. A crash loses at most one interval.

use crossbeam_queue::ArrayQueue;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::Store;

use crate::index::{Index, KeyEntry};

/// The most keys that wait to be written.
const QUEUE: usize = 65_536;
/// The most keys of one transaction, so that changes need not wait long behind it.
const CHUNK: usize = 2_000;

/// The queue of keys whose use waits to be written.
pub struct LastUsed {
    queue: ArrayQueue<KeyId>,
}

impl Default for LastUsed {
    fn default() -> Self {
        Self { queue: ArrayQueue::new(QUEUE) }
    }
}

impl LastUsed {
    /// Notes that a key was used now.
    pub fn note(&self, entry: &KeyEntry, now: UnixMillis) {
        if entry.note_use(now) && self.queue.push(entry.id()).is_err() {
            entry.dequeue();
        }
    }

    /// Writes all that waits.
    ///
    /// # Errors
    /// Where the store fails; what was not written waits for the next time.
    pub async fn flush(&self, index: &Index, store: &dyn Store) -> Result<(), keybearer_store::StoreError> {
        loop {
            let mut used = Vec::new();
            while used.len() < CHUNK
                && let Some(id) = self.queue.pop()
            {
                let Some(entry) = index.key(id) else { continue };
                // Dequeued before the moment is read: a use in between queues the key again.
                entry.dequeue();
                if let Some(at) = entry.last_used_at() {
                    used.push((id, at));
                }
            }
            if used.is_empty() {
                return Ok(());
            }
            if let Err(error) = store.record_use(used.clone()).await {
                for (id, at) in used {
                    if let Some(entry) = index.key(id) {
                        self.note(&entry, at);
                    }
                }
                return Err(error);
            }
        }
    }
}
