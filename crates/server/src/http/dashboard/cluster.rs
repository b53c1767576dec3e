//! `/dashboard/cluster`: the nodes, and how far each has come.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as In;
use axum::http::StatusCode;
use axum::response::Response;

use super::moment::Moment;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::cluster::State;

#[derive(Template)]
#[template(path = "cluster.html")]
struct Page<'a> {
    visit: &'a Visit,
    revision: i64,
    /// Whether there can be others.
    is_shared: bool,
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    address: String,
    version: String,
    is_self: bool,
    /// Its message, and how it looks.
    state: &'static str,
    tone: &'static str,
    icon: &'static str,
    consistency: &'static str,
    revision: i64,
    lag: i64,
    lease: i64,
    silent: i64,
    registered: Option<Moment>,
}

fn node(visit: &Visit, node: ops::cluster::Member) -> Node {
    let (state, tone, icon) = match node.state {
        State::Serving => (msg("node-serving"), "good", "check"),
        State::Silent => (msg("node-silent"), "warn", "alert"),
        State::Fenced => (msg("node-fenced"), "bad", "ban"),
    };
    Node {
        name: node.name,
        address: node.address,
        version: node.version,
        is_self: node.is_self,
        state,
        tone,
        icon,
        consistency: match node.consistency {
            "lease" => msg("consistency-lease"),
            "strict" => msg("consistency-strict"),
            _ => msg("consistency-single"),
        },
        revision: node.revision,
        lag: node.lag,
        lease: node.lease_left,
        silent: node.silent_for,
        registered: node.registered_at.map(|at| visit.moment(&at)),
    }
}

pub(super) async fn show(In(app): In<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let cluster = ops::cluster::nodes(&app, &visit.admin()?.caller).await?;
    let is_shared = cluster.nodes.iter().any(|node| node.id.is_some());
    let nodes = cluster.nodes.into_iter().map(|one| node(&visit, one)).collect();
    visit.page(StatusCode::OK, &Page { visit: &visit, revision: cluster.revision, is_shared, nodes })
}
