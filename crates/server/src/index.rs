//! The image in memory that decides every request: accounts, sessions, policies, gates and keys.
//!
//! Reads take no lock that a writer holds. There is one way in: [`Follower::apply`], called by the store in the order of the commits.

mod bucket;
mod entry;
mod gates;
mod policies;
mod slot;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use foldhash::fast::RandomState;
use keybearer_core::account::{AccountId, Standing};
use keybearer_core::identity::{Identity, IdentityMark};
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Peppers};
use keybearer_store::{Account, Changed, Follower, Key, KeyHolder, Policy, Session, SessionId};
use papaya::HashMap;

use self::bucket::{Builder, Place};
pub use self::entry::{Facts, KeyEntry, granted};
pub use self::gates::FoundGate;
use self::gates::Gates;
use self::policies::Policies;
use self::slot::{Slot, SlotHolder};
use self::table::{Table, Write};
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
    /// Gates.
    pub gates: usize,
    /// Sessions, perhaps over.
    pub sessions: usize,
}

/// The image. Entries are shared, so that a reader keeps what it looks at while a change replaces it.
pub struct Index {
    roles: Roles,
    clock: Clock,
    accounts: HashMap<AccountId, (Arc<Account>, Standing), RandomState>,
    /// Whose account may be whose. Whether it is, the account says.
    identities: HashMap<IdentityMark, AccountId, RandomState>,
    sessions: HashMap<SessionId, Session, RandomState>,
    policies: Policies,
    gates: Gates,
    keys: Table,
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
            accounts: HashMap::default(),
            identities: HashMap::default(),
            sessions: HashMap::default(),
            policies: Policies::new(),
            gates: Gates::new(),
            keys: Table::new(),
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
        Counts {
            keys: self.keys.len(),
            accounts: self.accounts.len(),
            policies: self.policies.len(),
            gates: self.gates.len(),
            sessions: self.sessions.len(),
        }
    }

    fn owner(&self, id: AccountId) -> Option<(Arc<Account>, Standing)> {
        self.accounts.pin().get(&id).cloned()
    }

    /// One account that is not deleted.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        self.owner(id).map(|(account, _)| account)
    }

    /// How an account stands; none where it is absent or deleted.
    #[must_use]
    pub fn standing(&self, id: AccountId) -> Option<Standing> {
        self.accounts.pin().get(&id).map(|(_, standing)| *standing)
    }

    /// The account of a person at an application, and how it stands.
    #[must_use]
    pub fn identity(&self, identity: &Identity) -> Option<(AccountId, Standing)> {
        let id = *self.identities.pin().get(&identity.mark())?;
        let (account, standing) = self.owner(id)?;
        (account.identity().as_ref() == Some(identity)).then_some((id, standing))
    }

    /// One policy that is not deleted.
    #[must_use]
    pub fn policy(&self, id: PolicyId) -> Option<Arc<Policy>> {
        self.policies.get(id)
    }

    /// All policies that are not deleted, in no order. How many keys they have is not kept here.
    #[must_use]
    pub fn policies(&self) -> Vec<Arc<Policy>> {
        self.policies.all()
    }

    /// At most so many of those, to tell whether there are more.
    #[must_use]
    pub fn some_policies(&self, most: usize) -> Vec<Arc<Policy>> {
        self.policies.some(most)
    }

    /// What there is under the name of a gate.
    #[must_use]
    pub fn gate(&self, name: &str) -> FoundGate {
        self.gates.find(name)
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
    pub fn key(&self, id: KeyId) -> Option<KeyEntry> {
        self.keys.find(&id).map(|found| KeyEntry(found.keep()))
    }

    /// A key that is not in the image, in the form of those that are.
    #[must_use]
    pub fn apart(&self, key: &Key) -> KeyEntry {
        let mut bucket = Builder::default();
        bucket.push(0, |texts| Slot::new(key, self.policy_number(key), texts));
        KeyEntry(Place { bucket: bucket.build(0), at: 0 })
    }

    /// The key that this credential proves: the id exists and the secret is the right one.
    #[must_use]
    pub fn prove(&self, credential: &Credential, peppers: &Peppers) -> Option<KeyEntry> {
        let found = self.keys.find(&credential.id);
        let sealed = found.as_ref().map(|found| (found.slot().pepper, &found.slot().digest));
        let is_proved = peppers.prove(credential, sealed);
        found.filter(|_| is_proved).map(|found| KeyEntry(found.keep()))
    }

    /// What besides the key itself decides about it now.
    #[must_use]
    pub fn facts(&self, key: &KeyEntry) -> Facts {
        match key.slot().holder() {
            SlotHolder::Account { owner, level } => Facts::Account { level, owner: self.owner(owner) },
            SlotHolder::Service { policy } => {
                let (id, policy) = self.policies.by_number(policy);
                Facts::Service { id, policy }
            }
        }
    }

    fn policy_number(&self, key: &Key) -> u32 {
        match key.holder {
            KeyHolder::Service { policy, .. } => self.policies.number(policy),
            KeyHolder::Account { .. } => 0,
        }
    }
}

impl Index {
    /// A policy may change, and a key move to it, before the image is told of either. The key must not meet the policy as it was then: that might
    /// grant what neither change did. So it gets a number of its own, under which the policy is as it is now.
    fn separate_moved(&self, changed: &Changed) {
        for (id, policy) in &changed.policies {
            let is_held = |key: &Key| matches!(key.holder, KeyHolder::Service { policy, .. } if policy == *id);
            if changed.keys.iter().any(|(_, key)| key.as_ref().is_some_and(is_held)) {
                self.policies.renumber(*id, policy.clone());
            }
        }
    }
}

impl Index {
    /// An identity may have gone from this account to another that was told of before, and is then left there.
    fn move_identity(&self, id: AccountId, before: Option<IdentityMark>, now: Option<IdentityMark>) {
        if before == now {
            return;
        }
        let identities = self.identities.pin();
        if let Some(before) = before.filter(|before| identities.get(before) == Some(&id)) {
            identities.remove(&before);
        }
        if let Some(now) = now {
            identities.insert(now, id);
        }
    }

    /// A gate may change together with what it decides about, where several changes come at once. Neither order would do: a wider policy must
    /// not meet the gate of before, nor a wider gate the policy of before. So such a gate decides nothing until both are in the image.
    fn begin_gates(&self, changed: &Changed) {
        if changed.accounts.is_empty() && changed.policies.is_empty() && changed.keys.is_empty() {
            return;
        }
        for (name, _) in &changed.gates {
            self.gates.begin(name);
        }
    }
}

impl Follower for Index {
    fn apply(&self, changed: Changed) {
        self.begin_gates(&changed);
        self.separate_moved(&changed);
        // What ends comes before its cause: nobody meets a live session of an account that lacks consent already.
        let sessions = self.sessions.pin();
        for (id, session) in changed.sessions {
            match session {
                Some(session) => drop(sessions.insert(id, session)),
                None => drop(sessions.remove(&id)),
            }
        }
        let keys = changed.keys.into_iter().map(|(id, key)| Write { id, key: key.map(|key| (self.policy_number(&key), key)) });
        self.keys.write(keys.collect());
        let accounts = self.accounts.pin();
        for (id, account) in changed.accounts {
            let now = account.as_ref().and_then(Account::identity).map(|identity| identity.mark());
            let before = match account {
                Some(account) => {
                    let standing = account.standing(&self.roles);
                    accounts.insert(id, (Arc::new(account), standing))
                }
                None => accounts.remove(&id),
            };
            let before = before.and_then(|(account, _)| account.identity()).map(|identity| identity.mark());
            self.move_identity(id, before, now);
        }
        for (id, policy) in changed.policies {
            self.policies.set(id, policy);
        }
        for (name, gate) in changed.gates {
            self.gates.set(name, gate);
        }
        self.changed_at.store(self.clock.now().0, Ordering::Relaxed);
        self.revision.store(changed.revision, Ordering::Release);
    }

    fn forget_sessions(&self, until: UnixMillis) {
        self.sessions.pin().retain(|_, session| session.expires_at > until);
    }
}
