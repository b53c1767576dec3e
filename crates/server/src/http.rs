//! HTTP: the one list of faces, the order of the layers, and serving.

pub mod answer;
pub mod body;
pub mod catena;
mod client_address;
mod cors;
pub mod credentials;
pub mod failure;
pub mod freesewing;
mod head;
mod health;
pub mod native;
mod observe;
mod page;
pub mod path;
pub mod request;
mod reset;
mod serve;
mod setup;
mod target;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tonic_health::server::HealthReporter;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::serve::serve;
use crate::app::App;
use crate::error::AppError;
use crate::grpc;

/// All faces, and around them the layers that every request passes, the last one first. They stand around the whole router, not around its
/// routes, so that they also see what the router itself answers: 404, and 405 with its `Allow`.
pub fn router(app: Arc<App>, health: &HealthReporter) -> Router {
    let observe = from_fn_with_state(Arc::clone(&app), observe::observe);
    let worded = Router::new().fallback_service(routes(Arc::clone(&app), health)).layer(from_fn(failure::in_the_words_of_the_face));
    // Errors need the headers of CORS, too: without them, a page may not even read the status.
    let shared = match cors::layer(&app.config.cors_origins) {
        Some(cors) => worded.layer(cors),
        None => worded,
    };
    let checked = shared.layer(from_fn(target::check)).layer(from_fn(head::without_body));
    checked.layer(from_fn_with_state(app, request::note)).layer(observe)
}

fn routes(app: Arc<App>, health: &HealthReporter) -> Router {
    Router::new()
        .merge(native::router())
        .merge(freesewing::router())
        .merge(catena::router())
        .merge(setup::router())
        .merge(reset::router())
        .merge(grpc::router(&app, health))
        .fallback(|| async { AppError::NoSuchPath })
        .layer(CatchPanicLayer::custom(|_| AppError::Internal("a handler panicked".into()).into_response()))
        .layer(from_fn(request::mark_route))
        .with_state(app)
}

/// Says an error in the words of one face: the error, and the id of the request.
type Render = fn(&AppError, &str) -> axum::response::Response;

/// The face that was asked: gRPC says so in its content type, the others have paths of their own.
fn face_of(path: &str, headers: &HeaderMap) -> Render {
    if grpc::is_grpc(headers) {
        return grpc::render;
    }
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/apikeys") || below("/whoami") {
        freesewing::render
    } else if below("/api/v1/api_keys") {
        catena::render
    } else {
        native::render
    }
}
