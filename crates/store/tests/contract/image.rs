//! A follower that keeps all it is told, and notes what it should not have been told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use keybearer_core::account::AccountId;
use keybearer_core::gate::GateName;
use keybearer_core::key::Lifecycle;
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{Account, Changed, Follower, Key, KeyHolder, NamedGate, Policy, RevokedKeys, Session, SessionId};

#[derive(Default)]
pub(crate) struct Image {
    told: Mutex<Told>,
}

/// All that a follower was told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) policies: BTreeMap<PolicyId, Policy>,
    pub(crate) gates: BTreeMap<GateName, NamedGate>,
    pub(crate) keys: BTreeMap<KeyId, Key>,
    pub(crate) revision: i64,
    /// How often it was told something.
    pub(crate) times: usize,
    /// How many keys it was told of that they are revoked, and nothing else.
    pub(crate) revoked: usize,
    /// What it should not have been told.
    pub(crate) faults: Vec<String>,
    loaded: bool,
    /// Whether several changes may come at once.
    pub(crate) leaps: bool,
}

impl Image {
    /// What it was told so far. While this is held, the store waits for its follower.
    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap()
    }
}

impl Follower for Image {
    fn apply(&self, changed: Changed) {
        self.told().apply(changed);
    }

    fn forget_sessions(&self, until: UnixMillis) {
        self.told().sessions.retain(|_, session| session.expires_at > until);
    }
}

impl Told {
    /// Ends the load: from now on each word is one change, with the revision after the one before.
    pub(crate) fn is_loaded(&mut self) {
        self.loaded = true;
    }

    fn apply(&mut self, changed: Changed) {
        let is_forgotten = self.loaded && changed.revision == self.revision && only_takes_away(&changed);
        let in_order = match (self.loaded, self.leaps) {
            (true, false) => changed.revision == self.revision + 1,
            (true, true) => changed.revision > self.revision,
            (false, _) => changed.revision >= self.revision,
        };
        if !in_order && !is_forgotten {
            self.faults.push(format!("revision {} after {}", changed.revision, self.revision));
        }
        self.revision = changed.revision;
        self.times += 1;
        take_over(&mut self.accounts, changed.accounts);
        take_over(&mut self.sessions, changed.sessions);
        take_over(&mut self.policies, changed.policies);
        take_over(&mut self.gates, changed.gates);
        take_over(&mut self.keys, changed.keys);
        if let Some(RevokedKeys { keys, at, reason }) = changed.revoked {
            self.revoked += keys.len();
            for id in keys {
                self.keys.entry(id).and_modify(|key| key.lifecycle = key.lifecycle.revoke(at, reason).unwrap_or(key.lifecycle));
            }
        }
        let orphans = self.keys.values().filter(|key| matches!(key.lifecycle, Lifecycle::Live { .. }) && !self.knows(&key.holder));
        let orphans: Vec<String> = orphans.map(|key| format!("live key {} without its owner or policy", key.id)).collect();
        self.faults.extend(orphans);
    }

    fn knows(&self, holder: &KeyHolder) -> bool {
        match holder {
            KeyHolder::Account { owner, .. } => self.accounts.contains_key(owner),
            KeyHolder::Service { policy, .. } => self.policies.contains_key(policy),
        }
    }
}

/// Whether it has keys and sessions that are to go, and nothing else.
fn only_takes_away(changed: &Changed) -> bool {
    changed.accounts.is_empty()
        && changed.policies.is_empty()
        && changed.gates.is_empty()
        && changed.sessions.iter().all(|(_, session)| session.is_none())
        && changed.keys.iter().all(|(_, key)| key.is_none())
}

fn take_over<I: Ord, T>(rows: &mut BTreeMap<I, T>, changed: Vec<(I, Option<T>)>) {
    for (id, row) in changed {
        match row {
            Some(row) => drop(rows.insert(id, row)),
            None => drop(rows.remove(&id)),
        }
    }
}
