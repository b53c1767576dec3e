//! `/metrics`.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::IntoResponse;

use super::extract::Signed;
use super::problem::Problems;
use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::ops;

/// Who asks, where that matters by `metrics.access`. Where it does not, a credential is not looked at.
pub(super) struct Collector(Option<Caller>);

impl FromRequestParts<Arc<App>> for Collector {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        if !ops::metrics::needs_a_caller(app)? {
            return Ok(Self(None));
        }
        Ok(Self(Some(Signed::from_request_parts(parts, app).await?.caller)))
    }
}

/// Counters and measures as text of Prometheus.
///
/// By the setting `metrics.access`: for everyone, or for level 8 and keys with `keybearer:audit.read`.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Text of Prometheus", body = String, content_type = "text/plain"), Problems),
    security((), ("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn metrics(State(app): State<Arc<App>>, Collector(caller): Collector) -> Result<impl IntoResponse, AppError> {
    let text = ops::metrics::text(&app, caller.as_ref())?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], text))
}
