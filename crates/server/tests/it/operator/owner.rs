//! Whose the files of the data directory are, and what others than their owner can do with them.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::PASSWORD;
use crate::support::command::{PROGRAM, Run};

/// The user that the server runs as, where root works on its files.
const SERVICE: u32 = 54_321;

/// A data directory of the service's user, and a copy of the program that every user can reach.
///
/// The folder for temporary files and that of the build may both be closed to others than root.
struct Installation {
    dir: TempDir,
}

impl Installation {
    /// Nothing where this process may not give files away.
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("only root can work on the files of another user");
            return None;
        }
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
        let installation = Self { dir };
        // By another process: a child that one of the other tests forks meanwhile would hold the file open, and nobody could run it.
        assert!(Command::new("cp").arg(PROGRAM).arg(installation.program()).status().unwrap().success());
        fs::set_permissions(installation.program(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(installation.data()).unwrap();
        fs::set_permissions(installation.data(), Permissions::from_mode(0o700)).unwrap();
        chown(installation.data(), Some(SERVICE), Some(SERVICE)).unwrap();
        Some(installation)
    }

    fn program(&self) -> PathBuf {
        self.dir.path().join("keybearer")
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A folder in which everybody may make files.
    fn open_folder(&self) -> PathBuf {
        let folder = self.dir.path().join("open");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        folder
    }

    fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::program(&self.program(), args).env("KEYBEARER_DATA_DIR", self.data().to_str().unwrap())
    }
}

#[track_caller]
fn assert_all_belong_to_the_service(dir: &Path) {
    let files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() >= 3, "lock, keyring and database: {files:?}");
    for file in files {
        let metadata = file.metadata().unwrap();
        assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o777), (SERVICE, SERVICE, 0o600), "{file:?}");
    }
}

#[test]
fn what_root_makes_in_the_data_directory_belongs_to_its_owner() {
    let Some(service) = Installation::new() else { return };
    let create = |name: &str| service.run(["admin", "create", name]).stdin(PASSWORD);
    create("ada").good();
    assert_all_belong_to_the_service(&service.data());
    create("grace").user(SERVICE).good();

    let elsewhere = tempfile::tempdir().unwrap();
    let backup = elsewhere.path().join("backup.tar");
    service.run(["backup", backup.to_str().unwrap()]).good();
    let Some(other) = Installation::new() else { return };
    other.run(["restore", backup.to_str().unwrap(), "--accept-lost-revocations"]).good();
    assert_all_belong_to_the_service(&other.data());
    other.run(["admin", "create", "joan"]).stdin(PASSWORD).user(SERVICE).good();
}

#[test]
fn the_lock_file_is_for_its_owner_only_even_where_it_was_open_before() {
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("keybearer.lock");
    let mode = || fs::metadata(&lock).unwrap().mode() & 0o7777;
    Run::on(dir.path(), ["admin", "create", "ada"]).stdin(PASSWORD).good();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&lock, Permissions::from_mode(0o644)).unwrap();
    Run::on(dir.path(), ["admin", "create", "grace"]).stdin(PASSWORD).good();
    assert_eq!(mode(), 0o600);
}

#[test]
fn who_holds_the_lock_and_which_file_it_is_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keybearer.lock");
    let lock = File::create(&path).unwrap();
    lock.lock().unwrap();
    let create = || Run::on(dir.path(), ["admin", "create", "ada"]).stdin(PASSWORD);
    create().refused(1, &["another Keybearer process", "keybearer.lock"]);
    drop(lock);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    create().refused(1, &["keybearer.lock"]);
}

#[test]
fn what_this_user_cannot_read_is_not_called_absent() {
    let Some(service) = Installation::new() else { return };
    service.run(["admin", "create", "ada"]).stdin(PASSWORD).good();
    let stranger = |command: &[&str]| service.run(command).user(SERVICE + 1).done();
    let done = stranger(&["doctor"]);
    assert_eq!(done.code, 9, "{done:?}");
    assert!(done.out.contains("ermission denied") && !done.out.contains("is not there"), "{}", done.out);
    let line = done.out.lines().find(|line| line.contains("data directory")).unwrap();
    assert!(line.starts_with("broken"), "{line}");

    let done = stranger(&["backup", service.open_folder().join("backup.tar").to_str().unwrap()]);
    assert!(done.code == 1 && done.errors.contains("ermission denied"), "{done:?}");

    // It can be read, but nothing can be made in it.
    let sealed = service.run(["doctor"]).user(SERVICE);
    assert_eq!(sealed.done().code, 0);
    fs::set_permissions(service.data(), Permissions::from_mode(0o500)).unwrap();
    let done = service.run(["doctor"]).user(SERVICE).done();
    let line = done.out.lines().find(|line| line.contains("data directory")).unwrap();
    assert!(done.code == 9 && line.starts_with("broken") && line.contains("write"), "{}", done.out);
}
