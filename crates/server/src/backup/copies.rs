//! The copies of a database that `backup` and `restore` have on the disk while they work. Each removes its own when it ends by itself; this is
//! for when it does not.

use std::path::{Path, PathBuf};

use keybearer_store::DataDirLock;

/// How the names of a backup's copies begin, which stand beside the file that is to be made.
pub(super) const BACKUP: &str = ".keybearer-backup-";

/// The copies in a directory, whether a command works on them or has ended without removing them.
///
/// # Errors
/// Where the directory cannot be listed.
pub fn copies_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| is_copy(path)).collect())
}

fn is_copy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    [BACKUP, DataDirLock::RESTORING].iter().any(|prefix| name.starts_with(prefix.as_bytes()))
}

/// Removes the copies that this process has open, and what SQLite has beside them, because the process is about to end.
#[cfg(target_os = "linux")]
pub fn remove_own_copies() {
    // By what is open and not by the names alone: another process may be making a backup in the same directory.
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    for path in open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).filter(|path| is_copy(path)) {
        drop(std::fs::remove_file(path));
    }
}

/// Elsewhere a copy of a restoration goes with the next start; `doctor` names it until then.
#[cfg(not(target_os = "linux"))]
pub fn remove_own_copies() {}
