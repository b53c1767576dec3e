//! Files of the data directory: for their owner only, who is the owner of the directory.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file to be written, which is for its owner only where it is made. An operator who works as root takes nothing away from the user
/// that the server runs as: the file belongs to the owner of its directory, as far as the system lets this process give it away.
#[cfg(unix)]
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};

    let file = options.write(true).mode(0o600).open(path)?;
    let directory = std::fs::metadata(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    let found = file.metadata()?;
    if (found.uid(), found.gid()) != (directory.uid(), directory.gid()) {
        // Where it is refused, this user is not root, and the server runs as it.
        let _ = fchown(&file, Some(directory.uid()), Some(directory.gid()));
    }
    Ok(file)
}

/// Elsewhere files belong to whoever the directory says.
#[cfg(not(unix))]
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.write(true).open(path)
}

/// Takes from all but the owner what they may do with a file.
#[cfg(unix)]
pub(super) fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 == 0 {
        return Ok(());
    }
    permissions.set_mode(0o600);
    file.set_permissions(permissions)
}

/// Elsewhere there are no such bits.
#[cfg(not(unix))]
pub(super) fn close_to_others(_: &File) -> io::Result<()> {
    Ok(())
}
