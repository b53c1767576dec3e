//! Which database: everything that can be done with it, whichever it is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use keybearer_core::role::Roles;

use crate::postgres::{self, Postgres, PostgresUrl};
use crate::{Contents, Login, Membership, OutgoingRow, ServerState, Store, StoreError};

/// Where rows and events live.
#[derive(Clone, Debug)]
pub enum Database {
    /// In a file of SQLite.
    Sqlite(PathBuf),
    /// At a server of PostgreSQL.
    Postgres(PostgresUrl),
}

impl fmt::Display for Database {
    /// Where it is; of a URL neither who signs in, nor how.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => file.display().fmt(f),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl Database {
    /// Whether no server has been here yet, so that no stored key needs any pepper.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where nobody can tell.
    pub async fn is_new(&self) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(file) => {
                let there = file.try_exists();
                there.map(|there| !there).map_err(|error| StoreError::Unavailable(format!("{}: {error}", file.display())))
            }
            Self::Postgres(url) => postgres::is_new(url).await,
        }
    }

    /// Opens it for whoever makes changes, bringing its schema up to date. As what he takes part among other nodes counts once he follows the
    /// changes.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] where a later version of Keybearer has been here; [`StoreError::Unavailable`] where it cannot be opened.
    pub async fn open(&self, roles: Roles, membership: Membership) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Sqlite(file) => crate::open_sqlite(file, roles),
            Self::Postgres(url) => Ok(Arc::new(Postgres::open(url, roles, membership).await?)),
        }
    }

    /// What it holds. It is only read, while a server may use it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot be read, [`StoreError::NewerSchema`] where a later version wrote it.
    pub async fn contents(&self) -> Result<Contents, StoreError> {
        match self {
            Self::Sqlite(file) => crate::sqlite_contents(file),
            Self::Postgres(url) => postgres::contents(url).await,
        }
    }

    /// How the server is that it is at, and who serves from it; none of SQLite. It is only read.
    ///
    /// # Errors
    /// As [`Database::contents`].
    pub async fn server_state(&self) -> Result<Option<ServerState>, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(url) => postgres::server_state(url).await.map(Some),
        }
    }

    /// What a sign-in under this canonical username is checked against. It is only read, while a server may use it.
    ///
    /// # Errors
    /// As [`Database::contents`].
    pub async fn login(&self, username_key: String) -> Result<Option<Login>, StoreError> {
        match self {
            Self::Sqlite(file) => crate::sqlite_login(file, username_key),
            Self::Postgres(url) => postgres::login(url, username_key).await,
        }
    }

    /// Hands out all that makes up the keys, as it is at one moment, while a server may use it. It is only read. What a row names comes
    /// before it. `begin` is told what there is, before the first row.
    ///
    /// # Errors
    /// As [`Database::contents`], and whatever `begin` or `each` fails with.
    pub async fn export<E: From<StoreError>>(
        &self,
        with_passwords: bool,
        begin: impl FnOnce(&Contents) -> Result<(), E>,
        each: impl FnMut(OutgoingRow) -> Result<(), E>,
    ) -> Result<Contents, E> {
        match self {
            Self::Sqlite(file) => crate::export_sqlite(file, with_passwords, begin, each),
            Self::Postgres(url) => postgres::export(url, with_passwords, begin, each).await,
        }
    }
}
