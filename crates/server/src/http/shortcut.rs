//! The questions that are asked the most, answered without the router and its layers: a plain request to a gate, and `POST /v1/verify`.
//!
//! It is a shortcut, not another way: reading, deciding and wording are the functions that the router leads to as well, and whatever is not
//! plain (another method or spelling, a query, a host that has to be looked at twice, CORS, traces) goes through the router.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::FromRequest;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Version};
use axum::response::Response;
use futures_util::FutureExt;

use super::native::VerifyCall;
use super::{credentials, failure, gate, native, request, target};
use crate::app::App;
use crate::error::AppError;
use crate::metrics::method;

/// Where a shortcut leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shortcut {
    /// A gate.
    Gate,
    /// `POST /v1/verify`.
    Verify,
}

impl Shortcut {
    /// The shortcut for a request, if there is one.
    pub(super) fn find<B>(app: &App, request: &Request<B>) -> Option<Self> {
        let shortcut = match request.uri().path() {
            path if path.starts_with("/gate/") && *request.method() == Method::GET && gate::is_plain(request.uri()) => Self::Gate,
            native::VERIFY if *request.method() == Method::POST => Self::Verify,
            _ => return None,
        };
        let plain = app.config.http.shortcuts
            && app.config.cors_origins.is_empty()
            && app.tracer.get().is_none()
            && request.version() == Version::HTTP_11
            && request.uri().query().is_none()
            && request.uri().authority().is_none()
            && are_plain(request.headers());
        plain.then_some(shortcut)
    }

    fn route(self) -> &'static str {
        match self {
            Self::Gate => gate::ROUTE,
            Self::Verify => native::VERIFY,
        }
    }

    /// Whether there is nothing to wait for before the answer.
    pub(super) fn is_at_once(self, app: &App) -> bool {
        self == Self::Gate && app.is_in_force()
    }

    /// Answers, as the router would, what [`Shortcut::is_at_once`]. Most questions to a gate are, and then nothing is carried into a future.
    pub(super) fn answer_at_once<B>(self, app: &Arc<App>, peer: SocketAddr, request: Request<B>) -> Response {
        let _active = app.metrics.http.begin();
        let began = Instant::now();
        let parts = request.into_parts().0;
        let id = request::written_id(&parts.headers);
        let answered = catch_unwind(AssertUnwindSafe(|| gate::answer_in_force(app, &parts, Some(peer.ip()))));
        self.told(app, (began, id, &parts.method), answered)
    }

    /// Answers, as the router would.
    pub(super) async fn answer(self, app: &Arc<App>, peer: SocketAddr, request: Request<Body>) -> Response {
        let _active = app.metrics.http.begin();
        let began = Instant::now();
        let id = request::written_id(request.headers());
        let asked = request.method().clone();
        let answered = AssertUnwindSafe(self.ask(app, peer, request)).catch_unwind().await;
        self.told(app, (began, id, &asked), answered)
    }

    /// The answer with what belongs to each, once it is logged and measured.
    fn told(
        self,
        app: &App,
        (began, id, asked): (Instant, HeaderValue, &Method),
        answered: std::thread::Result<Result<Response, AppError>>,
    ) -> Response {
        let answered = answered.unwrap_or_else(|_| Err(AppError::Internal("a handler panicked".into())));
        let mut response = answered.unwrap_or_else(|error| {
            failure::log(&error, request::text(&id));
            self.word(&error, request::text(&id))
        });
        let took = began.elapsed();
        request::log(request::text(&id), asked, self.route(), response.status(), took);
        request::mark(&mut response, id);
        target::close_if(target::is_unread(&response), &mut response);
        app.metrics.http.note(method(asked.as_str()), Some(self.route()), response.status().as_u16(), took);
        response
    }

    async fn ask(self, app: &Arc<App>, peer: SocketAddr, request: Request<Body>) -> Result<Response, AppError> {
        match self {
            Self::Gate => gate::answer(app, &request.into_parts().0, Some(peer.ip())).await,
            // Apart, so that each request to a gate does not carry its state along.
            Self::Verify => Box::pin(async move { native::verify_one(app, VerifyCall::from_request(request, app).await?) }).await,
        }
    }

    fn word(self, error: &AppError, id: &str) -> Response {
        match self {
            Self::Gate => gate::render(error),
            Self::Verify => native::render(error, id),
        }
    }
}

/// Whether there is nothing to doubt about who is asked and by what credential: one host in the plainest spelling, and no more than one
/// carrier. gRPC has a face of its own.
fn are_plain(headers: &HeaderMap) -> bool {
    let (mut hosts, mut carriers) = (0, 0);
    for (name, value) in headers {
        match name.as_str() {
            "host" if is_plain_host(value.as_bytes()) => hosts += 1,
            "host" => return false,
            "content-type" if value.as_bytes().starts_with(b"application/grpc") => return false,
            name if credentials::is_carrier(name) => carriers += 1,
            _ => {}
        }
    }
    hosts == 1 && carriers <= 1
}

fn is_plain_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().position(|byte| *byte == b':') {
        Some(colon) => (&host[..colon], &host[colon + 1..]),
        None => (host, &b"0"[..]),
    };
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    is_name && (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit)
}
