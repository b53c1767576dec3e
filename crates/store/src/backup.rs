//! Copies of a store, and what is carried over when a copy takes its place again.

use std::collections::BTreeMap;

use keybearer_core::account::AccountId;
use keybearer_core::gate::GateName;
use keybearer_core::key::RevocationReason;
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{KeyId, PepperVersion};
use uuid::Uuid;

use crate::{Account, NamedGate, Policy};

/// What a database holds, as far as a backup has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Names the installation that the database belongs to.
    pub installation: Uuid,
    /// The revision of its last change.
    pub revision: i64,
    /// When that was made.
    pub last_change: Option<UnixMillis>,
    /// Number of its last migration.
    pub schema: i64,
    /// Fingerprints of the peppers that stored keys need, by version.
    pub peppers: BTreeMap<PepperVersion, String>,
    /// Accounts that are not deleted.
    pub accounts: u64,
    /// Keys, dead ones too.
    pub keys: u64,
    /// Policies.
    pub policies: u64,
    /// The roles of active accounts, so that whoever knows the table of roles can tell whether there is an administrator.
    pub active_roles: Vec<String>,
}

/// What the store that a restored one replaces knows of accounts, policies, gates and keys. No `Debug`: it holds hashes of passwords.
pub struct Replaced {
    /// See [`Contents::installation`].
    pub installation: Uuid,
    pub(crate) revision: i64,
    /// What tells its events from others, by their revisions.
    pub(crate) history: BTreeMap<i64, EventMark>,
    /// What its events touched, as they name it, each with the last revision that did.
    pub(crate) touched: BTreeMap<String, i64>,
    /// The highest number ever given to an account.
    pub(crate) last_account: i64,
    pub(crate) accounts: BTreeMap<AccountId, ReplacedAccount>,
    /// `None` for a deleted one.
    pub(crate) policies: BTreeMap<PolicyId, Option<Policy>>,
    pub(crate) gates: BTreeMap<GateName, NamedGate>,
    pub(crate) keys: BTreeMap<KeyId, ReplacedKey>,
}

/// A hash over what an event says, which no pruning takes away: two histories that have the same at one revision are the same up to there.
pub(crate) type EventMark = [u8; 32];

pub(crate) enum ReplacedAccount {
    Deleted,
    Present { account: Box<Account>, password_hash: Option<String> },
}

pub(crate) struct ReplacedKey {
    pub(crate) revoked: Option<(UnixMillis, RevocationReason)>,
    pub(crate) policy: Option<PolicyId>,
}

/// How much a restored store took over from the one that it replaces.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CarriedOver {
    /// Keys that stay revoked, or are revoked because their account or policy was lowered.
    pub revoked_keys: usize,
    /// Service keys that stay with the policy that they were given since.
    pub repointed_keys: usize,
    /// Accounts whose role, status, consent or password stays as it is, where the backup would have granted more.
    pub lowered_accounts: usize,
    /// Accounts that stay deleted.
    pub deleted_accounts: usize,
    /// Policies that do not get back what was taken from them.
    pub lowered_policies: usize,
    /// Policies that stay deleted.
    pub deleted_policies: usize,
    /// Policies that got another name, since another one has theirs.
    pub renamed_policies: usize,
    /// Gates that are deleted, since the store that is replaced has changed or deleted them.
    pub closed_gates: usize,
    /// Accounts without a password now: both histories gave them another one, and nobody can tell which is the last.
    pub lost_passwords: usize,
}
