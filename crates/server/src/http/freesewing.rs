//! Face.
use crate::app::App;
use crate::error::AppError;
use axum::Router;
use axum::response::Response;
use std::sync::Arc;
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
}
pub(super) fn render(error: &AppError, request_id: &str) -> Response {
    super::native::render(error, request_id)
}
