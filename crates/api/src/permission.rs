//! Permissions on the wire.

use serde::{Deserialize, Serialize};

/// A permission that a service declares, or that a policy still grants.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"permission": "shop:orders.read", "service": "shop", "name": "orders.read", "description": "See orders", "declared": true})))]
pub struct Permission {
    /// Its full name, `service:name`.
    pub permission: String,
    /// The service.
    pub service: String,
    /// The name that the service gave it.
    pub name: String,
    /// What it lets a key do.
    pub description: String,
    /// Whether its service still declares it.
    pub declared: bool,
}

/// One line of `PUT /v1/services/{service}/permissions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "orders.read", "description": "See orders"})))]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The permission's name within the service.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$"))]
    pub name: String,
    /// What it lets a key do; 1 to 1,000 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 1000))]
    pub description: String,
}
