//! `keybearer backup` and `restore` that end before they are done: no copy of the database is left behind for ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Child;
use tokio::time::timeout;

use crate::support::PASSWORD;
use crate::support::child::Program;
use crate::support::command::Run;

const BACKUP: &str = ".keybearer-backup-";
const RESTORE: &str = ".keybearer-restore-";

/// An installation, a backup of it, and beside them a pipe, for which whoever opens it has to wait.
fn installation() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (data, backup) = (dir.path().join("data"), dir.path().join("backup.tar"));
    Run::on(&data, ["admin", "create", "ada"]).stdin(PASSWORD).good();
    Run::on(&data, ["backup", backup.to_str().unwrap()]).good();
    assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(dir.path().join("pipe")).status().unwrap().success());
    (dir, data, backup)
}

/// The files of a folder whose names begin like this.
fn copies(folder: &Path, prefix: &str) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// A command that works on the data, and waits for its keyring once its copy is there.
async fn waiting(data: &Path, command: &str, file: &Path, folder: &Path, prefix: &str) -> Child {
    let pipe = data.with_file_name("pipe");
    let program = Program::on(data).env("KEYBEARER_KEYRING", pipe.to_str().unwrap()).arg(command, file.to_str().unwrap());
    let process = program.spawn();
    for _ in 0..3_000 {
        // Until it is whole, SQLite has a journal beside it.
        if let [copy] = &*copies(folder, prefix)
            && fs::metadata(folder.join(copy)).is_ok_and(|metadata| metadata.len() > 0)
        {
            return process;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it makes no copy: {:?}", copies(folder, prefix));
}

/// What a command tells that is told to stop.
async fn stop(process: Child, signal: Signal) -> String {
    Program::signal(&process, signal);
    let ended = timeout(Duration::from_secs(30), process.wait_with_output()).await.expect("it ends in time").unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(1), &b""[..]), "{told}");
    told
}

#[tokio::test]
async fn a_backup_that_is_told_to_stop_leaves_nothing() {
    let (dir, data, _) = installation();
    let target = dir.path().join("second.tar");
    for signal in [Signal::INT, Signal::TERM] {
        let process = waiting(&data, "backup", &target, dir.path(), BACKUP).await;
        let told = stop(process, signal).await;
        assert!(told.contains("signal"), "{told}");
        assert_eq!(copies(dir.path(), BACKUP), [""; 0]);
        assert!(!target.exists());
    }
}

#[tokio::test]
async fn a_restore_that_is_told_to_stop_leaves_what_was_there_alone() {
    let (_dir, data, backup) = installation();
    let before = fs::read(data.join("keybearer.db")).unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let process = waiting(&data, "restore", &backup, &data, RESTORE).await;
        let told = stop(process, signal).await;
        assert!(told.contains("signal"), "{told}");
        assert_eq!(copies(&data, RESTORE), [""; 0]);
        assert_eq!(fs::read(data.join("keybearer.db")).unwrap(), before);
    }
}

#[tokio::test]
async fn what_a_restore_leaves_that_is_killed_is_found_and_goes_with_the_next_start() {
    let (_dir, data, backup) = installation();
    for next in ["start", "restore"] {
        let mut process = waiting(&data, "restore", &backup, &data, RESTORE).await;
        process.kill().await.unwrap();
        let left = copies(&data, RESTORE);
        assert_eq!(left.len(), 1);
        let told = Run::on(&data, ["doctor"]).good();
        let line = told.lines().find(|line| line.contains(&left[0])).unwrap_or_else(|| panic!("{told}"));
        assert!(line.starts_with("doubtful"), "{line}");
        // SQLite may have had files beside it.
        fs::write(data.join(format!("{}-wal", left[0])), "").unwrap();
        if next == "start" {
            assert!(Program::on(&data).start().await.stop().await.status.success());
        } else {
            Run::on(&data, ["restore", backup.to_str().unwrap()]).good();
        }
        assert_eq!(copies(&data, RESTORE), [""; 0], "{next}");
    }
    assert!(!Run::on(&data, ["doctor"]).good().contains("doubtful"));
}
