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
    /// The entry of a key, which takes over from `previous` the uses that are not written yet.
    #[must_use]
    pub fn new(key: Key, previous: Option<&Self>) -> Self {
        let written = key.last_used_at.map_or(0, |at| at.0);
        let noted = previous.map_or(0, |entry| entry.last_used.load(Ordering::Relaxed));
        let queued = previous.is_some_and(|entry| entry.queued.load(Ordering::Relaxed));
        Self { key, last_used: AtomicI64::new(written.max(noted)), queued: AtomicBool::new(queued) }
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
