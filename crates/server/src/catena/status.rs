//! Errors in the words of gRPC: a code and a message.

use std::sync::Arc;

use keybearer_core::authority::Refusal;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Code, Status};

use crate::error::{AppError, AuthError, Conflict, FieldError, unconfirmed};

/// The error that a status was made of, for carriers that log it or say more than a status can.
#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
struct Cause(AppError);

/// The error that a status was made of, if it was made of one.
#[must_use]
pub fn cause(status: &Status) -> Option<&AppError> {
    std::error::Error::source(status)?.downcast_ref::<Cause>().map(|cause| &cause.0)
}

impl From<AppError> for Status {
    fn from(error: AppError) -> Self {
        let mut status = status(&error);
        status.set_source(Arc::new(Cause(error)));
        status
    }
}

/// The status of an error, with `retry-after`, `allow` or `www-authenticate` as metadata where it is due.
#[must_use]
pub fn status(error: &AppError) -> Status {
    let Worded { code, message, hint } = word(error);
    let mut status = Status::new(code, message);
    if let Some((name, value)) = hint
        && let Ok(value) = value.parse::<MetadataValue<Ascii>>()
    {
        status.metadata_mut().insert(name, value);
    }
    status
}

struct Worded {
    code: Code,
    message: String,
    hint: Option<(&'static str, String)>,
}

impl Worded {
    fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    fn with_hint(self, name: &'static str, value: impl Into<String>) -> Self {
        Self { hint: Some((name, value.into())), ..self }
    }
}

/// One arm for each error.
fn word(error: &AppError) -> Worded {
    match error {
        AppError::Auth(error) => auth(error),
        AppError::SignInFailed => Worded::new(Code::Unauthenticated, "User name or password is wrong."),
        AppError::WrongPassword => Worded::new(Code::PermissionDenied, "The current password is wrong."),
        AppError::Refused(refusal) => refused(refusal),
        AppError::Stopped(stop) => Worded::new(Code::PermissionDenied, format!("The gate does not let this pass: {}.", stop.code())),
        AppError::NotFound(what) => Worded::new(Code::NotFound, format!("There is no such {}.", what.as_str())),
        AppError::NoSuchPath => Worded::new(Code::NotFound, "Nothing is at this path."),
        AppError::MethodNotAllowed { allow } => {
            Worded::new(Code::Unimplemented, format!("This path answers: {allow}.")).with_hint("allow", allow)
        }
        AppError::Conflict(conflict) => self::conflict(conflict),
        AppError::VersionMismatch => Worded::new(Code::Aborted, "It was changed since you read it: read it again."),
        AppError::Malformed(field) => Worded::new(Code::InvalidArgument, format!("The request cannot be read: {}.", said(field))),
        AppError::KeyInUrl(id) => Worded::new(
            Code::InvalidArgument,
            format!("A full key stands in the URL, where logs keep it. Use its id instead, {id}, and consider the key leaked: delete it."),
        ),
        AppError::Invalid(errors) => {
            let errors: Vec<String> = errors.iter().map(said).collect();
            Worded::new(Code::InvalidArgument, format!("{}.", errors.join("; ")))
        }
        AppError::UnknownPermissions(_, names) => {
            let names: Vec<&str> = names.iter().map(keybearer_core::permission::Permission::as_str).collect();
            Worded::new(
                Code::InvalidArgument,
                format!("No service declares {}; AdminGetApiKeyPermissions lists what is.", names.join(", ")),
            )
        }
        // As gRPC itself answers to messages beyond its limit.
        AppError::TooLarge { limit } => Worded::new(Code::OutOfRange, format!("The body must be at most {limit} bytes.")),
        AppError::TooSlow => Worded::new(Code::DeadlineExceeded, "The body did not arrive in time: send it again."),
        AppError::UrlTooLong { limit } => Worded::new(Code::InvalidArgument, format!("The URL must be at most {limit} bytes.")),
        AppError::UnsupportedMedia(why) => Worded::new(Code::InvalidArgument, format!("The body cannot be read: {why}.")),
        AppError::TooManyRequests { retry_after } => {
            Worded::new(Code::ResourceExhausted, format!("Too many failed logins from here: try again in {retry_after} seconds."))
                .with_hint("retry-after", retry_after.to_string())
        }
        AppError::Busy => Worded::new(Code::Unavailable, "Too much at once: try again.").with_hint("retry-after", "1"),
        AppError::InDoubt(_) => Worded::new(
            Code::Unavailable,
            "The database does not answer, so this node cannot tell whether what it knows is still in force: try again.",
        )
        .with_hint("retry-after", "1"),
        AppError::Unconfirmed(made) => Worded::new(Code::Unavailable, unconfirmed(*made)),
        AppError::KeysUnavailable => {
            Worded::new(Code::Unavailable, "The keys of the token's issuer are not at hand: try again.").with_hint("retry-after", "30")
        }
        AppError::StorageFull => Worded::new(Code::ResourceExhausted, "The disk of the server is full: nothing was changed."),
        AppError::Unavailable(_) => {
            Worded::new(Code::Unavailable, "The database does not answer: try again.").with_hint("retry-after", "1")
        }
        AppError::Internal(_) => {
            Worded::new(Code::Internal, "Something went wrong here. The log of the server has it under the X-Request-Id.")
        }
    }
}

/// A field and what is wrong with it.
fn said(error: &FieldError) -> String {
    match error.pointer.trim_start_matches('/') {
        "" => error.message.clone(),
        field => format!("{field} {}", error.message),
    }
}

fn auth(error: &AuthError) -> Worded {
    let bad = |message: String| Worded::new(Code::Unauthenticated, message).with_hint("www-authenticate", "Bearer realm=\"keybearer\"");
    match error {
        AuthError::Missing => bad(
            "Send a service key as catena-api-key, or (except to test a key) a session token as catena-session-id or Authorization: Bearer."
                .into(),
        ),
        AuthError::Ambiguous => Worded::new(
            Code::InvalidArgument,
            "Send one credential header, once: Authorization, X-API-Key, catena-api-key and catena-session-id exclude each other.",
        ),
        AuthError::Malformed => bad("The credential cannot be read: it is cut off, mistyped, or of an unknown kind.".into()),
        AuthError::Invalid => bad("No such key, a wrong secret, or a session that has ended.".into()),
        AuthError::Token(refusal) => bad(refusal.detail().into()),
        AuthError::Expired => bad("The credential has expired.".into()),
        AuthError::Revoked(reason) => bad(format!("The key was revoked: {}.", reason.as_str())),
    }
}

fn refused(refusal: &Refusal) -> Worded {
    let code = match refusal {
        Refusal::Hidden => Code::NotFound,
        Refusal::OwnerUnfit(_) => Code::FailedPrecondition,
        Refusal::Unfit(_)
        | Refusal::LevelTooLow { .. }
        | Refusal::PermissionLacking(_)
        | Refusal::ServiceKeyRefused(_)
        | Refusal::SessionNeeded
        | Refusal::NoPassword
        | Refusal::LevelExceedsOwner { .. }
        | Refusal::LevelExceedsCredential { .. }
        | Refusal::PermissionsExceeded(_)
        | Refusal::AccountTooPowerful(_)
        | Refusal::ForeignService(_)
        | Refusal::ReservedService => Code::PermissionDenied,
    };
    Worded::new(code, format!("Not allowed: {refusal}."))
}

fn conflict(conflict: &Conflict) -> Worded {
    match conflict {
        Conflict::Taken(what, field) => Worded::new(
            Code::AlreadyExists,
            format!("Another {} has this {field} (case, width and surrounding space do not count).", what.as_str()),
        ),
        Conflict::TooManyKeys { max } => {
            Worded::new(Code::ResourceExhausted, format!("The account has {max} live keys, the most it may have."))
        }
        Conflict::OwnerUnfit(refusal) => Worded::new(Code::FailedPrecondition, format!("Not possible: {refusal}.")),
        Conflict::LastAdmin => Worded::new(Code::FailedPrecondition, "This is the last active administrator."),
        Conflict::AdminExists => Worded::new(Code::AlreadyExists, "There is an administrator already."),
        Conflict::LinkUsed => Worded::new(Code::FailedPrecondition, "The link was used before."),
        Conflict::Immutable => Worded::new(Code::FailedPrecondition, "Keys of people cannot be changed."),
        Conflict::PolicyInUse(keys) => Worded::new(Code::FailedPrecondition, format!("{} keys use the policy.", keys.len())),
        Conflict::ServiceSpelledOtherwise(name) => Worded::new(Code::AlreadyExists, format!("The service is declared as {name}.")),
    }
}
