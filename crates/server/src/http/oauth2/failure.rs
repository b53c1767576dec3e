//! Errors of this face: `{"error": ..., "error_description": ...}` (RFC 6749, section 5.2).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use crate::error::{AppError, AuthError, unconfirmed};
use crate::http::answer::secret_json;

/// Both ways to send a client's credential in the header `Authorization`; a client wants to find the one that it chose.
const CHALLENGES: &str = "Basic realm=\"keybearer\", charset=\"UTF-8\", Bearer realm=\"keybearer\"";

const REQUEST: &str = "invalid_request";
const CLIENT: &str = "invalid_client";
const NOT_ALLOWED: &str = "unauthorized_client";
const LATER: &str = "temporarily_unavailable";
const SERVER: &str = "server_error";

/// An error, worded.
struct Worded {
    status: StatusCode,
    error: &'static str,
    description: String,
    header: Option<(HeaderName, String)>,
}

impl Worded {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self { status, error, description: description.into(), header: None }
    }

    fn with_header(self, name: HeaderName, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }

    fn into_response(self) -> Response {
        // The grammar has neither quotes nor backslashes, and nothing beyond ASCII.
        let tellable = |c: char| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '\'' };
        let description: String = self.description.chars().map(tellable).collect();
        let mut response = secret_json(&json!({"error": self.error, "error_description": description}));
        *response.status_mut() = self.status;
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The answer to a request that failed. Its request id is told by the header alone.
pub(in crate::http) fn render(error: &AppError) -> Response {
    word(error).into_response()
}

/// The answer to whoever would revoke a session (RFC 7009, section 2.2.1).
pub(super) fn unsupported_token_type() -> Response {
    let description = "This is no key. A session is ended by DELETE /v1/sessions/{id}.";
    Worded::new(StatusCode::BAD_REQUEST, "unsupported_token_type", description).into_response()
}

/// One arm for each error. Some belong to operations that this face does not have.
fn word(error: &AppError) -> Worded {
    let bad = |description: String| Worded::new(StatusCode::BAD_REQUEST, REQUEST, description);
    let later = |description: &str| Worded::new(StatusCode::SERVICE_UNAVAILABLE, LATER, description).with_header(header::RETRY_AFTER, "1");
    match error {
        AppError::Auth(error) => auth(error),
        AppError::SignInFailed | AppError::WrongPassword => client("The credential is not good."),
        AppError::Refused(refusal) => Worded::new(StatusCode::FORBIDDEN, NOT_ALLOWED, refusal.to_string()),
        // No gate stands before this face.
        AppError::Stopped(_) => Worded::new(StatusCode::FORBIDDEN, NOT_ALLOWED, "A gate does not let this pass."),
        AppError::NotFound(_) | AppError::NoSuchPath => {
            Worded::new(StatusCode::NOT_FOUND, REQUEST, "Nothing is here. There are /oauth2/introspect and /oauth2/revoke.")
        }
        AppError::MethodNotAllowed { allow } => {
            Worded::new(StatusCode::METHOD_NOT_ALLOWED, REQUEST, "Use POST.").with_header(header::ALLOW, allow)
        }
        AppError::Conflict(_) | AppError::VersionMismatch => Worded::new(StatusCode::CONFLICT, REQUEST, "Something stands in the way."),
        AppError::Malformed(field) => bad(format!("{} {}", field.pointer, field.message).trim_start().to_owned()),
        AppError::KeyInUrl(id) => bad(format!("A full key stands in the URL, where logs keep it: revoke it. Its id is {id}.")),
        AppError::Invalid(_) | AppError::UnknownPermissions(..) => bad("A value is wrong.".into()),
        AppError::TooLarge { limit } => {
            Worded::new(StatusCode::PAYLOAD_TOO_LARGE, REQUEST, format!("The body must be at most {limit} bytes."))
        }
        AppError::TooSlow => Worded::new(StatusCode::REQUEST_TIMEOUT, REQUEST, "The body did not arrive in time."),
        AppError::UrlTooLong { limit } => Worded::new(StatusCode::URI_TOO_LONG, REQUEST, format!("The URL must be at most {limit} bytes.")),
        AppError::UnsupportedMedia(why) => Worded::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, REQUEST, format!("{why}.")),
        AppError::TooManyRequests { retry_after } => Worded::new(StatusCode::TOO_MANY_REQUESTS, LATER, "Too much was tried from here.")
            .with_header(header::RETRY_AFTER, retry_after.to_string()),
        AppError::KeysUnavailable => Worded::new(
            StatusCode::SERVICE_UNAVAILABLE,
            LATER,
            "The keys of the application that gave out your token are not at hand: try again.",
        )
        .with_header(header::RETRY_AFTER, "30"),
        AppError::Busy => later("Too much at once: try again."),
        AppError::StorageFull => {
            Worded::new(StatusCode::INSUFFICIENT_STORAGE, LATER, "The disk of the server is full: nothing was changed.")
        }
        AppError::Unavailable(_) | AppError::InDoubt(_) => later("The database does not answer: try again."),
        AppError::Unconfirmed(made) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, LATER, unconfirmed(*made)),
        AppError::Internal(_) => Worded::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            SERVER,
            "Something went wrong here. The log of the server has it under the request id.",
        ),
    }
}

fn client(description: &str) -> Worded {
    Worded::new(StatusCode::UNAUTHORIZED, CLIENT, description).with_header(header::WWW_AUTHENTICATE, CHALLENGES)
}

fn auth(error: &AuthError) -> Worded {
    match error {
        AuthError::Missing => client(
            "Show a key of your own: by HTTP Basic its id and secret, or these as client_id and client_secret, or the token as Bearer or X-API-Key.",
        ),
        AuthError::Ambiguous => Worded::new(StatusCode::BAD_REQUEST, REQUEST, "More than one credential was sent, or one of them twice."),
        AuthError::Malformed => client("Your credential cannot be read: it is cut off, mistyped, or of an unknown kind."),
        AuthError::Invalid => client("Your credential is not good: no such key, a wrong secret, or a session that has ended."),
        AuthError::Expired => client("Your credential has expired."),
        AuthError::Revoked(_) => client("Your credential was revoked."),
        AuthError::Token(refusal) => client(refusal.detail()),
    }
}
