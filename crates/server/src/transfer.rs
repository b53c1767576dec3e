//! Keys on their way from one installation to another: as lines of JSON, a row a line (`docs/import.md`).

mod export;
mod import;
mod line;
mod lines;
mod reader;
mod wording;

use std::path::PathBuf;

use keybearer_store::StoreError;

pub use self::export::{Exported, export};
pub use self::import::{Asked, Imported, Report, import};
use crate::keyring::KeyringError;

/// Why nothing was exported, or why an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A file.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file that is to be made is there already.
    #[error("{} is there already: name another file, or overwrite it by --force", .0.display())]
    Exists(PathBuf),
    /// There is no database where the settings say.
    #[error("there is no database {0}: name the right place by the setting `data_dir` or `database`")]
    NoDatabase(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// This process.
    #[error("{0}")]
    Local(std::io::Error),
}

impl TransferError {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { path, error }
    }
}
