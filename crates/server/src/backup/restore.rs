//! `keybearer restore`.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_store::{CarriedOver, DataDirLock, Replaced};
use tempfile::NamedTempFile;

use super::BackupError;
use super::archive;
use super::manifest::Manifest;
use crate::config::Config;
use crate::files;
use crate::keyring::{Keyring, KeyringError};

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
    /// Why the keyring that was there could not be read, if so: peppers that it got after the backup are only in the file that is kept aside.
    pub unread_keyring: Option<KeyringError>,
    /// Whether any account is an active administrator now.
    pub has_admin: bool,
}

/// Puts a backup in the place of what is in the data directory, whose lock it takes. What was there before is kept aside.
///
/// # Errors
/// [`BackupError`]; what was there before is still in its place.
pub fn restore(config: &Config, now: UnixMillis, from: &Path, accept_lost_revocations: bool) -> Result<Restored, BackupError> {
    let damaged = |problem| BackupError::Damaged { path: from.to_owned(), problem };
    BackupError::require_sqlite(config, || {
        "put a dump back by pg_restore or psql while the server is stopped. Whatever was revoked or lowered after the dump is then good again"
            .to_owned()
    })?;
    // First what needs no place to put it.
    let backup = File::open(from).map_err(BackupError::file(from))?;
    let lock = DataDirLock::take(&config.data_dir)?;
    // What a link leads to is replaced, not the link.
    let database = std::fs::canonicalize(config.database_path()).unwrap_or_else(|_| config.database_path());

    let directory = files::directory_of(&database);
    let copy = NamedTempFile::with_prefix_in(".keybearer-restore-", directory).map_err(BackupError::file(directory))?;
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

    let keyring_path = config.keyring_path();
    let keyring_lock = Keyring::lock(&keyring_path)?;
    let (there, unread_keyring) = match Keyring::open(&keyring_path) {
        Ok(keyring) => (keyring, None),
        Err(error) => (None, Some(error)),
    };
    let keyring = Keyring::restored(&keyring_path, &small.peppers, there)?;
    let peppers = keyring.peppers();
    if let Some(version) = manifest.unproved(&peppers) {
        return Err(damaged(format!("keys that were made with pepper {version} would not verify")));
    }
    let carried = keybearer_store::prepare_restored_sqlite(copy.path(), replaced.as_ref(), &peppers.fingerprints(), &config.roles, now)?;
    let contents = keybearer_store::sqlite_contents(copy.path())?;
    copy.as_file().sync_all().map_err(BackupError::file(copy.path()))?;
    files::give_to_owner_of(&database, copy.path()).map_err(BackupError::file(copy.path()))?;

    let mut swap = Swap { now, kept: Vec::new() };
    if let Err(error) = swap.run(&database, copy, &keyring_path, &keyring) {
        swap.undo();
        return Err(error);
    }
    files::sync_directory_of(&database).map_err(BackupError::file(directory))?;
    drop((keyring_lock, lock));
    Ok(Restored {
        made: manifest.made(),
        keys: contents.keys,
        accounts: contents.accounts,
        policies: contents.policies,
        carried: replaced.map(|_| carried),
        aside: swap.kept.into_iter().map(|(_, aside)| aside).collect(),
        unread_keyring,
        has_admin: contents.active_roles.iter().any(|role| config.roles.level(role) == Level::ALL),
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

/// The swap of the files, in an order in which a loss of power leaves a keyring that has all peppers of whichever database is there.
struct Swap {
    now: UnixMillis,
    /// What was there, and where it is kept.
    kept: Vec<(PathBuf, PathBuf)>,
}

impl Swap {
    fn run(&mut self, database: &Path, copy: NamedTempFile, keyring_path: &Path, keyring: &Keyring) -> Result<(), BackupError> {
        self.keep(keyring_path, private_copy)?;
        keyring.replace(keyring_path)?;
        // A second name instead of a new one: at no moment there is no database, which the next start would take for a new installation.
        self.keep(database, |from, to| std::fs::hard_link(from, to).or_else(|_| private_copy(from, to)))?;
        // A database that could be read has nothing in these by now. One that could not be read must not leave them to the next.
        for suffix in ["-wal", "-shm"] {
            let mut beside = database.as_os_str().to_owned();
            beside.push(suffix);
            self.keep(Path::new(&beside), |from, to| std::fs::rename(from, to))?;
        }
        copy.persist(database).map_err(|error| BackupError::file(database)(error.error))?;
        Ok(())
    }

    fn keep(&mut self, path: &Path, by: fn(&Path, &Path) -> std::io::Result<()>) -> Result<(), BackupError> {
        if !path.try_exists().map_err(BackupError::file(path))? {
            return Ok(());
        }
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".replaced-{}", self.now.0));
        let aside = PathBuf::from(aside);
        by(path, &aside).map_err(BackupError::file(&aside))?;
        self.kept.push((path.to_owned(), aside));
        Ok(())
    }

    /// Puts everything back. What fails even here stays aside, where the operator finds it.
    fn undo(&mut self) {
        for (path, aside) in self.kept.drain(..).rev() {
            let _ = std::fs::rename(&aside, path);
            // Two names of one file stay where they are.
            let _ = std::fs::remove_file(aside);
        }
    }
}

fn private_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    // Copies the permissions too, and the file was private before.
    std::fs::copy(from, to).and_then(|_| files::give_to_owner_of(from, to))
}
