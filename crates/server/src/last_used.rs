//! When keys were last used: noted in memory, written by the [`crate::bookkeeper`].
//!
//! A verification only notes the moment and, if the key is not waiting already, queues it. A queue that is full forgets nothing that matters:
//! the moment stays in the index, and the next use asks for a place again. A crash loses at most one interval.

use crossbeam_queue::ArrayQueue;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{Store, StoreError};

use crate::index::{Found, Index, View};

/// The most keys that wait to be written.
const QUEUE: usize = 65_536;
/// The most rows of one transaction, so that changes need not wait long behind it, and of one turn.
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
    pub fn note(&self, keys: &View<'_>, key: &Found, now: UnixMillis) {
        if keys.note_use(key, now, !self.queue.is_full()) && self.queue.push(key.id()).is_err() {
            keys.dequeue(key);
        }
    }

    /// Writes all that waits into the rows of the keys.
    ///
    /// # Errors
    /// Where the store fails; what was not written waits for the next time.
    pub async fn flush(&self, index: &Index, store: &dyn Store) -> Result<(), StoreError> {
        while !self.queue.is_empty() {
            self.turn(index, store).await?;
        }
        Ok(())
    }

    /// Writes what has waited the longest into the rows of the keys, and keeps the rest safe from a crash. So whatever number of keys is in
    /// use, writing takes no more than a few hundredths of a core, and a key that is used all the time is written once in a while.
    ///
    /// # Errors
    /// As [`LastUsed::flush`].
    pub async fn turn(&self, index: &Index, store: &dyn Store) -> Result<(), StoreError> {
        let (mut used, mut waits) = (Vec::new(), Vec::new());
        // No more than there are now: those that go on waiting join the queue again at its end.
        for id in (0..self.queue.len()).map_while(|_| self.queue.pop()) {
            let Some(entry) = index.key(id) else { continue };
            let goes_on = used.len() == CHUNK;
            // What is dequeued comes with the moment that was noted until then: a later use queues the key again.
            let at = if goes_on && self.queue.push(id).is_ok() { entry.last_used_at() } else { index.view().dequeue(&entry) };
            if let Some(at) = at {
                if goes_on { &mut waits } else { &mut used }.push((id, at));
            }
        }
        // Neighbours in the table are written together.
        used.sort_unstable();
        if used.is_empty() {
            return Ok(());
        }
        if let Err(error) = store.record_use(used.clone(), waits).await {
            for (id, at) in used {
                if let Some(entry) = index.key(id) {
                    self.note(&index.view(), &entry, at);
                }
            }
            return Err(error);
        }
        Ok(())
    }
}
