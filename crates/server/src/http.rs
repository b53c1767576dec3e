//! HTTP: the one list of faces, the order of the layers, and serving.

pub mod body;
mod catena;
pub mod credentials;
pub mod failure;
mod freesewing;
mod health;
pub mod native;
pub mod request;
mod serve;
mod setup;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::serve::serve;
use crate::app::App;
use crate::error::AppError;

/// All faces. The layers run in the order in which they stand here, the last one first.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(native::router())
        .merge(freesewing::router())
        .merge(catena::router())
        .merge(setup::router())
        .merge(health::router())
        .fallback(|| async { AppError::NoSuchPath })
        .layer(CatchPanicLayer::custom(|_| AppError::Internal("a handler panicked".into()).into_response()))
        .layer(from_fn(failure::in_the_words_of_the_face))
        .layer(from_fn_with_state(Arc::clone(&app), request::note))
        .with_state(app)
}

/// Says an error in the words of one face: the error, and the id of the request.
type Render = fn(&AppError, &str) -> axum::response::Response;

/// The face whose path this is, or would be.
fn face_of(path: &str) -> Render {
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/apikeys") || below("/whoami") {
        freesewing::render
    } else if below("/api/v1/api_keys") {
        catena::render
    } else {
        native::render
    }
}
