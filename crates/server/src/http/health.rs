//! Is it alive, is it ready?

use std::sync::Arc;

use axum::extract::State;

use crate::app::App;
use crate::error::AppError;

/// The process runs and answers.
///
/// For everyone.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "Alive", body = String, content_type = "text/plain")))]
pub(super) async fn live() -> &'static str {
    "alive\n"
}

/// The image is loaded (nothing is served before) and the database answers.
///
/// For everyone.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "Ready", body = String, content_type = "text/plain"),
    (status = 503, description = "The database does not answer", body = keybearer_api::Problem, content_type = "application/problem+json")))]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, AppError> {
    app.store.ping().await?;
    Ok("ready\n")
}
