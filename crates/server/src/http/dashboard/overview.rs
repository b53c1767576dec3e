//! `/dashboard`: how many there are of everything.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::Stats;

use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    visit: &'a Visit,
    stats: Stats,
}

pub(super) async fn overview(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let stats = ops::audit::stats(&app, &visit.person()?.caller).await?;
    visit.page(StatusCode::OK, &Page { visit: &visit, stats })
}
