//! What is asked the most, answered without the router and its layers: a plain request to a gate, `POST /v1/verify`, and `Check` as Envoy asks
//! it; and the one change for which nobody likes to wait, `DELETE` of a key.
//!
//! It is a shortcut, not another way: reading, deciding and wording are the functions that the router leads to as well, and whatever is not
//! plain (another method or spelling, a query, a host that has to be looked at twice, CORS, traces) goes through the router.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Version};
use axum::response::Response;
use futures_util::FutureExt;
use keybearer_core::token::KeyId;

use super::gate::ext_authz;
use super::serve::request_body::RequestBody;
use super::{body, client_address, credentials, failure, gate, native, request, target};
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::grpc;
use crate::metrics::method;

/// The most bytes of a host with its port that is not looked at twice.
const LONGEST_AUTHORITY: usize = 255;

/// Where a shortcut leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shortcut {
    /// A gate.
    Gate,
    /// `POST /v1/verify`.
    Verify,
    /// A gate, as Envoy asks it.
    Check,
    /// `DELETE` of this key.
    Revoke(KeyId),
}

impl Shortcut {
    /// The shortcut for a request, if there is one.
    pub(super) fn find<B>(app: &App, request: &Request<B>) -> Option<Self> {
        let shortcut = match request.uri().path() {
            path if path.starts_with("/gate/") && *request.method() == Method::GET && gate::is_plain(request.uri()) => Self::Gate,
            native::VERIFY if *request.method() == Method::POST => Self::Verify,
            ext_authz::CHECK if *request.method() == Method::POST => Self::Check,
            path if *request.method() == Method::DELETE => Self::Revoke(native::key_at(path)?),
            _ => return None,
        };
        let plain = app.config.http.shortcuts
            && app.config.cors_origins.is_empty()
            && app.tracer.get().is_none()
            && request.uri().query().is_none()
            && shortcut.is_plain(request);
        plain.then_some(shortcut)
    }

    /// Whether it comes in the one way in which this is asked.
    fn is_plain<B>(self, request: &Request<B>) -> bool {
        let (version, authority) = (request.version(), request.uri().authority());
        match self {
            Self::Gate | Self::Verify | Self::Revoke(_) => {
                version == Version::HTTP_11 && authority.is_none() && are_plain(request.headers(), false)
            }
            Self::Check => {
                let named = authority.is_none_or(|named| named.as_str().len() <= LONGEST_AUTHORITY && !named.as_str().contains('@'));
                version == Version::HTTP_2 && named && are_plain(request.headers(), true)
            }
        }
    }

    fn route(self) -> &'static str {
        match self {
            Self::Gate => gate::ROUTE,
            Self::Verify => native::VERIFY,
            Self::Check => ext_authz::ROUTE,
            Self::Revoke(_) => native::KEY,
        }
    }

    /// Whether its body comes behind its head, and so only after whoever answers was called.
    pub(super) fn awaits_body(self) -> bool {
        self == Self::Verify
    }

    /// Answers, as the router would, where there is nothing to wait for before: the body is there, if one is needed, the image is in force, and it
    /// tells who asks. So it is with most questions, and then nothing is carried from one future to the next.
    pub(super) fn answer_at_once(self, app: &App, peer: SocketAddr, request: &mut Request<RequestBody>) -> Option<Response> {
        // The body first: it has to be there before the image is asked for.
        let body = match self {
            Self::Gate => Bytes::new(),
            Self::Check => request.body_mut().arrived()?,
            Self::Verify => request.body_mut().arrived().filter(|body| body.len() <= body::LIMIT)?,
            // The database is waited for.
            Self::Revoke(_) => return None,
        };
        if !app.is_in_force() {
            return None;
        }
        let _active = app.metrics.http.begin();
        let began = Instant::now();
        let id = request::written_id(request.headers());
        let answered = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Gate => Some(gate::answer_in_force(app, request, Some(peer.ip()))),
            Self::Verify => native::verify_in_force(app, request.headers(), &body),
            Self::Check => ext_authz::answer_in_force(app, &body, peer.ip(), request::text(&id)).map(Ok),
            Self::Revoke(_) => None,
        }));
        Some(self.told(app, (began, id, request.method()), answered.transpose()?))
    }

    /// Answers, as the router would.
    pub(super) async fn answer(self, app: &Arc<App>, peer: SocketAddr, request: Request<RequestBody>) -> Response {
        let _active = app.metrics.http.begin();
        let began = Instant::now();
        let id = request::written_id(request.headers());
        let asked = request.method().clone();
        let answered = AssertUnwindSafe(self.ask(app, peer, &id, request)).catch_unwind().await;
        self.told(app, (began, id, &asked), answered)
    }

    /// The answer with what belongs to each, once it is logged and measured.
    fn told(
        self,
        app: &App,
        (began, mut id, asked): (Instant, HeaderValue, &Method),
        answered: std::thread::Result<Result<Response, AppError>>,
    ) -> Response {
        let answered = answered.unwrap_or_else(|_| Err(AppError::Internal("a handler panicked".into())));
        let mut response = answered.unwrap_or_else(|error| {
            failure::log(&error, request::text(&id));
            self.word(&error, request::text(&id))
        });
        let took = began.elapsed();
        request::log(request::text(&id), asked, self.route(), response.status(), took);
        // Over HTTP/2, an id is worth no place in the table of headers to be told by number, for it does not come again.
        id.set_sensitive(self == Self::Check);
        request::mark(&mut response, id);
        target::close_if(target::is_unread(&response), &mut response);
        app.metrics.http.note(method(asked.as_str()), Some(self.route()), response.status().as_u16(), took);
        response
    }

    async fn ask(self, app: &Arc<App>, peer: SocketAddr, id: &HeaderValue, request: Request<RequestBody>) -> Result<Response, AppError> {
        match self {
            Self::Gate => gate::answer(app, &request.map(drop), Some(peer.ip())).await,
            Self::Verify => {
                let (parts, body) = request.into_parts();
                native::verify_one(app, &parts, body).await
            }
            Self::Check => {
                let mut request = request.map(RequestBody::boxed);
                let context = context(app, peer, id, request.headers());
                request.extensions_mut().insert(context);
                request.extensions_mut().insert(ConnectInfo(peer));
                // Apart, so that nobody else carries its state along.
                Ok(Box::pin(ext_authz::call(app, request)).await)
            }
            Self::Revoke(key) => {
                // Nobody reads a body, and what of it is still to come must not be taken for the next request.
                let request = request.map(drop);
                let context = context(app, peer, id, request.headers());
                Box::pin(native::revoke_one(app, &context, request.headers(), key)).await
            }
        }
    }

    fn word(self, error: &AppError, id: &str) -> Response {
        match self {
            Self::Gate => gate::render(error),
            Self::Verify | Self::Revoke(_) => native::render(error, id),
            Self::Check => grpc::render(error, id),
        }
    }
}

fn context(app: &App, peer: SocketAddr, id: &HeaderValue, headers: &HeaderMap) -> RequestContext {
    RequestContext { id: request::text(id).to_owned(), source: client_address::of(peer.ip(), headers, &app.config.trusted_proxies) }
}

/// Whether there is nothing to doubt about who is asked and by what credential: one host in the plainest spelling, which over HTTP/2 stands
/// elsewhere, no more than one carrier, and the face that says that it is gRPC or does not.
fn are_plain(headers: &HeaderMap, grpc: bool) -> bool {
    let (mut hosts, mut carriers, mut grpcs) = (0, 0, 0);
    for (name, value) in headers {
        match name.as_str() {
            "host" if is_plain_host(value.as_bytes()) => hosts += 1,
            "host" => return false,
            "content-type" if value.as_bytes().starts_with(b"application/grpc") => grpcs += 1,
            // Of messages that may be compressed, tonic knows.
            "grpc-encoding" => return false,
            name if credentials::is_carrier(name) => carriers += 1,
            _ => {}
        }
    }
    hosts == usize::from(!grpc) && grpcs == usize::from(grpc) && carriers <= 1
}

fn is_plain_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().position(|byte| *byte == b':') {
        Some(colon) => (&host[..colon], &host[colon + 1..]),
        None => (host, &b"0"[..]),
    };
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    is_name && (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
}
