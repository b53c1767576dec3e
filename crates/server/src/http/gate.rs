//! `ANY /gate/{name}`: forward-auth. A proxy shows the head of each request that it gets, and lets it through if the answer is 200.
//!
//! The answer is 200, 401, 403 or 503 and nothing else: proxies take other statuses for a fault of theirs.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use crate::app::App;
use crate::caller::Presented;
use crate::error::{AppError, AuthError};
use crate::http::credentials::{self, Carried};
use crate::http::path::{BothInPath, InPath};
use crate::ops;
use crate::ops::gate::Passed;

/// The route of every gate, as metrics and the log name it.
pub(super) const ROUTE: &str = "/gate/{name}";

const KEY_ID: HeaderName = HeaderName::from_static("x-key-id");
const OWNER_ID: HeaderName = HeaderName::from_static("x-owner-id");
const LEVEL: HeaderName = HeaderName::from_static("x-key-level");
const PERMISSIONS: HeaderName = HeaderName::from_static("x-permissions");

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(ROUTE, any(gate)).route("/gate/{name}/{*rest}", any(below))
}

async fn gate(State(app): State<Arc<App>>, InPath(name): InPath, headers: HeaderMap) -> Result<Response, AppError> {
    answer(&app, &name, &headers).await
}

async fn below(State(app): State<Arc<App>>, BothInPath(name, _): BothInPath, headers: HeaderMap) -> Result<Response, AppError> {
    answer(&app, &name, &headers).await
}

/// What the gate says of a request with these headers.
pub(super) async fn answer(app: &App, name: &str, headers: &HeaderMap) -> Result<Response, AppError> {
    ops::gate::ask(app, name, presented(headers)).await.map(|passed| let_through(&passed))
}

fn presented(headers: &HeaderMap) -> Result<Option<Presented>, AuthError> {
    credentials::find(headers)?
        .map(|carried| match carried {
            Carried::Bearer(text) => credentials::bearer(text),
            Carried::Basic(encoded) => credentials::pair(encoded),
            Carried::XApiKey(text) | Carried::CatenaApiKey(text) => credentials::token(text),
            Carried::CatenaSession(text) => Ok(Presented::Session(text.to_owned())),
        })
        .transpose()
}

/// Always the same headers: one that were absent could be taken from the client by a proxy that passes on what it got.
fn let_through(passed: &Passed) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.reserve(8);
    let id = HeaderValue::try_from(passed.key.to_string());
    headers.insert(KEY_ID, id.unwrap_or(HeaderValue::from_static("")));
    headers.insert(OWNER_ID, passed.owner.map_or(HeaderValue::from_static(""), |owner| owner.0.into()));
    headers.insert(LEVEL, passed.level.map_or(HeaderValue::from_static(""), |level| u16::from(level.number()).into()));
    headers.insert(PERMISSIONS, HeaderValue::from_static(""));
    response
}

/// An error as a proxy understands it, with its reason in a word.
pub(super) fn render(error: &AppError) -> Response {
    let (status, why) = match error {
        AppError::Auth(error) => (StatusCode::UNAUTHORIZED, reason(error)),
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
    };
    let mut response = (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{why}\n")).into_response();
    let headers = response.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"keybearer\"")),
        StatusCode::SERVICE_UNAVAILABLE => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
        _ => None,
    };
    response
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
