//! Backups: the database and the peppers in one file, made while the server runs, and put back with nothing in it that was taken away since.
//!
//! The file is a tar archive of three files and their SHA-256 sums, so that it can be looked into without Keybearer. The key of sessions is
//! not in it: a restored server makes a new one, and all sessions end.

mod archive;
mod copies;
mod make;
mod manifest;
mod restore;

use std::path::PathBuf;

use keybearer_store::{Database, StoreError};

pub use self::copies::{copies_in, remove_own_copies};
pub use self::make::{Made, make};
pub use self::restore::{Refusal, Restored, restore};
use crate::config::Config;
use crate::keyring::KeyringError;

/// Why there is no backup, or why it was not restored. Nothing that was there before has changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// There is no database where the settings say.
    #[error("there is no database {0}: name the right place by the setting `data_dir` or `database`")]
    NoDatabase(String),
    /// The database is none of SQLite.
    #[error("the data is in PostgreSQL ({database}): {way_out}")]
    Postgres {
        /// Where it is.
        database: String,
        /// What to do instead.
        way_out: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring lacks what the database needs, or has something else.
    #[error("pepper {0} of the keyring is not the one that this database needs: name the right keyring by the setting `keyring`")]
    WrongPepper(keybearer_core::token::PepperVersion),
    /// The file is no backup, or not as it was made.
    #[error("{}: {problem}. Nothing was changed", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// It would bring back what was revoked.
    #[error("{0}")]
    Refused(Refusal),
}

impl BackupError {
    /// Refuses a database that has means of its own.
    fn require_sqlite(config: &Config, way_out: impl FnOnce() -> String) -> Result<(), Self> {
        match config.database() {
            Database::Sqlite(_) => Ok(()),
            database @ Database::Postgres(_) => Err(Self::Postgres { database: database.to_string(), way_out: way_out() }),
        }
    }

    fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }
}
