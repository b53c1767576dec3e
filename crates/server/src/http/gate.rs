//! `ANY /gate/{name}`: forward-auth. A proxy shows the head of each request that it gets, and lets it through if the answer is 200.
//!
//! The answer is 200, 401, 403 or 503 and nothing else: proxies take other statuses for a fault of theirs.

pub mod ext_authz;
mod request;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use keybearer_core::gate::{Gate, IdentityHeader, LONGEST_NAME};

use self::request::{seen, target};
use crate::app::App;
use crate::caller::Presented;
use crate::error::{AppError, AuthError};
use crate::http::answer::uuid;
use crate::http::credentials::{self, Carried};
use crate::ops;
use crate::ops::gate::{Passed, Question};

/// The route of every gate, as metrics and the log name it.
pub(super) const ROUTE: &str = "/gate/{name}";

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(ROUTE, any(gate)).route("/gate/{name}/", any(gate)).route("/gate/{name}/{*rest}", any(gate))
}

async fn gate(State(app): State<Arc<App>>, request: Request) -> Result<Response, AppError> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    // Without its body, which nobody looks at.
    answer(&app, &request.map(drop), peer).await
}

/// Whether a path is one of a gate.
pub(super) fn is_below(uri: &Uri) -> bool {
    uri.path().strip_prefix("/gate").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path could name a gate, and has nothing else.
pub(super) fn is_plain(uri: &Uri) -> bool {
    target(uri).is_some_and(|target| target.below.is_none() && (1..=LONGEST_NAME).contains(&target.name.len()))
}

/// What the gate says of this request from this peer. Its body is not looked at.
pub(super) async fn answer<B>(app: &App, request: &axum::http::Request<B>, peer: Option<IpAddr>) -> Result<Response, AppError> {
    ops::gate::in_force(app, || presented(request.headers(), None)).await?;
    answer_in_force(app, request, peer)
}

/// As [`answer`], by whoever has made sure that the image is in force.
pub(super) fn answer_in_force<B>(app: &App, request: &axum::http::Request<B>, peer: Option<IpAddr>) -> Result<Response, AppError> {
    let target = target(request.uri()).ok_or(AppError::NoSuchPath)?;
    let headers = request.headers();
    let question = Question {
        credential: |gate: Option<&Gate>| presented(headers, gate),
        seen: || seen((request.method(), &target, headers), peer, &app.config.trusted_proxies),
    };
    ops::gate::ask_in_force(app, target.name, &question).map(|passed| let_through(&passed))
}

/// The credential that a gate looks at. The built-in one looks at all that any face knows.
fn presented(headers: &HeaderMap, gate: Option<&Gate>) -> Result<Option<Presented>, AuthError> {
    let carried = match gate {
        Some(gate) => credentials::find_accepted(headers, gate.carriers()),
        None => credentials::find(headers),
    };
    carried?
        .map(|carried| match carried {
            Carried::Bearer(text) => credentials::bearer(text),
            Carried::Basic(encoded) => credentials::pair(encoded),
            Carried::XApiKey(text) | Carried::CatenaApiKey(text) => credentials::token(text),
            Carried::CatenaSession(text) => Ok(Presented::Session(text.to_owned())),
        })
        .transpose()
}

/// The headers by which a gate tells of the key that passed.
///
/// Always all of them: one that were absent could be taken from the client by a proxy that passes on what it got.
fn identity(passed: &Passed) -> [(HeaderName, HeaderValue); 4] {
    let text = |text: Option<String>| text.and_then(|text| HeaderValue::try_from(text).ok()).unwrap_or(HeaderValue::from_static(""));
    let value = |header| match header {
        IdentityHeader::XKeyId => passed.key.map_or(HeaderValue::from_static(""), |key| uuid(key.as_uuid())),
        IdentityHeader::XOwnerId => passed.owner.map_or(HeaderValue::from_static(""), |owner| owner.0.into()),
        IdentityHeader::XKeyLevel => passed.level.map_or(HeaderValue::from_static(""), |level| u16::from(level.number()).into()),
        IdentityHeader::XPermissions => text(passed.permissions.clone()),
    };
    IdentityHeader::ALL.map(|header| (name(header), value(header)))
}

/// The name of such a header, read when this is compiled.
fn name(header: IdentityHeader) -> HeaderName {
    match header {
        IdentityHeader::XKeyId => const { HeaderName::from_static(IdentityHeader::XKeyId.as_str()) },
        IdentityHeader::XOwnerId => const { HeaderName::from_static(IdentityHeader::XOwnerId.as_str()) },
        IdentityHeader::XKeyLevel => const { HeaderName::from_static(IdentityHeader::XKeyLevel.as_str()) },
        IdentityHeader::XPermissions => const { HeaderName::from_static(IdentityHeader::XPermissions.as_str()) },
    }
}

fn let_through(passed: &Passed) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    // With room for the id of the request.
    headers.reserve(8);
    for (name, value) in identity(passed) {
        headers.insert(name, value);
    }
    response
}

/// An error as a proxy understands it, with its reason in a word.
pub(super) fn render(error: &AppError) -> Response {
    let (status, why) = verdict(error);
    let mut response = (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{why}\n")).into_response();
    response.headers_mut().extend(way_out(status));
    response
}

/// What the client is to do about it.
fn way_out(status: StatusCode) -> Option<(HeaderName, HeaderValue)> {
    match status {
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"keybearer\""))),
        StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
        _ => None,
    }
}

/// The status, and the reason in a word.
fn verdict(error: &AppError) -> (StatusCode, &'static str) {
    match error {
        AppError::Auth(error) => (StatusCode::UNAUTHORIZED, reason(error)),
        AppError::Stopped(stop) => (StatusCode::FORBIDDEN, stop.code()),
        AppError::Busy
        | AppError::TooSlow
        | AppError::TooManyRequests { .. }
        | AppError::KeysUnavailable
        | AppError::StorageFull
        | AppError::InDoubt(_)
        | AppError::Unconfirmed(_)
        | AppError::Unavailable(_)
        | AppError::Internal(_) => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        AppError::NoSuchPath => (StatusCode::FORBIDDEN, "NO_SUCH_GATE"),
        AppError::KeyInUrl(_) => (StatusCode::FORBIDDEN, "KEY_IN_URL"),
        AppError::SignInFailed
        | AppError::WrongPassword
        | AppError::Refused(_)
        | AppError::NotFound(_)
        | AppError::MethodNotAllowed { .. }
        | AppError::Conflict(_)
        | AppError::VersionMismatch
        | AppError::Malformed(_)
        | AppError::Invalid(_)
        | AppError::UnknownPermissions(..)
        | AppError::TooLarge { .. }
        | AppError::UrlTooLong { .. }
        | AppError::UnsupportedMedia(_) => (StatusCode::FORBIDDEN, "REFUSED"),
    }
}

fn reason(error: &AuthError) -> &'static str {
    match error {
        AuthError::Missing => "MISSING",
        AuthError::Malformed => "MALFORMED",
        AuthError::Ambiguous => "AMBIGUOUS",
        // A gate takes keys alone, and never comes to judge a token.
        AuthError::Invalid | AuthError::Token(_) => "NOT_FOUND",
        AuthError::Expired => "EXPIRED",
        AuthError::Revoked(_) => "REVOKED",
    }
}
