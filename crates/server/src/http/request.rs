//! Every request gets an id, and ends as one line in the log: method, route template, status, time; never a key.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::client_address;
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::random;

/// Tells which request an answer, a log line and an event belong to.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that has its id.
pub(super) struct Noted {
    id: HeaderValue,
    method: Method,
    began: Instant,
}

impl Noted {
    /// Gives the request its id (a well-formed one that it brings is kept).
    pub(super) fn begin(app: &App, request: &mut Request) -> Self {
        let id = written_id(request.headers());
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        // Only a server without a listener, as in a unit test, has no peer.
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let source = client_address::of(peer, request.headers(), &app.config.trusted_proxies);
        request.extensions_mut().insert(RequestContext { id: text(&id).to_owned(), source });
        Self { id, method: request.method().clone(), began: Instant::now() }
    }

    /// Logs how it ended, and tells in the answer which request that was.
    pub(super) fn end(self, response: &mut Response) {
        let route = response.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
        log(text(&self.id), &self.method, route, response.status(), self.began.elapsed());
        mark(response, self.id);
    }
}

/// The id of a request: a well-formed one that it brings, or a new one.
pub(super) fn id(headers: &HeaderMap) -> String {
    text(&written_id(headers)).to_owned()
}

/// As [`id`], in the form in which the answer tells it.
pub(super) fn written_id(headers: &HeaderMap) -> HeaderValue {
    brought(headers).cloned().unwrap_or_else(new_id)
}

/// An id as it stands in the log.
pub(super) fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// Logs how a request ended.
pub(super) fn log(id: &str, method: &Method, route: &str, status: StatusCode, took: Duration) {
    let milliseconds = took.as_secs_f64() * 1e3;
    // An overload is told by the metrics; a line for each request that is refused would make it worse. Why else one could not be answered stands
    // in a line of its own.
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::error!(request_id = %id, %method, route, status = status.as_u16(), milliseconds, "request failed");
    } else {
        tracing::debug!(request_id = %id, %method, route, status = status.as_u16(), milliseconds, "request");
    }
}

/// Tells in an answer to which request it belongs.
pub(super) fn mark(response: &mut Response, id: HeaderValue) {
    response.headers_mut().insert(REQUEST_ID, id);
}

/// Which route answers, once the router has found it.
pub(super) fn route(request: &Request) -> Option<MatchedPath> {
    request.extensions().get().cloned()
}

/// Leaves with the answer which route gave it, for the log. Where its handler panics, that is answered, too.
pub(super) fn answered_by_route(
    route: Option<MatchedPath>,
    answering: impl Future<Output = Result<Response, Infallible>>,
) -> impl Future<Output = Result<Response, Infallible>> {
    AssertUnwindSafe(answering).catch_unwind().map(|answered| {
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Err(_) => AppError::Internal("a handler panicked".into()).into_response(),
        };
        if let Some(route) = route {
            response.extensions_mut().insert(route);
        }
        Ok(response)
    })
}

fn brought(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(id), None) = (values.next(), values.next()) else {
        return None;
    };
    // Shorter than the secret of a key, which would otherwise reach the log and the audit log where somebody sends it by mistake.
    let well_formed = (1..64).contains(&id.len()) && id.as_bytes().iter().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(c));
    well_formed.then_some(id)
}

fn new_id() -> HeaderValue {
    super::answer::uuid(uuid::Builder::from_random_bytes(random::public_bytes()).as_uuid())
}

impl FromRequestParts<Arc<App>> for RequestContext {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, AppError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| AppError::Internal("a request without an id".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_and_the_process_goes_on() {
        let panics = async { panic!("on purpose") };
        let response = answered_by_route(None, panics).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let works = async { Ok(StatusCode::NO_CONTENT.into_response()) };
        assert_eq!(answered_by_route(None, works).await.unwrap().status(), StatusCode::NO_CONTENT);
    }
}
