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
    /// Takes the lock, making the directory (for its owner only) where there is none.
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
            Ok(()) => Ok(Self { file }),
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

fn make_private(data_dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data_dir)
}
