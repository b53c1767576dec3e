//! Policies on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// A uniquely named set of permissions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"id": "7ea12968-7758-40b6-8c73-75cc99be762b", "name": "front desk", "permissions": ["shop:orders.read"], "keys": 3, "created_at": "2026-03-01T09:30:00.000Z", "created_by": "account:1"})))]
pub struct Policy {
    /// Its name for ever.
    pub id: Uuid,
    /// The name that somebody gave it.
    pub name: String,
    /// Full names of what it grants, sorted.
    pub permissions: Vec<String>,
    /// How many keys that are not revoked use it.
    pub keys: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: `account:1`, `key:<uuid>` or `operator`.
    pub created_by: String,
}

/// `POST /v1/policies`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "front desk", "permissions": ["shop:orders.read"]})))]
#[serde(deny_unknown_fields)]
pub struct NewPolicy {
    /// Unique; 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub name: String,
    /// Full names of declared permissions, at most 200, possibly none.
    #[cfg_attr(feature = "openapi", schema(max_items = 200))]
    pub permissions: Vec<String>,
}

/// `PUT /v1/policies/{id}`: the whole policy as it is to be.
pub type PutPolicy = NewPolicy;
