//! When keys were last used: noted in memory, written in the background.
//!
//! A verification only notes the moment and, if the key is not waiting already, queues it. A queue that is full forgets nothing that matters:
//! the moment stays in the index, and the next use asks for a place again. A crash loses at most one interval.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::Store;

use crate::index::{Index, KeyEntry};

/// The most keys that wait to be written.
const QUEUE: usize = 65_536;
/// How often they are written: well below the 5 s that a crash may lose.
const INTERVAL: Duration = Duration::from_secs(2);
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
        if entry.note_use(now) && self.queue.push(entry.key.id).is_err() {
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

    /// Writes what waits, again and again, and once more when `stop` resolves. A write under way is never given up.
    pub async fn run(self: Arc<Self>, index: Arc<Index>, store: Arc<dyn Store>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut is_failing = false;
        loop {
            let stopped = tokio::select! {
                () = &mut stop => true,
                () = tokio::time::sleep(INTERVAL) => false,
            };
            match self.flush(&index, &*store).await {
                Ok(()) => is_failing = false,
                // It may fail for hours, every few seconds: it is told once.
                Err(error) if !std::mem::replace(&mut is_failing, true) => {
                    tracing::warn!(%error, "the last uses of keys were not written, and wait");
                }
                Err(_) => {}
            }
            if stopped {
                return;
            }
        }
    }
}
