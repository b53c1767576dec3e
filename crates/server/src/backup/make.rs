//! `keybearer backup`.

use std::io::{BufWriter, ErrorKind};
use std::path::Path;

use keybearer_core::time::UnixMillis;
use keybearer_store::Contents;

use super::BackupError;
use super::archive::{self, Small};
use super::copies;
use super::manifest::Manifest;
use crate::config::Config;
use crate::files;
use crate::keyring::Keyring;

/// What a backup holds.
pub struct Made {
    /// Of the database.
    pub contents: Contents,
    /// Bytes of the file.
    pub size: u64,
}

/// Writes a backup into a new file, which only its owner can read. The server may go on meanwhile; the backup is of one moment.
///
/// # Errors
/// [`BackupError`]; nothing is left of the file.
pub fn make(config: &Config, now: UnixMillis, to: &Path) -> Result<Made, BackupError> {
    BackupError::require_sqlite(config, || {
        format!("back it up by pg_dump, and keep a copy of the keyring {} apart from it", config.keyring_path().display())
    })?;
    let database = config.database_path();
    if !database.try_exists().map_err(BackupError::file(&database))? {
        return Err(BackupError::NoDatabase(database.display().to_string()));
    }
    if to.try_exists().map_err(BackupError::file(to))? {
        return Err(BackupError::file(to)(ErrorKind::AlreadyExists.into()));
    }
    let directory = files::directory_of(to);
    let temporary = || tempfile::Builder::new().prefix(copies::BACKUP).tempfile_in(directory);
    let copy = temporary().map_err(BackupError::file(directory))?;
    let contents = keybearer_store::copy_sqlite(&database, copy.path())?;

    // After the copy: a pepper may be added at any time, but none is taken away.
    let keyring_path = config.keyring_path();
    let keyring = Keyring::open(&keyring_path)?.ok_or(crate::keyring::KeyringError::Absent(keyring_path))?;
    let peppers = keyring.peppers();
    let held = peppers.fingerprints();
    if let Some((version, _)) = contents.peppers.iter().find(|(version, fingerprint)| held.get(version) != Some(fingerprint)) {
        return Err(BackupError::WrongPepper(*version));
    }

    let manifest = Manifest::new(&contents, &peppers, now);
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(|error| BackupError::file(to)(error.into()))?;
    let small = Small { manifest, peppers: keyring.export_peppers() };
    let archive = temporary().map_err(BackupError::file(directory))?;
    let modified = u64::try_from(now.0 / 1000).unwrap_or(0);
    archive::write(BufWriter::new(archive.as_file()), &small, copy.as_file(), modified)
        .and_then(|()| archive.as_file().sync_all())
        .map_err(BackupError::file(archive.path()))?;
    let file = archive.persist_noclobber(to).map_err(|error| BackupError::file(to)(error.error))?;
    files::sync_directory_of(to).map_err(BackupError::file(directory))?;
    let size = file.metadata().map_err(BackupError::file(to))?.len();
    Ok(Made { contents, size })
}
