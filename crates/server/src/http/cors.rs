//! Which web pages of other origins may read our answers (CORS): those of the setting `cors.origins`, and by default none.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::cors::CorsLayer;

use super::gate;
use super::request::REQUEST_ID;

/// What pages may send.
const ALLOWED: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("x-api-key"),
    header::IF_MATCH,
    REQUEST_ID,
    HeaderName::from_static("catena-api-key"),
    HeaderName::from_static("catena-session-id"),
];

/// What pages may read of our answers, besides what any may.
const EXPOSED: [HeaderName; 4] = [header::ETAG, REQUEST_ID, header::RETRY_AFTER, header::LOCATION];

/// The layer, if any origin may ask. It never allows credentials in the sense of CORS, which are cookies: a page shows its key or session by
/// itself. It answers what browsers ask beforehand, without authentication.
pub(super) fn layer(origins: &[HeaderValue]) -> Option<CorsLayer> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let layer = CorsLayer::new().allow_methods(methods).allow_headers(ALLOWED).expose_headers(EXPOSED);
    (!origins.is_empty()).then(|| layer.allow_origin(origins.to_vec()))
}

/// Leads requests to gates past the layer. It answers 200 to what browsers ask beforehand, and a proxy that asks a gate about such a request
/// would take that for a yes.
pub(super) async fn past_gates(gates: Router, request: Request, next: Next) -> Response {
    if gate::is_below(request.uri()) { gates.oneshot(request).await.into_response() } else { next.run(request).await }
}
