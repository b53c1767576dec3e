//! Why a request is not answered as asked. Each face says it in its own words, in one exhaustive match.

use keybearer_core::authority::Refusal;
use keybearer_core::decision::Denial;
use keybearer_core::key::{LifetimeError, RevocationReason};
use keybearer_core::name::NameError;
use keybearer_core::permission::{Permission, PermissionError};
use keybearer_core::role::LevelError;
use keybearer_core::token::KeyId;
use keybearer_store::{StoreError, What};

use crate::issuers::TokenRefusal;
use crate::ops::gate::Stop;
use crate::password::PasswordError;

/// What is wrong with a credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuthError {
    /// There is none (of the kind that is asked for).
    Missing,
    /// More than one, or one header twice: never merged.
    Ambiguous,
    /// It cannot be read.
    Malformed,
    /// No such key, a wrong secret, a session that ended, or a token that is not ours.
    Invalid,
    /// Its time is over.
    Expired,
    /// The key was revoked.
    Revoked(RevocationReason),
    /// A token of an application that is not taken.
    Token(TokenRefusal),
}

/// What is wrong with one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldError {
    /// A JSON pointer into the body, or the name of a parameter.
    pub pointer: String,
    /// What is wrong, and what would be right, in English.
    pub message: String,
    /// The same for whoever words it in another language.
    pub cause: Cause,
}

/// Why a value is refused, where a person may meet the refusal on a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// It is no name.
    Name(NameError),
    /// It is no password that is accepted.
    Password(PasswordError),
    /// It is no level.
    Level(LevelError),
    /// It is no lifetime that is allowed.
    Lifetime(LifetimeError),
    /// It is no permission, or no service.
    Permission(PermissionError),
    /// The current password is lacking.
    CurrentPasswordNeeded,
    /// It is no e-mail address.
    Email,
    /// It is no role of the table.
    Role,
    /// The JSON that applications keep is too large.
    MetadataTooLarge {
        /// The most bytes of it.
        limit: usize,
    },
    /// It is nested too deep.
    MetadataTooDeep {
        /// The most levels of it.
        limit: usize,
    },
    /// Only the message says.
    Other,
}

/// What is wrong with a value: for people who read English, and for those who word it otherwise.
pub struct Wrong(Cause, String);

impl Cause {
    /// This cause, with these words.
    pub fn saying(self, message: impl Into<String>) -> Wrong {
        Wrong(self, message.into())
    }
}

impl From<NameError> for Wrong {
    fn from(error: NameError) -> Self {
        Cause::Name(error).saying(error.to_string())
    }
}

impl From<PasswordError> for Wrong {
    fn from(error: PasswordError) -> Self {
        Cause::Password(error).saying(error.to_string())
    }
}

impl From<LevelError> for Wrong {
    fn from(error: LevelError) -> Self {
        Cause::Level(error).saying(error.to_string())
    }
}

impl From<LifetimeError> for Wrong {
    fn from(error: LifetimeError) -> Self {
        Cause::Lifetime(error).saying(error.to_string())
    }
}

impl From<PermissionError> for Wrong {
    fn from(error: PermissionError) -> Self {
        Cause::Permission(error).saying(error.to_string())
    }
}

impl From<&str> for Wrong {
    fn from(message: &str) -> Self {
        Cause::Other.saying(message)
    }
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Cause::Other.saying(message)
    }
}

impl FieldError {
    /// An error of the field at this pointer.
    pub fn new(pointer: impl Into<String>, wrong: impl Into<Wrong>) -> Self {
        let Wrong(cause, message) = wrong.into();
        Self { pointer: pointer.into(), message, cause }
    }
}

/// What stands in the way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// A unique name is taken: of what, and which of its fields.
    Taken(What, &'static str),
    /// The account has as many live keys as it may.
    TooManyKeys {
        /// The limit.
        max: u32,
    },
    /// The account for which a key is asked cannot have any now.
    OwnerUnfit(Refusal),
    /// It would leave no active administrator.
    LastAdmin,
    /// There is an administrator already.
    AdminExists,
    /// The link was used before, or the password was changed since it was made.
    LinkUsed,
    /// Account keys cannot be changed.
    Immutable,
    /// The policy still has these keys.
    PolicyInUse(Vec<(KeyId, String)>),
    /// The service is declared under another spelling.
    ServiceSpelledOtherwise(String),
}

/// Why a request is not answered as asked.
#[derive(Clone, Debug)]
pub enum AppError {
    /// The credential.
    Auth(AuthError),
    /// A wrong user name or password.
    SignInFailed,
    /// A holder's current password is wrong.
    WrongPassword,
    /// Known, but not allowed.
    Refused(Refusal),
    /// A good key that a gate does not let pass.
    Stopped(Stop),
    /// No such thing, or none that the caller may see.
    NotFound(What),
    /// No such path.
    NoSuchPath,
    /// The path does not have this method; these it has.
    MethodNotAllowed {
        /// As in the header `Allow`.
        allow: String,
    },
    /// Something stands in the way.
    Conflict(Conflict),
    /// The thing has another version than the caller knows, or other keys end with it.
    VersionMismatch,
    /// It cannot be read as the documented shape.
    Malformed(FieldError),
    /// A full key stands in the path or query, where logs would keep it.
    KeyInUrl(KeyId),
    /// The right shape, but wrong values.
    Invalid(Vec<FieldError>),
    /// No service declares these; where in the request they stand.
    UnknownPermissions(&'static str, Vec<Permission>),
    /// The body is larger than allowed.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    TooSlow,
    /// The URL is longer than allowed.
    UrlTooLong {
        /// In bytes.
        limit: usize,
    },
    /// The body is not what can be read, such as not JSON or compressed.
    UnsupportedMedia(&'static str),
    /// Too many failed logins.
    TooManyRequests {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Too much at once; it will pass.
    Busy,
    /// The keys are not at hand that a token of an application would be proved with.
    KeysUnavailable,
    /// There is no room on the disk for a change.
    StorageFull,
    /// Nobody can tell whether what is known in memory is in force. The text is for the log.
    InDoubt(String),
    /// The change was made, and nobody can tell whether every node knows it yet. Of a new key, its id.
    Unconfirmed(Option<KeyId>),
    /// The store failed. The text is for the log.
    Unavailable(String),
    /// A bug of ours. The text is for the log.
    Internal(String),
}

impl AppError {
    /// One field has a wrong value.
    pub fn invalid(pointer: impl Into<String>, wrong: impl Into<Wrong>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, wrong)])
    }

    /// One field cannot be read.
    pub fn malformed(pointer: impl Into<String>, message: impl ToString) -> Self {
        Self::Malformed(FieldError::new(pointer, message.to_string()))
    }
}

/// What somebody is told of a change that may not be in force everywhere, and what to do.
#[must_use]
pub fn unconfirmed(made: Option<KeyId>) -> String {
    match made {
        Some(key) => format!(
            "The key {key} was made, but the database was lost before every node was known to have it. Its secret is not shown: delete it, and make another."
        ),
        None => "The change was made, but the database was lost before every node was known to have it. Asking again is safe for an edit or a revocation; \
                 of what was to be made, look whether it is there first."
            .into(),
    }
}

impl From<Denial> for AuthError {
    /// Of a key that is presented to prove who asks, and of which nothing else is asked.
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Malformed => Self::Malformed,
            Denial::Expired => Self::Expired,
            Denial::Revoked(reason) => Self::Revoked(reason),
            Denial::NotFound | Denial::InsufficientLevel { .. } | Denial::InsufficientPermissions { .. } => Self::Invalid,
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OwnerUnfit(_) => Self::Conflict(Conflict::OwnerUnfit(refusal)),
            refusal => Self::Refused(refusal),
        }
    }
}

impl From<AuthError> for AppError {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<crate::throttle::RetryAfter> for AppError {
    fn from(error: crate::throttle::RetryAfter) -> Self {
        Self::TooManyRequests { retry_after: error.seconds }
    }
}

impl From<crate::password::Busy> for AppError {
    fn from(_: crate::password::Busy) -> Self {
        Self::Busy
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::ActorGone => Self::Auth(AuthError::Invalid),
            StoreError::IdentityDeleted => Self::Auth(AuthError::Token(TokenRefusal::AccountDeleted)),
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::Taken { what, field } => Self::Conflict(Conflict::Taken(what, field)),
            StoreError::TooManyKeys { max } => Self::Conflict(Conflict::TooManyKeys { max }),
            StoreError::LastAdmin => Self::Conflict(Conflict::LastAdmin),
            StoreError::AdminExists => Self::Conflict(Conflict::AdminExists),
            StoreError::PasswordNotProved => Self::WrongPassword,
            StoreError::LinkUsed => Self::Conflict(Conflict::LinkUsed),
            StoreError::Immutable => Self::Conflict(Conflict::Immutable),
            StoreError::PolicyInUse(keys) => Self::Conflict(Conflict::PolicyInUse(keys)),
            StoreError::VersionMismatch { .. } | StoreError::KeysChanged => Self::VersionMismatch,
            StoreError::UnknownPermissions(names) => Self::UnknownPermissions("/permissions", names),
            StoreError::UnknownPolicy => Self::invalid("/policy_id", "no such policy; GET /v1/policies lists them"),
            StoreError::ServiceSpelledOtherwise(name) => Self::Conflict(Conflict::ServiceSpelledOtherwise(name)),
            StoreError::BadCursor => Self::malformed("cursor", "is not one that this list gave: use next_cursor as it came"),
            StoreError::Pepper { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::Locked(_)
            | StoreError::OtherRoles(_)
            | StoreError::UnknownRole(_) => Self::Internal(error.to_string()),
            StoreError::Full => Self::StorageFull,
            StoreError::Unconfirmed => Self::Unconfirmed(None),
            StoreError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}
