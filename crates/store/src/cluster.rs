//! Several nodes over one database: which there are, and whether what one answers from its image is in force (DESIGN §5).

use std::net::SocketAddr;

use async_trait::async_trait;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{KeyId, PepperVersion};
use uuid::Uuid;

use crate::StoreError;

/// How a node makes sure that what it answers from its image is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Consistency {
    /// It holds a lease, and every change waits until it has the change or its lease is over. Answers cost no query.
    #[default]
    Lease,
    /// It asks the database, once for all requests that wait. Correct whatever the clocks of the machines do.
    Strict,
}

impl Consistency {
    /// The word for it, in settings and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lease => "lease",
            Self::Strict => "strict",
        }
    }
}

/// Where a node hears messages that other nodes send it directly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Messages {
    /// At the address by which its machine reaches the database, and any free port.
    #[default]
    Auto,
    /// There.
    At(SocketAddr),
    /// Nowhere, nor does it send any: all goes through the database.
    Off,
}

/// As what a process takes part where several serve from one database.
#[derive(Clone, Debug, Default)]
pub struct Membership {
    /// What people call the node.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// How it makes sure that its answers are in force.
    pub consistency: Consistency,
    /// Where it hears messages of other nodes.
    pub messages: Messages,
}

/// One process that serves, or served.
#[derive(Clone, Debug)]
pub struct Node {
    /// Given anew at each registration.
    pub incarnation: Uuid,
    /// What people call it.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// The version of Keybearer.
    pub version: String,
    /// How it makes sure that its answers are in force.
    pub consistency: Consistency,
    /// The revision that it has told to hold.
    pub applied: i64,
    /// Whether it was too late once, so that nobody waits for this incarnation any more.
    pub is_fenced: bool,
    /// When it registered, by the clock of the database.
    pub registered_at: UnixMillis,
    /// How long ago its last heartbeat came, in milliseconds.
    pub silent_for: i64,
    /// How much of its lease is left by that heartbeat, in milliseconds: at least 0.
    pub lease_left: i64,
    /// Whether it is the one that was asked.
    pub is_self: bool,
}

impl Node {
    /// Whether no heartbeat came for longer than any lease lasts, and somebody may still have to wait for it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        const SILENT: i64 = 2_000;
        !self.is_fenced && self.silent_for > SILENT
    }
}

/// All nodes at one moment.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The revision of the last change.
    pub revision: i64,
    /// The nodes, by name.
    pub nodes: Vec<Node>,
}

/// What an operator should know of a server of PostgreSQL.
#[derive(Clone, Debug)]
pub struct ServerState {
    /// What its clock says.
    pub now: UnixMillis,
    /// Which standbys must have a commit before it is answered, as the server is set (`synchronous_standby_names`); empty for none.
    pub synchronous_standbys: String,
    /// Whether it is itself a standby, which takes no changes.
    pub is_standby: bool,
    /// The nodes that serve from the database.
    pub cluster: Cluster,
}

/// Verbs about the nodes.
#[async_trait]
pub trait Nodes {
    /// Whether the image may be answered from at this instant: whatever was answered as done before it is in the image. It waits for nothing.
    fn is_in_force(&self) -> bool;

    /// As [`Nodes::is_in_force`], for whoever decides about no other keys than these. A change of some keys may be foretold, and then it is them
    /// alone of which the image does not know.
    fn are_in_force(&self, keys: &[KeyId]) -> bool;

    /// Makes sure that whatever was answered as done before this call is in the image. For when [`Nodes::is_in_force`] says no.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where that cannot be had in half a second.
    async fn confirm(&self) -> Result<(), StoreError>;

    /// The newest pepper that every node holds, by what this one knows; none where there are no others. A key that is sealed with a newer one
    /// could not be verified everywhere.
    fn common_pepper(&self) -> Option<PepperVersion>;

    /// The nodes; none where the database belongs to one process.
    async fn cluster(&self) -> Result<Option<Cluster>, StoreError>;

    /// Ends the lease and then tells the others not to wait for this node, so that its stop delays nobody.
    async fn leave(&self);
}
