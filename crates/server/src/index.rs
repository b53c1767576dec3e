//! The image in memory that decides every request: accounts, sessions, policies and keys.
//!
//! Reads take no lock that a writer holds. There is one way in: [`Follower::apply`], called by the store in the order of the commits.

mod entry;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use keybearer_core::account::{AccountId, Standing};
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Peppers};
use keybearer_store::{Account, Changed, Follower, Key, KeyHolder, Policy, Session, SessionId};
use papaya::HashMap;

pub use self::entry::{Facts, KeyEntry};
use crate::clock::Clock;

/// How many rows the image has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Keys in whatever state.
    pub keys: usize,
    /// Accounts.
    pub accounts: usize,
    /// Policies.
    pub policies: usize,
    /// Sessions, perhaps over.
    pub sessions: usize,
}

/// The image. Entries are shared, so that a reader keeps what it looks at while a change replaces it.
pub struct Index {
    roles: Roles,
    clock: Clock,
    accounts: HashMap<AccountId, Arc<Account>>,
    sessions: HashMap<SessionId, Session>,
    policies: HashMap<PolicyId, Arc<Policy>>,
    keys: HashMap<KeyId, Arc<KeyEntry>>,
    revision: AtomicI64,
    changed_at: AtomicI64,
}

impl Index {
    /// An empty image, to be filled by the store.
    #[must_use]
    pub fn new(roles: Roles, clock: Clock) -> Self {
        Self {
            roles,
            clock,
            accounts: HashMap::new(),
            sessions: HashMap::new(),
            policies: HashMap::new(),
            keys: HashMap::new(),
            revision: AtomicI64::new(0),
            changed_at: AtomicI64::new(0),
        }
    }

    /// The table of roles in force.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The revision of the last change that is in the image.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision.load(Ordering::Acquire)
    }

    /// When that change, or the load, came into the image.
    #[must_use]
    pub fn changed_at(&self) -> UnixMillis {
        UnixMillis(self.changed_at.load(Ordering::Relaxed))
    }

    /// How many rows the image has.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { keys: self.keys.len(), accounts: self.accounts.len(), policies: self.policies.len(), sessions: self.sessions.len() }
    }

    /// One account that is not deleted.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        self.accounts.pin().get(&id).cloned()
    }

    /// How an account stands; none where it is absent or deleted.
    #[must_use]
    pub fn standing(&self, id: AccountId) -> Option<Standing> {
        self.accounts.pin().get(&id).map(|account| account.standing(&self.roles))
    }

    /// A session that has not ended, and how its account stands.
    #[must_use]
    pub fn session(&self, id: SessionId, now: UnixMillis) -> Option<(Session, Standing)> {
        let session = *self.sessions.pin().get(&id)?;
        let standing = self.standing(session.account)?;
        (now < session.expires_at && standing.may_sign_in()).then_some((session, standing))
    }

    /// The key of this id, in whatever state.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<Arc<KeyEntry>> {
        self.keys.pin().get(&id).cloned()
    }

    /// The key that this credential proves: the id exists and the secret is the right one.
    #[must_use]
    pub fn prove(&self, credential: &Credential, peppers: &Peppers) -> Option<Arc<KeyEntry>> {
        let keys = self.keys.pin();
        let entry = keys.get(&credential.id)?;
        peppers.proves(credential, entry.key.pepper, &entry.key.digest).then(|| Arc::clone(entry))
    }

    /// What besides the key itself decides about it now.
    #[must_use]
    pub fn facts(&self, key: &Key) -> Facts {
        match &key.holder {
            KeyHolder::Account { owner, level } => Facts::Account { level: *level, owner: self.account(*owner) },
            KeyHolder::Service { policy, .. } => {
                let policy = self.policies.pin().get(policy).cloned();
                let permissions = policy.as_ref().map_or_else(PermissionSet::default, |policy| policy.permissions.clone());
                Facts::Service { policy, permissions }
            }
        }
    }
}

impl Follower for Index {
    fn apply(&self, changed: Changed) {
        // What ends comes before its cause: nobody meets a live session of an account that lacks consent already.
        let sessions = self.sessions.pin();
        for (id, session) in changed.sessions {
            match session {
                Some(session) => drop(sessions.insert(id, session)),
                None => drop(sessions.remove(&id)),
            }
        }
        let keys = self.keys.pin();
        for (id, key) in changed.keys {
            match key {
                Some(key) => {
                    let entry = KeyEntry::new(key, keys.get(&id).map(|entry| &**entry));
                    keys.insert(id, Arc::new(entry));
                }
                None => drop(keys.remove(&id)),
            }
        }
        let accounts = self.accounts.pin();
        for (id, account) in changed.accounts {
            match account {
                Some(account) => drop(accounts.insert(id, Arc::new(account))),
                None => drop(accounts.remove(&id)),
            }
        }
        let policies = self.policies.pin();
        for (id, policy) in changed.policies {
            match policy {
                Some(policy) => drop(policies.insert(id, Arc::new(policy))),
                None => drop(policies.remove(&id)),
            }
        }
        self.changed_at.store(self.clock.now().0, Ordering::Relaxed);
        self.revision.store(changed.revision, Ordering::Release);
    }
}
