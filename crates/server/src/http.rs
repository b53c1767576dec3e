//! HTTP: the one list of faces, what every request passes, and serving.

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
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::Route;
use futures_util::FutureExt;
use tonic_health::server::HealthReporter;
use tower::{Service, ServiceExt, layer::layer_fn, service_fn};

use self::observe::Observed;
use self::request::Noted;
pub use self::serve::serve;
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::grpc;

/// All faces, and around them what every request passes. It stands around the router, not around its routes, so that it also sees what the
/// router itself answers: 404, and 405 with its `Allow`.
pub struct Faces {
    app: Arc<App>,
    /// With CORS, also the layer that words errors: they need its headers, too. Without them, a page may not even read the status.
    routes: Router,
    has_cors: bool,
}

impl Faces {
    /// All of them.
    pub fn new(app: Arc<App>, health: &HealthReporter) -> Self {
        let routes = routes(Arc::clone(&app), health);
        let Some(cors) = cors::layer(&app.config.cors_origins) else { return Self { app, routes, has_cors: false } };
        let words = from_fn_with_state(Arc::clone(&app), failure::in_the_words_of_the_face);
        let worded = Router::new().fallback_service(routes).layer(words);
        let gates = worded.clone();
        let routes = worded.layer(cors).layer(from_fn(move |request, next| cors::past_gates(gates.clone(), request, next)));
        Self { app, routes, has_cors: true }
    }

    /// Answers a request. What each passes is called here in its order, and is no layer: a layer has all that is inside of it made anew for each
    /// request.
    pub async fn answer(&self, mut request: Request) -> Response {
        let observed = Observed::begin(&self.app, &request);
        let noted = Noted::begin(&self.app, &mut request);
        let (is_head, version) = (*request.method() == Method::HEAD, request.version());
        let refusal = target::refuse(&self.app, &request);
        let is_refused = refusal.is_some();
        let routed = |request| self.routes.clone().oneshot(request).map(|Ok(response)| response);
        let mut response = match refusal {
            Some(refusal) => refusal,
            None if self.has_cors => routed(request).await,
            None => failure::worded(&self.app, request, routed).await,
        };
        target::close_if_in_doubt(version, is_refused, &mut response);
        if is_head {
            head::without_body(&mut response);
        }
        noted.end(&mut response);
        observed.end(&response);
        response
    }
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
        .layer(layer_fn(|mut route: Route| {
            service_fn(move |request: Request| request::answered_by_route(request::route(&request), route.call(request)))
        }))
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
