//! Why the store did not do what it was asked.

use std::io::ErrorKind;

use keybearer_core::authority::Refusal;
use keybearer_core::permission::Permission;
use keybearer_core::token::{KeyId, PepperVersion};
use rusqlite::ffi;

/// Kinds of thing that can be absent or taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An account.
    Account,
    /// A session.
    Session,
    /// A key.
    Key,
    /// A policy.
    Policy,
    /// A gate.
    Gate,
}

impl What {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Session => "session",
            Self::Key => "key",
            Self::Policy => "policy",
            Self::Gate => "gate",
        }
    }
}

/// Why the store did not do what it was asked. Nothing of the change was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule of the core forbids it, by the facts inside the transaction.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Whoever asks is not who it was any more: signed out, revoked, expired or blocked meanwhile.
    #[error("the credential is no longer valid")]
    ActorGone,
    /// No such row, or one that counts as absent.
    #[error("no such {}", .0.as_str())]
    NotFound(What),
    /// A unique name is taken. `what` and the name's kind (`name`, `username`, `external_id`).
    #[error("this {field} of {} is taken", .what.as_str())]
    Taken {
        /// What would have had the name.
        what: What,
        /// Which of its fields.
        field: &'static str,
    },
    /// The account has as many live keys as it may.
    #[error("the account has {max} live keys already")]
    TooManyKeys {
        /// The limit.
        max: u32,
    },
    /// It would leave no active administrator.
    #[error("this is the last active administrator")]
    LastAdmin,
    /// There is an administrator already.
    #[error("an administrator exists already")]
    AdminExists,
    /// The account's password is not the one that was proved (or was not proved at all).
    #[error("the current password was not proved")]
    PasswordNotProved,
    /// The password is not the one that the link was made for: the link was used before, or somebody changed the password.
    #[error("the link was used before, or the password was changed since it was made")]
    LinkUsed,
    /// The account of this identity was deleted. Only who may make accounts gives it another.
    #[error("the account of this identity was deleted")]
    IdentityDeleted,
    /// A role that no table has, where its level matters.
    #[error(
        "the role {0:?} is not in the table of roles, and only its level tells which of two roles is the lower: give the setting `roles` as the server has it"
    )]
    UnknownRole(String),
    /// Account keys cannot be changed.
    #[error("account keys are immutable")]
    Immutable,
    /// The policy still has keys.
    #[error("the policy is used by {} keys", .0.len())]
    PolicyInUse(Vec<(KeyId, String)>),
    /// The policy or gate was changed since the version that the caller knows.
    #[error("it has version {current}")]
    VersionMismatch {
        /// The version that it has now.
        current: i64,
    },
    /// Other keys would be revoked than the caller knows of.
    #[error("it would revoke other keys than were named or counted")]
    KeysChanged,
    /// No service declares these.
    #[error("undeclared permissions")]
    UnknownPermissions(Vec<Permission>),
    /// No such policy to give to a key.
    #[error("no such policy")]
    UnknownPolicy,
    /// The service has been declared under another spelling of its name.
    #[error("the service is declared as {0}")]
    ServiceSpelledOtherwise(String),
    /// The cursor of a list was not made by the store.
    #[error("not a cursor of this list")]
    BadCursor,
    /// A pepper that stored keys need is missing from the keyring, or differs.
    #[error("pepper {version} {problem}")]
    Pepper {
        /// Its version.
        version: PepperVersion,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The database was written by a later version of Keybearer.
    #[error(
        "the database has schema {found} (\"{name}\"), this binary knows schemas up to {known}: run the version of Keybearer that wrote it, or a later one"
    )]
    NewerSchema {
        /// Number of its last migration.
        found: i64,
        /// Name of its last migration.
        name: String,
        /// The last one that this binary has.
        known: i64,
    },
    /// The data directory belongs to a process that runs.
    #[error("another Keybearer process holds the lock {0}: stop it, or give this one its own data_dir")]
    Locked(String),
    /// Nodes that serve together decide by the same table of roles.
    #[error("the node {0:?}, which serves from this database, has another table of roles: give all nodes the same setting `roles`")]
    OtherRoles(String),
    /// The change is committed, and the database was lost before it was known whether every node has it.
    #[error("the change was made, but the database was lost before every node was known to have it")]
    Unconfirmed,
    /// There is no room on the disk. What is there can be read; changes can be made again once there is room.
    #[error("no room is left on the disk that holds the data: make some")]
    Full,
    /// The database failed or is gone. The text is for the log, never for a client.
    #[error("database: {0}")]
    Unavailable(String),
}

impl StoreError {
    /// A file beside the database, or the database itself as a file, could not be made or opened.
    pub(crate) fn of_file(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull => Self::Full,
            _ => Self::Unavailable(format!("{what}: {error}")),
        }
    }
}

/// What was found, where it may as well be absent.
pub(crate) fn present<T>(found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error() {
            Some(ffi::Error { code: ffi::ErrorCode::DiskFull, .. }) => Self::Full,
            // The file beside the database that connections share (-shm) could not grow.
            Some(ffi::Error { extended_code: ffi::SQLITE_IOERR_SHMSIZE, .. }) => Self::Full,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
