//! The nodes that serve from the same database.

use keybearer_core::permission::OwnPermission;
use keybearer_core::time::UnixMillis;
use keybearer_store::Node;

use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;

/// How a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It answers.
    Serving,
    /// No heartbeat came for longer than a lease lasts.
    Silent,
    /// A change waited for it in vain, and nobody waits for this registration any more.
    Fenced,
}

/// One process that serves, or served.
pub struct Member {
    /// Given anew at each registration; none where there is one node.
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// Its version of Keybearer.
    pub version: String,
    /// How it makes sure that its answers are in force: `lease`, `strict`, or `single` where there is one node.
    pub consistency: &'static str,
    /// How it is.
    pub state: State,
    /// The revision that it has told to hold.
    pub revision: i64,
    /// How many changes it lacks by that.
    pub lag: i64,
    /// How long its lease lasts by its last heartbeat, in milliseconds.
    pub lease_left: i64,
    /// How long ago that came, in milliseconds.
    pub silent_for: i64,
    /// When it registered.
    pub registered_at: Option<UnixMillis>,
    /// Whether it is the one that was asked.
    pub is_self: bool,
}

/// All nodes at one moment.
pub struct Cluster {
    /// The revision of the last change.
    pub revision: i64,
    /// The nodes.
    pub nodes: Vec<Member>,
}

/// All nodes at one moment.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `cluster.read`.
pub async fn nodes(app: &App, caller: &Caller) -> Result<Cluster, AppError> {
    caller.authority.manages(OwnPermission::ClusterRead)?;
    Ok(match app.store.cluster().await? {
        Some(cluster) => {
            let nodes = cluster.nodes.into_iter().map(|node| member(node, cluster.revision)).collect();
            Cluster { revision: cluster.revision, nodes }
        }
        None => Cluster { revision: app.index.revision(), nodes: vec![alone(app)] },
    })
}

fn member(node: Node, revision: i64) -> Member {
    let state = match &node {
        Node { is_fenced: true, .. } => State::Fenced,
        node if node.is_silent() => State::Silent,
        Node { .. } => State::Serving,
    };
    Member {
        id: Some(node.incarnation.to_string()),
        name: node.name,
        address: node.address,
        version: node.version,
        consistency: node.consistency.as_str(),
        state,
        revision: node.applied,
        lag: (revision - node.applied).max(0),
        lease_left: node.lease_left,
        silent_for: node.silent_for.max(0),
        registered_at: Some(node.registered_at),
        is_self: node.is_self,
    }
}

/// The process that has its database for itself.
fn alone(app: &App) -> Member {
    let own = app.config.membership();
    Member {
        id: None,
        name: own.name,
        address: own.address,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        consistency: "single",
        state: State::Serving,
        revision: app.index.revision(),
        lag: 0,
        lease_left: 0,
        silent_for: 0,
        registered_at: None,
        is_self: true,
    }
}
