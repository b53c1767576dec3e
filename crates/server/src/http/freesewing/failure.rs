//! Errors of this face: a status and a code in the envelope.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keybearer_core::account::Unfit;
use keybearer_core::authority::Refusal;
use keybearer_core::token::KeyId;
use keybearer_store::What;

use super::create::BodyError;
use super::credential::Scheme;
use super::envelope;
use crate::error::{AppError, AuthError, Conflict};

/// Why an operation of this face was not done.
pub(super) enum Failure {
    /// No credential of the kind that the path names.
    CredentialMissing(Scheme),
    /// The body of a create.
    Body(BodyError),
    /// What can happen on every face; [`render`] words it.
    Common(AppError),
}

impl<E: Into<AppError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Common(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::CredentialMissing(scheme) => {
                Worded::new(StatusCode::UNAUTHORIZED, MISSING).with_header(header::WWW_AUTHENTICATE, scheme.challenge()).into_response()
            }
            Self::Body(error) => Worded::new(StatusCode::BAD_REQUEST, error.code()).into_response(),
            Self::Common(error) => error.into_response(),
        }
    }
}

/// Words an error that can happen on every face. Its request id is told by the header alone.
pub(in crate::http) fn render(error: &AppError, _request_id: &str) -> Response {
    word(error).into_response()
}

const MISSING: &str = "authenticationMissing";
const FAILED: &str = "authenticationFailed";

/// An error, worded.
struct Worded {
    status: StatusCode,
    code: &'static str,
    key: Option<KeyId>,
    header: Option<(HeaderName, String)>,
}

impl Worded {
    fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, key: None, header: None }
    }

    fn with_header(self, name: HeaderName, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }
}

impl IntoResponse for Worded {
    fn into_response(self) -> Response {
        let mut response = envelope::error(self.status, self.code, self.key);
        if let Some((name, value)) = self.header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// One arm for each error. Some belong to operations that this face does not have.
fn word(error: &AppError) -> Worded {
    match error {
        AppError::Auth(error) => auth(error),
        AppError::SignInFailed | AppError::WrongPassword => Worded::new(StatusCode::FORBIDDEN, FAILED),
        AppError::Refused(refusal) => refused(refusal),
        AppError::Stopped(_) => Worded::new(StatusCode::FORBIDDEN, "insufficientAccessLevel"),
        AppError::NotFound(what) => not_found(*what),
        AppError::NoSuchPath => Worded::new(StatusCode::NOT_FOUND, "notFound"),
        AppError::MethodNotAllowed { allow } => {
            Worded::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed").with_header(header::ALLOW, allow)
        }
        AppError::Conflict(conflict) => conflicting(conflict),
        AppError::VersionMismatch => Worded::new(StatusCode::PRECONDITION_FAILED, "versionMismatch"),
        AppError::Malformed(_) => Worded::new(StatusCode::BAD_REQUEST, "malformedBody"),
        AppError::KeyInUrl(id) => Worded { key: Some(*id), ..Worded::new(StatusCode::BAD_REQUEST, "keyInUrl") },
        AppError::Invalid(_) | AppError::UnknownPermissions(..) => Worded::new(StatusCode::BAD_REQUEST, "invalidValue"),
        AppError::TooLarge { .. } => Worded::new(StatusCode::PAYLOAD_TOO_LARGE, "bodyTooLarge"),
        AppError::TooSlow => Worded::new(StatusCode::REQUEST_TIMEOUT, "bodyTooSlow"),
        AppError::UrlTooLong { .. } => Worded::new(StatusCode::URI_TOO_LONG, "urlTooLong"),
        AppError::UnsupportedMedia(_) => Worded::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType"),
        AppError::TooManyRequests { retry_after } => {
            Worded::new(StatusCode::TOO_MANY_REQUESTS, "tooManyRequests").with_header(header::RETRY_AFTER, retry_after.to_string())
        }
        AppError::Busy => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "busy").with_header(header::RETRY_AFTER, "1"),
        AppError::KeysUnavailable => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "keysUnavailable").with_header(header::RETRY_AFTER, "30"),
        AppError::StorageFull => Worded::new(StatusCode::INSUFFICIENT_STORAGE, "storageFull"),
        AppError::Unavailable(_) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").with_header(header::RETRY_AFTER, "1"),
        AppError::InDoubt(_) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "inDoubt").with_header(header::RETRY_AFTER, "1"),
        AppError::Unconfirmed(_) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "unconfirmed"),
        AppError::Internal(_) => Worded::new(StatusCode::INTERNAL_SERVER_ERROR, "internalError"),
    }
}

fn auth(error: &AuthError) -> Worded {
    match error {
        AuthError::Missing => Worded::new(StatusCode::UNAUTHORIZED, MISSING).with_header(header::WWW_AUTHENTICATE, Scheme::Jwt.challenge()),
        AuthError::Ambiguous => Worded::new(StatusCode::BAD_REQUEST, "authenticationAmbiguous"),
        // Not 401, as RFC 9110 has it: so read seeds 002 and 003.
        AuthError::Malformed | AuthError::Invalid | AuthError::Expired | AuthError::Revoked(_) | AuthError::Token(_) => {
            Worded::new(StatusCode::FORBIDDEN, FAILED)
        }
    }
}

fn refused(refusal: &Refusal) -> Worded {
    let code = match refusal {
        Refusal::Unfit(unfit) | Refusal::OwnerUnfit(unfit) => match unfit {
            Unfit::ConsentLacking => "consentLacking",
            Unfit::Locked => "accountLocked",
            Unfit::Blocked => "accountBlocked",
        },
        Refusal::LevelExceedsOwner { .. } | Refusal::LevelExceedsCredential { .. } => "keyLevelExceedsRoleLevel",
        Refusal::LevelTooLow { .. }
        | Refusal::PermissionLacking(_)
        | Refusal::ServiceKeyRefused(_)
        | Refusal::SessionNeeded
        | Refusal::NoPassword
        | Refusal::PermissionsExceeded(_)
        | Refusal::AccountTooPowerful(_)
        | Refusal::ForeignService(_)
        | Refusal::ReservedService => "insufficientAccessLevel",
        Refusal::Hidden => return not_found(What::Key),
    };
    Worded::new(StatusCode::FORBIDDEN, code)
}

fn not_found(what: What) -> Worded {
    let code = match what {
        What::Key => "apikeyNotFound",
        What::Account => "accountNotFound",
        What::Session | What::Policy | What::Gate => "notFound",
    };
    Worded::new(StatusCode::NOT_FOUND, code)
}

fn conflicting(conflict: &Conflict) -> Worded {
    let code = match conflict {
        Conflict::TooManyKeys { .. } => "tooManyKeys",
        Conflict::OwnerUnfit(refusal) => return refused(refusal),
        Conflict::Immutable => "apikeyImmutable",
        Conflict::Taken(..)
        | Conflict::LastAdmin
        | Conflict::AdminExists
        | Conflict::LinkUsed
        | Conflict::PolicyInUse(_)
        | Conflict::ServiceSpelledOtherwise(_) => "conflict",
    };
    Worded::new(StatusCode::CONFLICT, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no request of a test brings about.
    #[test]
    fn what_is_too_much_or_our_own_fault_is_in_the_envelope_too() {
        let rows = [
            (AppError::TooManyRequests { retry_after: 7 }, 429, "tooManyRequests", Some("7")),
            (AppError::Busy, 503, "busy", Some("1")),
            (AppError::Unavailable("the disk is broken".into()), 503, "unavailable", Some("1")),
            (AppError::Internal("a handler panicked".into()), 500, "internalError", None),
        ];
        for (error, status, code, retry_after) in rows {
            let worded = word(&error);
            assert_eq!((worded.status.as_u16(), worded.code), (status, code));
            let response = render(&error, "an id");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json; charset=utf-8");
            assert_eq!(response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap()), retry_after);
        }
    }
}
