//! `/v1/cluster`.

use std::sync::Arc;

use axum::extract::State as In;
use axum::response::Response;
use keybearer_api as api;

use super::dress;
use super::extract::Signed;
use super::problem::Problems;
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::cluster::{Member, State};

fn dressed(node: Member) -> api::Node {
    api::Node {
        id: node.id,
        name: node.name,
        address: node.address,
        version: node.version,
        consistency: node.consistency.to_owned(),
        state: match node.state {
            State::Serving => api::NodeState::Serving,
            State::Silent => api::NodeState::Silent,
            State::Fenced => api::NodeState::Fenced,
        },
        revision: node.revision,
        lag: node.lag,
        lease_ms: node.lease_left,
        silent_ms: node.silent_for,
        registered_at: node.registered_at.map(dress::moment),
        is_self: node.is_self,
    }
}

/// The nodes, and how far each has come.
///
/// For level 8, and for keys with `keybearer:cluster.read`.
#[utoipa::path(get, path = "/v1/cluster", tag = "health",
    responses((status = 200, description = "The nodes", body = api::Cluster), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn show(In(app): In<Arc<App>>, Signed { caller, .. }: Signed) -> Result<Response, AppError> {
    let cluster = ops::cluster::nodes(&app, &caller).await?;
    Ok(dress::json(&api::Cluster { revision: cluster.revision, nodes: cluster.nodes.into_iter().map(dressed).collect() }))
}
