//! HTTP: the one list of faces, the order of the layers, and serving.

pub mod answer;
pub mod body;
pub mod catena;
mod client_address;
mod cors;
pub mod credentials;
pub mod dashboard;
pub mod event_lines;
pub mod failure;
pub mod freesewing;
pub mod gate;
mod head;
mod health;
pub mod native;
pub mod oauth2;
mod observe;
pub mod paging;
pub mod path;
pub mod request;
mod serve;
mod shortcut;
mod table;
mod target;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tonic_health::server::HealthReporter;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::serve::serve;
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::grpc;

/// All faces, and around them the layers that every request passes, the last one first. They stand around the whole router, not around its
/// routes, so that they also see what the router itself answers: 404, and 405 with its `Allow`.
pub fn router(app: Arc<App>, health: &HealthReporter) -> Router {
    let observe = from_fn_with_state(Arc::clone(&app), observe::observe);
    let words = from_fn_with_state(Arc::clone(&app), failure::in_the_words_of_the_face);
    let worded = Router::new().fallback_service(routes(Arc::clone(&app), health)).layer(words);
    // Errors need the headers of CORS, too: without them, a page may not even read the status.
    let shared = match cors::layer(&app.config.cors_origins) {
        Some(cors) => {
            let gates = worded.clone();
            worded.layer(cors).layer(from_fn(move |request, next| cors::past_gates(gates.clone(), request, next)))
        }
        None => worded,
    };
    let checked = shared.layer(from_fn_with_state(Arc::clone(&app), target::check)).layer(from_fn(head::without_body));
    checked.layer(from_fn_with_state(app, request::note)).layer(observe)
}

fn routes(app: Arc<App>, health: &HealthReporter) -> Router {
    Router::new()
        .merge(native::router())
        .merge(freesewing::router())
        .merge(catena::router())
        .merge(dashboard::router(native::document))
        .merge(gate::router())
        .merge(oauth2::router())
        .merge(grpc::router(&app, health))
        .fallback(|| async { AppError::NoSuchPath })
        .layer(CatchPanicLayer::custom(|_| AppError::Internal("a handler panicked".into()).into_response()))
        .layer(from_fn(request::mark_route))
        .with_state(app)
}

/// Who words errors.
enum Face {
    Native,
    FreeSewing,
    Catena,
    Grpc,
    Gate,
    OAuth2,
    /// In the language and theme of who asks.
    Dashboard(Arc<dashboard::Visit>),
}

impl Face {
    /// The face that was asked: gRPC says so in its content type, the others have paths of their own.
    fn of(app: &Arc<App>, request: &Request, context: &RequestContext) -> Self {
        // First: an error of gRPC is an answer 200, which a proxy would take for a yes.
        if gate::is_below(request.uri()) {
            return Self::Gate;
        }
        if grpc::is_grpc(request.headers()) {
            return Self::Grpc;
        }
        let path = request.uri().path();
        let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below("/apikeys") || below("/whoami") {
            Self::FreeSewing
        } else if below("/api/v1/api_keys") {
            Self::Catena
        } else if below("/oauth2") {
            Self::OAuth2
        } else if dashboard::answers(path) {
            let visit = dashboard::Visit::new(Arc::clone(app), context.clone(), request.method(), request.uri(), request.headers());
            Self::Dashboard(Arc::new(visit))
        } else {
            Self::Native
        }
    }

    /// The error in the words of this face.
    fn word(&self, error: &AppError, request_id: &str) -> Response {
        match self {
            Self::Native => native::render(error, request_id),
            Self::FreeSewing => freesewing::render(error, request_id),
            Self::Catena => catena::render(error, request_id),
            Self::Grpc => grpc::render(error, request_id),
            Self::Gate => gate::render(error),
            Self::OAuth2 => oauth2::render(error),
            Self::Dashboard(visit) => {
                let mut page = dashboard::render(error, visit);
                dashboard::guard(&mut page);
                page
            }
        }
    }
}
