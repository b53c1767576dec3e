//! One process a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::private;
use crate::StoreError;

/// The exclusive lock of a data directory, held until dropped or until the process ends, however it ends.
pub struct DataDirLock {
    file: File,
}

impl DataDirLock {
    /// How the names of files begin that are about to be put in the place of the database. Whoever makes one holds the lock.
    pub const RESTORING: &str = ".keybearer-restore-";

    /// Takes the lock, making the directory (for its owner only) where there is none. What a restoration left in it that was cut off is
    /// removed.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process holds it; [`StoreError::Unavailable`] where the directory cannot be made or written.
    pub fn take(data_dir: &Path) -> Result<Self, StoreError> {
        make_private(data_dir).map_err(|error| StoreError::of_file(format_args!("data directory {}", data_dir.display()), &error))?;
        let path = data_dir.join("keybearer.lock");
        let unavailable = |error: std::io::Error| StoreError::of_file(path.display(), &error);
        let file = private::open(&path, OpenOptions::new().create(true).truncate(false)).map_err(unavailable)?;
        // Whoever may open it could lock it, and the server would not start. Earlier versions made it readable for all.
        private::close_to_others(&file).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => {
                remove_leftovers(data_dir);
                Ok(Self { file })
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(unavailable(error)),
        }
    }
}

impl Drop for DataDirLock {
    fn drop(&mut self) {
        // Closing alone would leave it locked as long as a child that is about to begin another program has a copy of the file.
        let _ = self.file.unlock();
    }
}

/// Best effort: they are in nobody's way, but each is as large as the database.
fn remove_leftovers(data_dir: &Path) {
    let left = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
    for file in left.filter(|file| file.file_name().as_encoded_bytes().starts_with(DataDirLock::RESTORING.as_bytes())) {
        match std::fs::remove_file(file.path()) {
            Ok(()) => tracing::info!(file = %file.path().display(), "removed what a restoration left that was cut off"),
            Err(error) => tracing::warn!(file = %file.path().display(), %error, "cannot remove what a restoration left that was cut off"),
        }
    }
}

fn make_private(data_dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir)
}
