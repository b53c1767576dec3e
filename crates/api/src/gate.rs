//! Gates on the wire.

use serde::{Deserialize, Serialize};

use crate::{KeyKind, Timestamp, whole};

/// Where in a request a gate looks for a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// `X-API-Key`.
    XApiKey,
    /// `catena-api-key`.
    CatenaApiKey,
}

/// What a gate tells of the key that passed. The others are set, too, to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IdentityHeader {
    /// The id of the key.
    XKeyId,
    /// The number of its owner's account.
    XOwnerId,
    /// Its level in force.
    XKeyLevel,
    /// Those of its permissions that the gate names, with spaces between.
    XPermissions,
}

/// What requests of these methods below this path need besides what the gate itself requires.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GateRule {
    /// For these methods, such as `GET`; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// For this path and all that is below it, by whole segments; none means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 512))]
    pub path: Option<String>,
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

/// `PUT /v1/gates/{name}`: the whole gate as it is to be.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"rules": [{"methods": ["GET"], "path": "/orders", "any_of": ["shop:orders.read"]}]})))]
#[serde(deny_unknown_fields)]
pub struct PutGate {
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
    /// What requests need besides: the first rule that fits decides. Where there are rules and none fits, nobody passes. At most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub rules: Vec<GateRule>,
    /// Where the gate looks for a key; left out, everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carriers: Option<Vec<Carrier>>,
    /// What it tells of the key; left out, everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<IdentityHeader>>,
}

/// A named requirement by which proxies ask whether a request may go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"name": "orders", "any_of": ["shop:orders.read"], "carriers": ["bearer", "x-api-key"], "headers": ["x-key-id", "x-permissions"], "created_at": "2026-03-01T09:30:00.000Z", "created_by": "account:1"})))]
pub struct Gate {
    /// Its name: proxies ask `/gate/{name}`.
    pub name: String,
    /// One of these permissions suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// Each of these permissions is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// The least level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i64>,
    /// The kind of key, where only one will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
    /// What requests need besides: the first rule that fits decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<GateRule>,
    /// Where the gate looks for a key.
    pub carriers: Vec<Carrier>,
    /// What it tells of the key.
    pub headers: Vec<IdentityHeader>,
    /// When it was first defined.
    pub created_at: Timestamp,
    /// Who did: `account:1`, `key:<uuid>` or `operator`.
    pub created_by: String,
}

impl From<Gate> for PutGate {
    /// What would define the same gate.
    fn from(gate: Gate) -> Self {
        let Gate { any_of, all_of, level, kind, rules, carriers, headers, .. } = gate;
        Self { any_of, all_of, level, kind, rules, carriers: Some(carriers), headers: Some(headers) }
    }
}
