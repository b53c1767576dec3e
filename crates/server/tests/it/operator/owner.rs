//! Whose the files of the data directory are, and what others than their owner can do with them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::support::PASSWORD;
use crate::support::command::Run;

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
