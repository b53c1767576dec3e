//! How the image in memory learns of changes.

use keybearer_core::account::AccountId;
use keybearer_core::gate::GateName;
use keybearer_core::key::RevocationReason;
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use crate::{Account, Key, NamedGate, Policy, Session, SessionId};

/// Rows as they are after a change; `None` where there is none (any more).
#[derive(Clone, Default)]
pub struct Changed {
    /// Accounts.
    pub accounts: Vec<(AccountId, Option<Account>)>,
    /// Sessions.
    pub sessions: Vec<(SessionId, Option<Session>)>,
    /// Policies.
    pub policies: Vec<(PolicyId, Option<Policy>)>,
    /// Gates.
    pub gates: Vec<(GateName, Option<NamedGate>)>,
    /// Keys.
    pub keys: Vec<(KeyId, Option<Key>)>,
    /// Other keys, of whose rows nothing else was told.
    pub revoked: Option<RevokedKeys>,
    /// The revision that these rows hold.
    pub revision: i64,
}

/// Keys that were revoked together. Whichever of them was revoked before, or is not there, stays so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevokedKeys {
    /// Their ids.
    pub keys: Vec<KeyId>,
    /// Since when.
    pub at: UnixMillis,
    /// Why.
    pub reason: RevocationReason,
}

/// Somebody who keeps an image of the rows. Called in the order of the revisions, after the commit, once for each change, or for several
/// changes at once where several nodes make them; and, under the revision that it has, for rows that are forgotten. Before the caller is answered,
/// or, of keys that were revoked, before the store says again that the image is in force for them ([`crate::Nodes::are_in_force`]).
pub trait Follower: Send + Sync {
    /// Takes over the rows.
    fn apply(&self, changed: Changed);

    /// Room may be made for so many keys in all: no more than these are handed over next.
    fn expect_keys(&self, count: usize) {
        let _ = count;
    }

    /// Forgets the sessions that were over at this moment. Nobody may use them any more, so who keeps none has nothing to do.
    fn forget_sessions(&self, until: UnixMillis) {
        let _ = until;
    }
}
