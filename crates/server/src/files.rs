//! What the standard library leaves to be done with files that must not be lost or read by others.

use std::fs::File;
use std::path::Path;

/// Makes a new name in the directory of `path` survive a loss of power.
///
/// # Errors
/// Where the directory cannot be opened or written.
#[cfg(unix)]
pub fn sync_directory_of(path: &Path) -> std::io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

/// Elsewhere the file system sees to it.
#[cfg(not(unix))]
pub fn sync_directory_of(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Gives `file` to the owner of `model`, or where that is not there, to the owner of its directory: an operator who works as root must not
/// take a file away from the user that the server runs as.
///
/// # Errors
/// Where the owner differs and cannot be changed.
#[cfg(unix)]
pub fn give_to_owner_of(model: &Path, file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let wanted = std::fs::metadata(model).or_else(|_| std::fs::metadata(directory_of(model)))?;
    let found = std::fs::metadata(file)?;
    if (wanted.uid(), wanted.gid()) == (found.uid(), found.gid()) {
        return Ok(());
    }
    std::os::unix::fs::chown(file, Some(wanted.uid()), Some(wanted.gid()))
}

/// Elsewhere files belong to whoever the directory says.
#[cfg(not(unix))]
pub fn give_to_owner_of(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The directory that a file is in.
#[must_use]
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The permission bits of a file that others than its owner may use.
#[cfg(unix)]
#[must_use]
pub fn open_to_others(metadata: &std::fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere there are no such bits.
#[cfg(not(unix))]
#[must_use]
pub fn open_to_others(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Whether this user can list, enter and change the directory.
///
/// # Errors
/// Where one of these is refused.
#[cfg(unix)]
pub fn may_use_directory(directory: &Path) -> std::io::Result<()> {
    use rustix::fs::Access;

    Ok(rustix::fs::access(directory, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Elsewhere it shows when it is used.
#[cfg(not(unix))]
pub fn may_use_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// How many bytes may still be written to the file system of this directory, where it can tell.
#[cfg(unix)]
#[must_use]
pub fn free_space(directory: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(directory).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Elsewhere nobody is asked.
#[cfg(not(unix))]
#[must_use]
pub fn free_space(_: &Path) -> Option<u64> {
    None
}
