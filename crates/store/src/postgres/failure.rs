//! What went wrong at the database, with the code by which PostgreSQL tells it.

use std::error::Error;

use tokio_postgres::error::SqlState;

use crate::StoreError;

/// A statement that was not carried out.
#[derive(Debug)]
pub(super) struct Failure {
    code: Option<SqlState>,
    error: StoreError,
}

impl Failure {
    /// Nothing was heard of it in time.
    pub(super) fn late() -> Self {
        Self { code: None, error: StoreError::Unavailable("the server did not answer in time".into()) }
    }

    /// Whether it broke a unique column or index.
    pub(super) fn is_taken(&self) -> bool {
        self.code == Some(SqlState::UNIQUE_VIOLATION)
    }

    /// Whether the server ended the connection, or never took it. The client may hear that before it sees the end.
    pub(super) fn is_of_connection(&self) -> bool {
        let ends = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW, SqlState::IDLE_SESSION_TIMEOUT];
        self.code.as_ref().is_some_and(|code| ends.contains(code))
    }

    /// Whether the server refused this statement, and goes on.
    pub(super) fn is_of_statement(&self) -> bool {
        self.code.is_some() && !self.is_of_connection()
    }

    /// Whether what was kept at the server of a statement is not there, or does not fit any more.
    pub(super) fn is_of_kept(&self) -> bool {
        let kept = [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT, SqlState::FEATURE_NOT_SUPPORTED];
        self.code.as_ref().is_some_and(|code| kept.contains(code))
    }

    /// Whether somebody else had a lock for too long.
    pub(super) fn is_of_waiting(&self) -> bool {
        self.code == Some(SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Whether somebody else had a lock for too long, or waited for one that this had.
    pub(super) fn is_of_lock(&self) -> bool {
        self.is_of_waiting() || self.code == Some(SqlState::T_R_DEADLOCK_DETECTED)
    }

    /// Whether there is no such table.
    pub(super) fn is_undefined_table(&self) -> bool {
        self.code == Some(SqlState::UNDEFINED_TABLE)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        let error = match code {
            Some(SqlState::DISK_FULL) => StoreError::Full,
            _ => StoreError::Unavailable(told(&error)),
        };
        Self { code, error }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// What the server said, or what hindered the talk with it. It never has the values of a statement, nor the password.
pub(super) fn told(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", said.message(), said.code().code());
    }
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}
