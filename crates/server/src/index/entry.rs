//! One key in the image, and what else decides about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use keybearer_core::account::{Standing, Status};
use keybearer_core::decision::{Holder, Record};
use keybearer_core::policy::PermissionSet;
use keybearer_core::role::{Level, Roles};
use keybearer_core::time::UnixMillis;
use keybearer_store::{Account, Key, Policy};

/// A key and its last use, which is noted here first and written later.
pub struct KeyEntry {
    /// The key as the store has it.
    pub key: Key,
    /// Milliseconds since 1970, or 0 for never.
    last_used: AtomicI64,
    /// Whether the use waits to be written.
    queued: AtomicBool,
}

impl KeyEntry {
    /// The entry of a key, which takes over from `previous` the uses that are not written yet. That one may wait in the queue, by its id, so
    /// it is this entry whose use is written; but whoever writes may already have let the previous one go, so this one does not count on it.
    #[must_use]
    pub fn new(key: Key, previous: Option<&Self>) -> Self {
        let written = key.last_used_at.map_or(0, |at| at.0);
        let noted = previous.map_or(0, |entry| entry.last_used.load(Ordering::Relaxed));
        Self { key, last_used: AtomicI64::new(written.max(noted)), queued: AtomicBool::new(false) }
    }

    /// When the key was last used, to the moment.
    #[must_use]
    pub fn last_used_at(&self) -> Option<UnixMillis> {
        Some(self.last_used.load(Ordering::Relaxed)).filter(|at| *at != 0).map(UnixMillis)
    }

    /// Notes a use. Returns whether the key is to be queued for writing.
    pub(crate) fn note_use(&self, now: UnixMillis) -> bool {
        self.last_used.fetch_max(now.0, Ordering::Relaxed);
        !self.queued.load(Ordering::Relaxed) && !self.queued.swap(true, Ordering::AcqRel)
    }

    /// Ends the wait for writing, whether it was written or found no place.
    pub(crate) fn dequeue(&self) {
        self.queued.store(false, Ordering::Release);
    }
}

/// What besides the key itself decides about it.
pub enum Facts {
    /// Of a person's key.
    Account {
        /// The level that the key was made with.
        level: Level,
        /// Its owner, unless deleted.
        owner: Option<Arc<Account>>,
    },
    /// Of a service's key.
    Service {
        /// Its policy, unless deleted.
        policy: Option<Arc<Policy>>,
        /// What the policy grants: nothing once it is deleted.
        permissions: PermissionSet,
    },
}

impl Facts {
    /// What `decide` asks for. What is absent grants nothing.
    #[must_use]
    pub fn record<'a>(&'a self, key: &Key, roles: &Roles) -> Record<'a> {
        let holder = match self {
            Self::Account { level, owner } => {
                let absent = Standing { level: Level::NONE, status: Status::Blocked, consent: false };
                Holder::Account { level: *level, owner: owner.as_ref().map_or(absent, |owner| owner.standing(roles)) }
            }
            Self::Service { permissions, .. } => Holder::Service { permissions },
        };
        Record { lifecycle: key.lifecycle, holder }
    }
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::AccountId;
    use keybearer_core::key::Lifecycle;
    use keybearer_core::token::{Digest, KeyId};
    use keybearer_store::{KeyHolder, Metadata};

    use super::*;

    fn key() -> Key {
        Key {
            id: KeyId::from_bytes([7; 16]),
            name: "laptop".into(),
            holder: KeyHolder::Account { owner: AccountId(1), level: Level::OWN },
            lifecycle: Lifecycle::Live { expires_at: None },
            metadata: Metadata::new(),
            digest: Digest::from_bytes([0; 32]),
            pepper: 1,
            created_at: UnixMillis(1),
            created_by: "account:1".into(),
            last_used_at: None,
        }
    }

    #[test]
    fn an_entry_replaced_while_its_use_is_written_is_queued_by_the_next_use() {
        let previous = KeyEntry::new(key(), None);
        assert!(previous.note_use(UnixMillis(5)));
        let entry = KeyEntry::new(key(), Some(&previous));
        // Whoever writes had found the previous entry just before.
        previous.dequeue();
        assert_eq!(entry.last_used_at(), Some(UnixMillis(5)));
        assert!(entry.note_use(UnixMillis(6)), "else no use of this key would ever be written again");
        assert!(!entry.note_use(UnixMillis(7)), "it waits already");
    }
}
