//! The keyring: the file with the server's own secrets. Without its peppers no stored key verifies again, so it is never made twice.

mod file;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use keybearer_core::token::{Pepper, PepperVersion, Peppers};
use zeroize::Zeroizing;

/// The secrets of a server: peppers by version, and the key that signs session tokens. No `Debug`; wiped when dropped.
pub struct Keyring {
    /// Never empty.
    peppers: BTreeMap<PepperVersion, Zeroizing<[u8; 32]>>,
    jwt_key: Zeroizing<[u8; 64]>,
}

/// Why there is no keyring. The texts never quote from the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file is gone, though the database has digests that were made with it.
    #[error(
        "the keyring {} is missing, but the database exists. All stored keys would be lost with a new keyring: restore the file from the \
         backup, or name the right one by the setting `keyring`", .0.display()
    )]
    Missing(PathBuf),
    /// There is none.
    #[error("there is no keyring {}: name the right one by the setting `keyring` or `data_dir`; the server makes one at its first start", .0.display())]
    Absent(PathBuf),
    /// There is something, but it cannot be read.
    #[error("the keyring {} cannot be read: {error}. Make it readable for the user that runs Keybearer", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Others than the owner may use the file.
    #[error("the keyring {} is open to others (mode {mode:04o}): run `chmod 600 {}`", .path.display(), .path.display())]
    TooOpen {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("the keyring {} is damaged: {problem}. Restore it from the backup; a new one would lose all stored keys", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// A new file cannot be written.
    #[error("the keyring {} cannot be written: {error}. Make its directory writable, or name another place by the setting `keyring`", .path.display())]
    NotMade {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Keyring {
    /// Reads the keyring, or makes one where there is none and `may_create` says that nothing depends on an earlier one.
    ///
    /// # Errors
    /// [`KeyringError`]; a file that exists is never replaced.
    pub fn open_or_create(path: &Path, may_create: bool) -> Result<Self, KeyringError> {
        if let Some(keyring) = file::read(path)? {
            return Ok(keyring);
        }
        if !may_create {
            return Err(KeyringError::Missing(path.to_owned()));
        }
        let not_made = |error| KeyringError::NotMade { path: path.to_owned(), error };
        let keyring = Self::generate().map_err(not_made)?;
        match file::write(path, &keyring) {
            Ok(()) => Ok(keyring),
            // Another process with a data directory of its own was faster: both use the one that it made.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => file::read(path)?.ok_or_else(|| not_made(error)),
            Err(error) => Err(not_made(error)),
        }
    }

    /// What digests of keys are made with.
    #[must_use]
    pub fn peppers(&self) -> Peppers {
        let by_version = self.peppers.iter().map(|(version, bytes)| (*version, Pepper::new(bytes))).collect();
        Peppers::new(by_version).expect("a keyring without peppers is not read")
    }

    /// What session tokens are signed with: 64 random bytes.
    #[must_use]
    pub fn jwt_key(&self) -> &[u8] {
        self.jwt_key.as_slice()
    }

    /// Reads the keyring, where there is one.
    ///
    /// # Errors
    /// [`KeyringError`] where there is something that cannot be read.
    pub fn open(path: &Path) -> Result<Option<Self>, KeyringError> {
        file::read(path)
    }

    /// Keeps others from replacing the keyring of this file, where there is one, until what it returns is dropped.
    ///
    /// # Errors
    /// [`KeyringError`] where there is something that cannot be opened.
    pub fn lock(path: &Path) -> Result<Option<std::fs::File>, KeyringError> {
        match file::lock(path) {
            Err(KeyringError::Absent(_)) => Ok(None),
            locked => locked.map(Some),
        }
    }

    /// Adds a pepper to the keyring of this file, to be used for new keys from the next start of the server on. Returns its version.
    ///
    /// # Errors
    /// [`KeyringError`]; the file is as it was before.
    pub fn rotate(path: &Path) -> Result<PepperVersion, KeyringError> {
        let _lock = file::lock(path)?;
        let mut keyring = file::read(path)?.ok_or_else(|| KeyringError::Absent(path.to_owned()))?;
        let version = keyring.peppers.last_key_value().map_or(1, |(newest, _)| newest + 1);
        let not_made = |error| KeyringError::NotMade { path: path.to_owned(), error };
        keyring.peppers.insert(version, random().map_err(not_made)?);
        file::replace(path, &keyring).map_err(not_made)?;
        Ok(version)
    }

    /// The peppers in the form of a keyring's file, without the key of sessions.
    #[must_use]
    pub fn export_peppers(&self) -> Zeroizing<Vec<u8>> {
        file::write_peppers(&self.peppers)
    }

    /// A keyring of exported peppers, of the peppers of `other` under versions that those lack, and of a new key of sessions, so that all
    /// sessions end.
    ///
    /// # Errors
    /// [`KeyringError::Malformed`] where the text is no export; [`KeyringError::NotMade`] where the system gives no random bytes.
    pub fn restored(path: &Path, peppers: &[u8], other: Option<Self>) -> Result<Self, KeyringError> {
        let malformed = |problem| KeyringError::Malformed { path: path.to_owned(), problem };
        let mut all = other.map(|other| other.peppers).unwrap_or_default();
        all.extend(file::read_peppers(peppers).map_err(malformed)?);
        let jwt_key = random().map_err(|error| KeyringError::NotMade { path: path.to_owned(), error })?;
        Ok(Self { peppers: all, jwt_key })
    }

    /// Writes the keyring in the place of whatever is there.
    ///
    /// # Errors
    /// [`KeyringError::NotMade`]; what was there stays.
    pub fn replace(&self, path: &Path) -> Result<(), KeyringError> {
        file::replace(path, self).map_err(|error| KeyringError::NotMade { path: path.to_owned(), error })
    }

    fn generate() -> std::io::Result<Self> {
        Ok(Self { peppers: BTreeMap::from([(1, random()?)]), jwt_key: random()? })
    }
}

fn random<const N: usize>() -> std::io::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
