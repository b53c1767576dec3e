//! Files of the data directory: for their owner only.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a file to be written, which is for its owner only where it is made.
#[cfg(unix)]
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    options.write(true).mode(0o600).open(path)
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
