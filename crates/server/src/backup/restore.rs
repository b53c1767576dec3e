//! `keybearer restore`.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use keybearer_core::time::UnixMillis;
use keybearer_store::{CarriedOver, DataDirLock, Replaced};
use tempfile::NamedTempFile;

use super::BackupError;
use super::archive;
use super::manifest::Manifest;
use crate::config::Config;
use crate::files;
use crate::keyring::Keyring;

/// Why a backup is not restored: it would bring back what was revoked after it was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// When the backup was made, RFC 3339.
    pub made: String,
    /// Why the store that it would replace cannot tell what was revoked since.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "nobody can tell what was revoked since the backup was made, at {}: {}. Whatever was revoked or lowered after that moment would be \
             good again. If the old data can be had, put it into data_dir; otherwise accept the loss by --accept-lost-revocations",
            self.made, self.reason
        )
    }
}

/// What a restoration did.
pub struct Restored {
    /// When the backup was made, RFC 3339.
    pub made: String,
    /// Keys, accounts and policies of the backup.
    pub keys: u64,
    /// Accounts of the backup.
    pub accounts: u64,
    /// Policies of the backup.
    pub policies: u64,
    /// What was taken over from the store that was there; `None` where that could not be read, and its loss was accepted.
    pub carried: Option<CarriedOver>,
    /// Where the files are that were there before.
    pub aside: Vec<PathBuf>,
}

/// Puts a backup in the place of what is in the data directory, whose lock it takes. What was there before is kept aside.
///
/// # Errors
/// [`BackupError`]; what was there before is still in its place.
pub fn restore(config: &Config, now: UnixMillis, from: &Path, accept_lost_revocations: bool) -> Result<Restored, BackupError> {
    let lock = DataDirLock::take(&config.data_dir)?;
    let database = config.database_path();
    let damaged = |problem| BackupError::Damaged { path: from.to_owned(), problem };

    let backup = File::open(from).map_err(BackupError::file(from))?;
    let copy = NamedTempFile::with_prefix_in(".keybearer-restore-", &config.data_dir).map_err(BackupError::file(&config.data_dir))?;
    let mut writer = BufWriter::new(copy.as_file());
    let small = archive::read(BufReader::new(backup), &mut writer).map_err(damaged)?;
    writer.flush().map_err(BackupError::file(copy.path()))?;
    drop(writer);
    let manifest = Manifest::parse(&small.manifest).map_err(damaged)?;

    let (replaced, why_not) = match replaced(&database, &manifest) {
        Ok(replaced) => (Some(replaced), None),
        Err(why) => (None, Some(why)),
    };
    if let Some(reason) = why_not.filter(|_| !accept_lost_revocations) {
        return Err(BackupError::Refused(Refusal { made: manifest.made(), reason }));
    }

    // A keyring that cannot be read is put aside as it is.
    let keyring_path = config.keyring_path();
    let keyring = Keyring::restored(&keyring_path, &small.peppers, Keyring::open(&keyring_path).ok().flatten())?;
    let peppers = keyring.peppers();
    if let Some(version) = manifest.unproved(&peppers) {
        return Err(damaged(format!("keys that were made with pepper {version} would not verify")));
    }
    let carried = keybearer_store::prepare_restored_sqlite(copy.path(), replaced.as_ref(), &peppers.fingerprints(), &config.roles, now)?;
    copy.as_file().sync_all().map_err(BackupError::file(copy.path()))?;
    files::give_to_owner_of(&database, copy.path()).map_err(BackupError::file(copy.path()))?;

    let aside = put_in_place(&database, copy, &keyring_path, &keyring, now)?;
    drop(lock);
    Ok(Restored {
        made: manifest.made(),
        keys: manifest.keys,
        accounts: manifest.accounts,
        policies: manifest.policies,
        carried: replaced.map(|_| carried),
        aside,
    })
}

/// The store that is to be replaced, or why it tells nothing of what was revoked since.
fn replaced(database: &Path, manifest: &Manifest) -> Result<Replaced, String> {
    let replaced = keybearer_store::read_replaced_sqlite(database).map_err(|error| error.to_string())?;
    if replaced.installation != manifest.installation {
        return Err(format!("{} belongs to another installation than the backup", database.display()));
    }
    Ok(replaced)
}

/// Swaps the files, in an order in which a loss of power leaves a keyring that has all peppers of whichever database is there.
fn put_in_place(
    database: &Path,
    copy: NamedTempFile,
    keyring_path: &Path,
    keyring: &Keyring,
    now: UnixMillis,
) -> Result<Vec<PathBuf>, BackupError> {
    let mut kept = Vec::new();
    let mut keep = |path: &Path, by: fn(&Path, &Path) -> std::io::Result<()>| -> Result<(), BackupError> {
        if !path.exists() {
            return Ok(());
        }
        let aside = aside(path, now);
        by(path, &aside).map_err(BackupError::file(&aside))?;
        kept.push(aside);
        Ok(())
    };
    keep(keyring_path, private_copy)?;
    keyring.replace(keyring_path)?;
    // A database that could be read has nothing in these by now. One that could not be read must not leave them to the next.
    for suffix in ["-wal", "-shm"] {
        let mut beside = database.as_os_str().to_owned();
        beside.push(suffix);
        keep(Path::new(&beside), |from, to| std::fs::rename(from, to))?;
    }
    // A second name instead of a new one: at no moment there is no database, which the next start would take for a new installation.
    keep(database, |from, to| std::fs::hard_link(from, to).or_else(|_| private_copy(from, to)))?;
    copy.persist(database).map_err(|error| BackupError::file(database)(error.error))?;
    files::sync_directory_of(database).map_err(BackupError::file(database))?;
    Ok(kept)
}

fn private_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    // Copies the permissions too, and the file was private before.
    std::fs::copy(from, to).and_then(|_| files::give_to_owner_of(from, to))
}

fn aside(path: &Path, now: UnixMillis) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".replaced-{}", now.0));
    name.into()
}
