//! The nodes on the wire.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// All nodes that serve from one database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"revision": 42, "nodes": [{"id": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9", "name": "keys-1", "address": "10.0.0.1:5000", "version": "0.1.0", "consistency": "lease", "state": "serving", "revision": 42, "lag": 0, "lease_ms": 1790, "silent_ms": 170, "registered_at": "2026-03-01T09:30:00.000Z", "is_self": true}]})))]
pub struct Cluster {
    /// The revision of the last change.
    pub revision: i64,
    /// The nodes. Without PostgreSQL there is one.
    pub nodes: Vec<Node>,
}

/// How a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It answers.
    Serving,
    /// No heartbeat came for longer than a lease lasts. The next change waits for it, and then fences it.
    Silent,
    /// A change waited for it in vain, and nobody waits for this registration any more. If the process runs, it registers anew.
    Fenced,
}

impl NodeState {
    /// As it stands on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Silent => "silent",
            Self::Fenced => "fenced",
        }
    }
}

/// One process that serves, or served.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Node {
    /// Given anew at each registration; none where there is one node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// By the setting `node_name`, or that of the machine.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// Its version of Keybearer.
    pub version: String,
    /// How it makes sure that its answers are in force: `lease`, `strict`, or `single` where there is one node.
    pub consistency: String,
    /// How it is.
    pub state: NodeState,
    /// The revision that it has told to hold.
    pub revision: i64,
    /// How many changes it lacks by that. For a moment after each change there may be some.
    pub lag: i64,
    /// How long its lease lasts by its last heartbeat, in milliseconds.
    pub lease_ms: i64,
    /// How long ago that heartbeat came, in milliseconds.
    pub silent_ms: i64,
    /// When it registered, by the clock of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Timestamp>,
    /// Whether it is the one that answers.
    pub is_self: bool,
}
