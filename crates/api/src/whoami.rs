//! `GET /v1/whoami` on the wire.

use serde::{Deserialize, Serialize};

use crate::{Account, Key};

/// What a caller came with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A session token.
    Session,
    /// A token of an application, which vouches for the person.
    IdentityToken,
    /// A person's key.
    AccountKey,
    /// A service's key.
    ServiceKey,
}

/// What a caller is and may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"credential": "account_key", "level": 4, "key": {"id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "account", "name": "laptop", "state": "active", "level": 4, "owner": 7, "metadata": {}, "created_at": "2026-03-01T09:30:00.000Z", "created_by": "account:7", "expires_at": "2026-03-31T09:30:00.000Z"}})))]
pub struct WhoAmI {
    /// What it came with.
    pub credential: Credential,
    /// The level in force, of people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Full names of what the policy grants, of services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// The account, of sessions and of tokens of applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// The key, of keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
}
