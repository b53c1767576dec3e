//! The keyring on disk: `{"peppers": {"1": <32 bytes>}, "jwt_key": <64 bytes>}`, the bytes in base64, readable for its owner only.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keybearer_core::token::PepperVersion;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Keyring, KeyringError};
use crate::files;

/// The texts are borrowed from the file's, which is wiped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow)]
    peppers: BTreeMap<PepperVersion, &'a str>,
    jwt_key: &'a str,
}

/// The part of a keyring that a backup has.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeppersAlone<'a> {
    #[serde(borrow)]
    peppers: BTreeMap<PepperVersion, &'a str>,
}

type PepperBytes = BTreeMap<PepperVersion, Zeroizing<[u8; 32]>>;

/// Thousands of peppers fit into less.
const LONGEST: usize = 1 << 20;

/// The keyring of a file; `None` where there is nothing of that name at all.
pub(super) fn read(path: &Path) -> Result<Option<Keyring>, KeyringError> {
    let unreadable = |error| KeyringError::Unreadable { path: path.to_owned(), error };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => match path.symlink_metadata() {
            Err(_) => return Ok(None),
            // A link that leads nowhere is a keyring on a disk that is not there.
            Ok(metadata) if metadata.is_symlink() => return Err(unreadable(error)),
            // Another process has just made it.
            Ok(_) => File::open(path).map_err(unreadable)?,
        },
        Err(error) => return Err(unreadable(error)),
    };
    refuse_open_to_others(&file, path)?;

    let size = file.metadata().map_err(unreadable)?.len();
    let malformed = |problem: String| KeyringError::Malformed { path: path.to_owned(), problem };
    let Some(size) = usize::try_from(size).ok().filter(|size| *size <= LONGEST) else {
        return Err(malformed("it is too long".to_owned()));
    };
    // One allocation, so that no copy is left behind unwiped.
    let mut text = Zeroizing::new(Vec::with_capacity(size + 1));
    (&mut file).take(LONGEST as u64).read_to_end(&mut text).map_err(unreadable)?;
    parse(&text).map(Some).map_err(malformed)
}

fn parse(text: &[u8]) -> Result<Keyring, String> {
    // The parser's own words might quote a secret.
    let document: Document = serde_json::from_slice(text)
        .map_err(|error| format!("it is not a keyring from line {}, column {} on", error.line(), error.column()))?;
    let peppers = decode(document.peppers)?;
    let jwt_key = bytes(document.jwt_key).ok_or("jwt_key is not 64 bytes in base64")?;
    Ok(Keyring { peppers, jwt_key })
}

fn decode(texts: BTreeMap<PepperVersion, &str>) -> Result<PepperBytes, String> {
    if texts.is_empty() {
        return Err("it has no pepper".to_owned());
    }
    let each = |(version, text)| Ok((version, bytes(text).ok_or_else(|| format!("pepper {version} is not 32 bytes in base64"))?));
    texts.into_iter().map(each).collect()
}

fn encode(peppers: &PepperBytes) -> BTreeMap<PepperVersion, Zeroizing<String>> {
    peppers.iter().map(|(version, bytes)| (*version, Zeroizing::new(STANDARD.encode(bytes.as_slice())))).collect()
}

/// What [`write_peppers`] wrote.
pub(super) fn read_peppers(text: &[u8]) -> Result<PepperBytes, String> {
    let document: PeppersAlone = serde_json::from_slice(text)
        .map_err(|error| format!("it holds no peppers from line {}, column {} on", error.line(), error.column()))?;
    decode(document.peppers)
}

pub(super) fn write_peppers(peppers: &PepperBytes) -> Zeroizing<Vec<u8>> {
    let encoded = encode(peppers);
    let document = PeppersAlone { peppers: encoded.iter().map(|(version, text)| (*version, text.as_str())).collect() };
    let mut text = Zeroizing::new(Vec::with_capacity(256 + 64 * peppers.len()));
    serde_json::to_writer_pretty(&mut *text, &document).expect("text under numbers is JSON");
    text.push(b'\n');
    text
}

fn bytes<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let decoded = Zeroizing::new(STANDARD.decode(text).ok()?);
    decoded.as_slice().try_into().ok().map(Zeroizing::new)
}

/// Writes the file whole or not at all: under another name first, and under its own when it is on the disk.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where there is one by now; it stays as it is.
pub(super) fn write(path: &Path, keyring: &Keyring) -> std::io::Result<()> {
    let text = render(keyring)?;
    let temporary = temporary(path)?;
    let written = write_private(&temporary, &text).and_then(|()| {
        // Where the system refuses, this user is not root, and the server runs as it.
        let _ = files::give_to_owner_of(path, &temporary);
        give_name(&temporary, path)
    });
    // What is left would be harmless; the first error is the one to tell.
    let _ = std::fs::remove_file(&temporary);
    written?;
    files::sync_directory_of(path)
}

/// As [`write`], in the place of what is there.
pub(super) fn replace(path: &Path, keyring: &Keyring) -> std::io::Result<()> {
    let text = render(keyring)?;
    // What a link leads to is replaced, not the link.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = temporary(path)?;
    let written = write_private(&temporary, &text)
        .and_then(|()| files::give_to_owner_of(path, &temporary))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written?;
    files::sync_directory_of(path)
}

/// Keeps others from replacing the keyring at the same time, until dropped.
pub(super) fn lock(path: &Path) -> Result<File, KeyringError> {
    loop {
        let unreadable = |error| KeyringError::Unreadable { path: path.to_owned(), error };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(KeyringError::Absent(path.to_owned())),
            Err(error) => return Err(unreadable(error)),
        };
        file.lock().map_err(unreadable)?;
        // Whoever had the lock before has put another file in this one's place.
        if is_still(&file, path).map_err(unreadable)? {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let (held, found) = (file.metadata()?, std::fs::metadata(path)?);
    Ok((held.dev(), held.ino()) == (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

fn render(keyring: &Keyring) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let jwt_key = Zeroizing::new(STANDARD.encode(keyring.jwt_key.as_slice()));
    let peppers = encode(&keyring.peppers);
    let document = Document { peppers: peppers.iter().map(|(version, text)| (*version, text.as_str())).collect(), jwt_key: &jwt_key };
    let mut text = Zeroizing::new(Vec::with_capacity(256 + 64 * peppers.len()));
    serde_json::to_writer_pretty(&mut *text, &document)?;
    text.push(b'\n');
    Ok(text)
}

/// Gives the file its own name, which a rename would take away from another one.
fn give_name(temporary: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(temporary, path) {
        // Not every file system has links.
        Err(error) if error.kind() != ErrorKind::AlreadyExists && !path.exists() => std::fs::rename(temporary, path),
        linked => linked,
    }
}

fn temporary(path: &Path) -> std::io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(ErrorKind::InvalidFilename)?.to_owned();
    name.push(format!(".{:016x}.new", getrandom::u64()?));
    Ok(path.with_file_name(name))
}

fn write_private(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_open_to_others(file: &File, path: &Path) -> Result<(), KeyringError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata().map_err(|error| KeyringError::Unreadable { path: path.to_owned(), error })?;
    match metadata.permissions().mode() & 0o7777 {
        mode if mode & 0o077 == 0 => Ok(()),
        mode => Err(KeyringError::TooOpen { path: path.to_owned(), mode }),
    }
}

#[cfg(not(unix))]
fn refuse_open_to_others(_: &File, _: &Path) -> Result<(), KeyringError> {
    Ok(())
}
