//! A disk of its own for a test that fills it.

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

/// Where the disk is, in the process that has it.
const PLACE: &str = "KEYBEARER_SMALL_DISK";

/// The ways to a mount that nobody else sees: as root, and as anybody else.
const WAYS: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];

/// A disk that is gone with this process, however it ends.
pub(crate) struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// The disk, if this process has one. Else runs the test of this name in a process that has: the disk is mounted in a namespace of that
    /// process, where it also is the place for temporary files.
    pub(crate) fn own_or_rerun(test: &str, megabytes: u32) -> Option<Self> {
        if let Some(place) = env::var_os(PLACE) {
            return Some(Self { place: place.into() });
        }
        let place = tempfile::tempdir().unwrap();
        let mount = format!("mount -t tmpfs -o size={megabytes}m,mode=700 keybearer-test \"$0\"");
        let unshare = |way: &[&str], then: &str| {
            let mut command = Command::new("unshare");
            command.args(way).args(["--", "sh", "-c", &format!("{mount} {then}")]).arg(place.path());
            command
        };
        let tried = WAYS.map(|way| unshare(way, "").output().expect("unshare (Debian package util-linux) is installed"));
        let way = tried.iter().position(|output| output.status.success());
        let reasons = tried.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
        let way = WAYS[way.unwrap_or_else(|| {
            panic!(
                "{test} mounts a small tmpfs. Run it as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, \
                 kernel.apparmor_restrict_unprivileged_userns=0): {reasons:?}"
            )
        })];
        let mut again = unshare(way, "&& exec \"$@\"");
        again.arg(env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
        let ended = again.env(PLACE, place.path()).env("TMPDIR", place.path()).output().unwrap();
        let (out, errors) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success() && out.contains("1 passed"), "on the small disk, {}:\n{out}\n{errors}", ended.status);
        print!("{out}");
        None
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }

    /// Fills it to the last byte but `left`.
    pub(crate) fn fill(&self, left: usize) {
        let mut filler = File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            let block = vec![0; size];
            loop {
                match filler.write(&block) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        let size = filler.metadata().unwrap().len();
        filler.set_len(size.saturating_sub(u64::try_from(left).unwrap())).unwrap();
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}
