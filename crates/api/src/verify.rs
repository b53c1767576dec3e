//! Verification on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{KeyKind, Metadata, Named, Timestamp, whole};

/// `POST /v1/verify`.
// No `Debug`: it holds a key.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"key": "kb_…", "any_of": ["shop:orders.read", "shop:orders.refund"]})))]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The token, or the pair as `id:secret`.
    pub key: String,
    /// One of these permissions suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// Each of these permissions is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// The least level, 0 to 8. Not together with permissions.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 8))]
    pub level: Option<i64>,
    /// The kind of key, where only one will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// `POST /v1/verify/batch`.
// No `Debug`: it holds keys.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyBatch {
    /// 1 to 1,000 questions.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub items: Vec<Verify>,
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerdictCode {
    /// Yes.
    Valid,
    /// The text cannot be a key.
    Malformed,
    /// No such key, or a wrong secret.
    NotFound,
    /// Revoked; never valid again.
    Revoked,
    /// Its time is over.
    Expired,
    /// Of too low a level, or without one.
    InsufficientLevel,
    /// Without the permissions.
    InsufficientPermissions,
}

/// The answer to a verification. A bad key is an answer, not an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"valid": true, "code": "VALID", "key": {"id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "service", "name": "front desk 1", "policy": {"id": "7ea12968-7758-40b6-8c73-75cc99be762b", "name": "front desk"}, "permissions": ["shop:orders.read"], "metadata": {}}})))]
pub struct Verdict {
    /// Yes or no.
    pub valid: bool,
    /// Why.
    pub code: VerdictCode,
    /// The key, where the right secret was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<VerifiedKey>,
    /// What the key lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// An answer to each question, in their order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyResults {
    /// In the order of the request.
    pub results: Vec<Verdict>,
}

/// What a service wants to know of a key that was presented to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedKey {
    /// Its public name.
    pub id: Uuid,
    /// Whether it stands for a person or for a service.
    pub kind: KeyKind,
    /// The name that somebody gave it.
    pub name: String,
    /// Of a person's key: number of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<i64>,
    /// Of a person's key: the account's name in the application it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Of a person's key: the level in force, the lesser of the key's and its owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Of a service's key: its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Named>,
    /// Of a service's key: full names of what its policy grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// What applications keep with it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Metadata,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What a key lacks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"any_of": ["shop:orders.refund"]})))]
pub struct Missing {
    /// It has none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// It has not these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// It would need this level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// It would have to be of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// `POST /v1/explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"key_id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "any_of": ["shop:orders.read"]})))]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The public name of the key.
    pub key_id: Uuid,
    /// As in a verification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// As in a verification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// As in a verification.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 8))]
    pub level: Option<i64>,
    /// As in a verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// What the verdict would be, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"verdict": {"valid": true, "code": "VALID", "key": {"id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "service", "name": "front desk 1", "policy": {"id": "7ea12968-7758-40b6-8c73-75cc99be762b", "name": "front desk"}, "permissions": ["shop:orders.read"], "metadata": {}}}, "granted_by": "shop:orders.read", "why": ["The key is active.", "Its policy grants shop:orders.read."]})))]
pub struct Explanation {
    /// The answer that whoever presents the key gets.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Which permission satisfied `any_of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<String>,
    /// The reason in words, one sentence a step.
    pub why: Vec<String>,
}
