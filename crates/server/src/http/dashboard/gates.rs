//! `/dashboard/gates`: all gates, what each requires, and how a proxy asks one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::{GateText, NamedGate};

use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "gates.html")]
struct Page<'a> {
    visit: &'a Visit,
    rows: Vec<Row>,
    /// What a proxy needs to ask the built-in gate.
    example: &'static str,
}

struct Row {
    name: String,
    requires: Vec<String>,
    rules: usize,
}

/// For nginx: the file that users copy, and that the tests run.
const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx/keybearer.conf"));

fn row(visit: &Visit, named: &NamedGate) -> Row {
    let GateText { any_of, all_of, level, kind, rules, .. } = GateText::from(&named.gate);
    let level = level.map(|level| format!("{} {level}", visit.t("level")));
    let kind = kind.map(|kind| if kind.as_str() == "account" { visit.t("kind-account") } else { visit.t("kind-service") });
    let requires = any_of.into_iter().chain(all_of).chain(level).chain(kind).collect();
    Row { name: named.name.to_string(), requires, rules: rules.len() }
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let gates = ops::gates::list(&app, &visit.admin()?.caller).await?;
    let rows = gates.iter().map(|gate| row(&visit, gate)).collect();
    visit.page(StatusCode::OK, &Page { visit: &visit, rows, example: EXAMPLE })
}
