//! Keys on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Metadata, Timestamp, whole};

/// Whether a key stands for a person or for a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// A person's: it has an owner and a level.
    Account,
    /// A service's: it has a policy.
    Service,
}

/// Where a key is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It verifies.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked, for `reason`.
    Revoked,
}

/// A thing by id and name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// Its name, while it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A key without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "account", "name": "laptop", "state": "active", "level": 4, "owner": 7, "metadata": {}, "created_at": "2026-03-01T09:30:00.000Z", "created_by": "account:7", "expires_at": "2026-03-31T09:30:00.000Z"})))]
pub struct Key {
    /// Its public name, and the user name of the pair.
    pub id: Uuid,
    /// Whether it stands for a person or for a service.
    pub kind: KeyKind,
    /// The name that somebody gave it.
    pub name: String,
    /// Where it is in its life.
    pub state: KeyState,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of a person's key: its level, 0 to 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Of a person's key: number of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<i64>,
    /// Of a service's key: its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Named>,
    /// Of a service's key: the service for which it may declare permissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What applications keep with it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Metadata,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: `account:1`, `key:<uuid>` or `operator`.
    pub created_by: String,
    /// When it expires, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, up to a few seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// `POST /v1/keys`: with `level` a key of a person, with `policy_id` a key of a service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "laptop", "level": 4, "expires_in": 2592000})))]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// 1 to 200 characters. Of service keys unique.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// 0 to 8: at most the owner's, at most that of the credential that asks.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 8))]
    pub level: Option<i64>,
    /// The policy of a service key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<Uuid>,
    /// Whole seconds. A person's key without it lives for the default lifetime, a service's for ever.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub expires_in: Option<i64>,
    /// Number of the account whose key it is to be; without it, the caller's.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    pub owner: Option<i64>,
    /// The service for which a service key may declare permissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What applications keep with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// A new key: the only answer that ever holds its secret.
// No `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"token": "kb_…", "secret": "…", "id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "account", "name": "laptop", "state": "active", "level": 4, "owner": 7, "metadata": {}, "created_at": "2026-03-01T09:30:00.000Z", "created_by": "account:7", "expires_at": "2026-03-31T09:30:00.000Z"})))]
pub struct CreatedKey {
    /// The key in one text, for `Authorization: Bearer` or `X-API-Key`.
    pub token: String,
    /// The password of the pair, whose user name is `id`.
    pub secret: String,
    /// The key.
    #[serde(flatten)]
    pub key: Key,
}

/// `PATCH /v1/keys/{id}`, of service keys: what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "front desk 2", "policy_id": "7ea12968-7758-40b6-8c73-75cc99be762b"})))]
#[serde(deny_unknown_fields)]
pub struct ChangeKey {
    /// Another unique name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: Option<String>,
    /// Another policy: the key's rights change at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_id: Option<Uuid>,
    /// What applications keep with it, replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// `POST /v1/keys/revoke`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"ids": ["0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11"]})))]
#[serde(deny_unknown_fields)]
pub struct RevokeMany {
    /// 1 to 200 ids.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 200))]
    pub ids: Vec<Uuid>,
}

/// What became of one of many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RevokeOutcome {
    /// Dead from now on, everywhere.
    Revoked,
    /// No such key, or one that is revoked already, or not yours to see.
    NotFound,
    /// Not yours to revoke.
    Refused,
}

/// What became of one of many.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedOne {
    /// Which key.
    pub id: Uuid,
    /// What became of it.
    pub outcome: RevokeOutcome,
}

/// An answer for each of many, in their order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedMany {
    /// In the order of the request.
    pub results: Vec<RevokedOne>,
}
