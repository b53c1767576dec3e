//! How the image in memory learns of changes.

use keybearer_core::account::AccountId;
use keybearer_core::policy::PolicyId;
use keybearer_core::token::KeyId;

use crate::{Account, Key, Policy, Session, SessionId};

/// Rows as they are after a change; `None` where there is none (any more).
#[derive(Clone, Default)]
pub struct Changed {
    /// Accounts.
    pub accounts: Vec<(AccountId, Option<Account>)>,
    /// Sessions.
    pub sessions: Vec<(SessionId, Option<Session>)>,
    /// Policies.
    pub policies: Vec<(PolicyId, Option<Policy>)>,
    /// Keys.
    pub keys: Vec<(KeyId, Option<Key>)>,
    /// The revision that these rows hold.
    pub revision: i64,
}

/// Somebody who keeps an image of the rows. Called once for each change, in the order of the
/// revisions, after the commit and before the caller is answered; and, under the revision that it
/// has, for rows that are forgotten.
pub trait Follower: Send + Sync {
    /// Takes over the rows.
    fn apply(&self, changed: Changed);
}
