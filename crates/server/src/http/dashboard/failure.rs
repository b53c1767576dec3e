//! Errors as pages, in the language and theme of the person. Whoever is not signed in is led to where they can.

use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::message::Message;
use super::texts::msg;
use super::visit::Visit;
use super::{sign_in, wording};
use crate::error::{AppError, AuthError};

/// An error, worded.
struct Worded {
    status: StatusCode,
    title: &'static str,
    text: String,
    header: Option<(HeaderName, String)>,
}

impl Worded {
    fn new(status: StatusCode, title: &'static str, text: String) -> Self {
        Self { status, title, text, header: None }
    }

    fn with_header(self, name: HeaderName, value: impl ToString) -> Self {
        Self { header: Some((name, value.to_string())), ..self }
    }
}

/// The answer to a visit that failed.
pub(in crate::http) fn render(error: &AppError, visit: &Visit) -> Response {
    let is_read = visit.method == Method::GET || visit.method == Method::HEAD;
    if let (AppError::Auth(why), true) = (error, is_read)
        && *why != AuthError::Ambiguous
    {
        return visit.go(&sign_in::then(&visit.address));
    }
    let worded = word(visit, error);
    let way_out = match worded.status {
        StatusCode::UNAUTHORIZED => ("/sign-in", visit.t("sign-in")),
        _ => ("/", visit.t("to-the-start")),
    };
    let message = Message { visit, title: visit.t(worded.title), text: worded.text, way_out: Some(way_out) };
    let mut response = visit.page(worded.status, &message).unwrap_or_else(|_| worded.status.into_response());
    if let Some((name, value)) = worded.header
        && let Ok(value) = HeaderValue::from_str(&value)
    {
        response.headers_mut().insert(name, value);
    }
    response
}

/// One arm for each error.
fn word(visit: &Visit, error: &AppError) -> Worded {
    let forbidden = |text| Worded::new(StatusCode::FORBIDDEN, msg("refused-title"), text);
    let not_found = |text: &'static str| Worded::new(StatusCode::NOT_FOUND, msg("not-found-title"), visit.t(text));
    let unreadable = |text| Worded::new(StatusCode::BAD_REQUEST, msg("unreadable-title"), text);
    let later = |status, text, seconds: u64| Worded::new(status, msg("later-title"), text).with_header(header::RETRY_AFTER, seconds);
    match error {
        AppError::Auth(AuthError::Ambiguous) => unreadable(visit.t("ambiguous-credential")),
        // A cookie holds a session token of ours or nothing: no page is asked for with a token of an application.
        AppError::Auth(
            AuthError::Missing
            | AuthError::Malformed
            | AuthError::Invalid
            | AuthError::Expired
            | AuthError::Revoked(_)
            | AuthError::Token(_),
        ) => Worded::new(StatusCode::UNAUTHORIZED, msg("signed-out-title"), visit.t("sign-in-needed")),
        AppError::SignInFailed => Worded::new(StatusCode::UNAUTHORIZED, msg("signed-out-title"), visit.t("sign-in-failed")),
        AppError::WrongPassword => forbidden(visit.t("wrong-password")),
        AppError::Refused(refusal) => forbidden(wording::refusal(visit, refusal)),
        AppError::Stopped(stop) => forbidden(visit.t1("value-refused", "why", stop.code())),
        AppError::NotFound(what) => not_found(wording::absent(*what)),
        AppError::NoSuchPath => not_found(msg("not-found-text")),
        AppError::MethodNotAllowed { allow } => {
            let text = visit.t("method-not-allowed");
            Worded::new(StatusCode::METHOD_NOT_ALLOWED, msg("unreadable-title"), text).with_header(header::ALLOW, allow)
        }
        AppError::Conflict(conflict) => Worded::new(StatusCode::CONFLICT, msg("conflict-title"), wording::conflict(visit, conflict)),
        AppError::VersionMismatch => Worded::new(StatusCode::PRECONDITION_FAILED, msg("conflict-title"), visit.t("version-mismatch")),
        AppError::Malformed(field) => unreadable(visit.t1("value-refused", "why", format!("{}: {}", field.pointer, field.message))),
        AppError::KeyInUrl(id) => unreadable(visit.t1("key-in-url", "id", id.to_string())),
        AppError::Invalid(fields) => {
            let why = fields.iter().map(|field| format!("{}: {}", field.pointer, field.message)).collect::<Vec<_>>().join("; ");
            Worded::new(StatusCode::UNPROCESSABLE_ENTITY, msg("unreadable-title"), visit.t1("value-refused", "why", why))
        }
        AppError::UnknownPermissions(_, names) => {
            let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Worded::new(StatusCode::UNPROCESSABLE_ENTITY, msg("unreadable-title"), visit.t1("unknown-permissions", "names", names))
        }
        AppError::TooLarge { limit } => {
            Worded::new(StatusCode::PAYLOAD_TOO_LARGE, msg("unreadable-title"), visit.t1("too-large", "limit", *limit))
        }
        AppError::TooSlow => Worded::new(StatusCode::REQUEST_TIMEOUT, msg("unreadable-title"), visit.t("too-slow")),
        AppError::UrlTooLong { limit } => {
            Worded::new(StatusCode::URI_TOO_LONG, msg("unreadable-title"), visit.t1("url-too-long", "limit", *limit))
        }
        AppError::UnsupportedMedia(_) => {
            Worded::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, msg("unreadable-title"), visit.t("unsupported-media"))
        }
        AppError::TooManyRequests { retry_after } => {
            later(StatusCode::TOO_MANY_REQUESTS, visit.t1("throttled", "seconds", *retry_after), *retry_after)
        }
        AppError::Busy | AppError::KeysUnavailable => later(StatusCode::SERVICE_UNAVAILABLE, visit.t("busy"), 1),
        AppError::StorageFull => Worded::new(StatusCode::INSUFFICIENT_STORAGE, msg("later-title"), visit.t("storage-full")),
        AppError::InDoubt(_) => later(StatusCode::SERVICE_UNAVAILABLE, visit.t("in-doubt"), 1),
        AppError::Unconfirmed(None) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, msg("unconfirmed-title"), visit.t("unconfirmed")),
        AppError::Unconfirmed(Some(key)) => {
            Worded::new(StatusCode::SERVICE_UNAVAILABLE, msg("unconfirmed-title"), visit.t1("unconfirmed-key", "id", key.to_string()))
        }
        AppError::Unavailable(_) => later(StatusCode::SERVICE_UNAVAILABLE, visit.t("unavailable"), 1),
        AppError::Internal(_) => {
            let text = visit.t1("internal", "id", &visit.request.id);
            Worded::new(StatusCode::INTERNAL_SERVER_ERROR, msg("internal-title"), text)
        }
    }
}
