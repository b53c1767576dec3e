//! Events and counts on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"revision": 42, "at": "2026-03-01T09:30:00.000Z", "actor": "account:1", "action": "key.revoked", "target": "key:0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "touched": ["key:0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11"], "before": {"state": "active"}, "after": {"state": "revoked", "reason": "deleted"}, "pruned": false, "request_id": "0198c2a4-8a07-7d11-8f0b-5d8f0c1e2a33"})))]
pub struct Event {
    /// Its place in the order of all changes.
    pub revision: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `account:1`, `key:<uuid>` or `operator`.
    pub actor: String,
    /// What was done, such as `key.revoked`.
    pub action: String,
    /// To what: `account:1`, `key:<uuid>`, `policy:<uuid>`, `session:<uuid>` or `service:<name>`.
    pub target: String,
    /// All that it touched.
    pub touched: Vec<String>,
    /// What was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<serde_json::Value>,
    /// What is there since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<serde_json::Value>,
    /// Whether `before` and `after` were taken out, because the event is older than `events.payload_retention`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pruned: bool,
    /// The `X-Request-Id` of the request that made it.
    pub request_id: String,
}

/// Keys of one kind.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyCounts {
    /// That verify.
    pub active: u32,
    /// Whose time is over.
    pub expired: u32,
    /// That were revoked.
    pub revoked: u32,
}

/// How verifications were answered in one step of time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verifications {
    /// When the step begins. It lasts until the next one, the last one until now.
    pub at: Timestamp,
    /// With yes.
    pub valid: u64,
    /// With no, by the code of the reason; those without any are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
}

/// How far back verifications are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// By the minute.
    Hour,
    /// By the half hour.
    #[default]
    Day,
    /// By three hours.
    Week,
    /// Thirty days, by half days.
    Month,
}

/// Counts for an overview.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// The revision of the last change.
    pub revision: i64,
    /// Accounts in use.
    pub accounts_active: u32,
    /// Accounts stopped by their holders.
    pub accounts_locked: u32,
    /// Accounts stopped by administrators.
    pub accounts_blocked: u32,
    /// Keys of people.
    pub account_keys: KeyCounts,
    /// Keys of services.
    pub service_keys: KeyCounts,
    /// Policies.
    pub policies: u32,
    /// Declared permissions.
    pub permissions: u32,
    /// Sessions that have not ended.
    pub sessions: u32,
    /// Active keys that expire within 7 days.
    pub expiring_soon: u32,
    /// Active keys older than 30 days that were not used for 30 days.
    pub unused: u32,
    /// Answers of verify and of the Catena test in the period asked for, oldest step first. Those of the last seconds may be missing.
    pub verifications: Vec<Verifications>,
}
