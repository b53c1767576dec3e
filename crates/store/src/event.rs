//! Events in the store: the audit log, which is also the change log.

use std::fmt;

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::gate::GateName;
use keybearer_core::permission::ServiceName;
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use crate::{Page, PageRequest, SessionId, StoreError};

/// What a change was made to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// An account.
    Account(AccountId),
    /// A session.
    Session(SessionId),
    /// A key.
    Key(KeyId),
    /// A policy.
    Policy(PolicyId),
    /// A gate.
    Gate(GateName),
    /// A service's manifest.
    Service(ServiceName),
    /// The store as a whole.
    Store,
}

impl fmt::Display for Target {
    /// As it stands in events: `account:1`, `key:<uuid>`, `service:shop`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account:{}", id.0),
            Self::Session(id) => write!(f, "session:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Policy(id) => write!(f, "policy:{id}"),
            Self::Gate(name) => write!(f, "gate:{name}"),
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Store => f.write_str("store"),
        }
    }
}

/// One change.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its place in the order of all changes.
    pub revision: i64,
    /// When.
    pub at: UnixMillis,
    /// Who; see [`crate::Actor`].
    pub actor: String,
    /// What was done, such as `key.revoked`.
    pub action: String,
    /// To what; see [`Target`].
    pub target: String,
    /// All rows that it touched, the target among them.
    pub touched: Vec<String>,
    /// What was there before.
    pub before: Option<serde_json::Value>,
    /// What is there since.
    pub after: Option<serde_json::Value>,
    /// Whether `before` and `after` were taken out, because the event is old.
    pub pruned: bool,
    /// The `X-Request-Id`.
    pub request_id: String,
}

/// Which events a list is to have.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this actor.
    pub actor: Option<String>,
    /// Of this action, or of a group of them (`key` for `key.revoked`).
    pub action: Option<String>,
    /// To this target.
    pub target: Option<String>,
    /// At or after.
    pub since: Option<UnixMillis>,
    /// Before.
    pub until: Option<UnixMillis>,
}

/// Counts for an overview.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The revision of the last change.
    pub revision: i64,
    /// Accounts that are not deleted: active, locked, blocked.
    pub accounts: [u32; 3],
    /// Keys of people: active, expired, revoked.
    pub account_keys: [u32; 3],
    /// Keys of services: active, expired, revoked.
    pub service_keys: [u32; 3],
    /// Policies.
    pub policies: u32,
    /// Permissions that are declared.
    pub permissions: u32,
    /// Sessions that have not ended.
    pub sessions: u32,
    /// Active keys that expire within 7 days.
    pub expiring_soon: u32,
    /// Active keys older than 30 days that were not used for 30 days.
    pub unused: u32,
}

/// Verbs about events.
#[async_trait]
pub trait Events {
    /// Events, newest first.
    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<Event>, StoreError>;
    /// Counts for an overview.
    async fn stats(&self, now: UnixMillis) -> Result<Stats, StoreError>;
}
