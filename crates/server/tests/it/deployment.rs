//! The files by which Keybearer is deployed: the unit of systemd, the image, and the container.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keybearer::config::SETTINGS;

use crate::support::command::PROGRAM;

/// Ten times the most exposure that the unit may have by the judgement of `systemd-analyze`, which goes from 0 to 10.
const EXPOSURE: &str = "--threshold=15";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn systemd_analyze(words: &[&str], unit: &Path) -> Output {
    Command::new("systemd-analyze").args(words).arg(unit).output().expect("systemd-analyze of the Debian package systemd")
}

#[test]
fn systemd_understands_the_unit_and_finds_little_that_it_exposes() {
    let dir = tempfile::tempdir().unwrap();
    let unit = dir.path().join("keybearer.service");
    // It wants the program to be there.
    fs::write(&unit, read("deploy/keybearer.service").replace("/usr/local/bin/keybearer", PROGRAM)).unwrap();
    let verified = systemd_analyze(&["verify"], &unit);
    let said = String::from_utf8_lossy(&verified.stderr);
    // Of other units on this machine it may complain as it likes.
    assert!(verified.status.success() && !said.contains("keybearer"), "{said}");
    let judged = systemd_analyze(&["security", "--offline=true", "--no-pager", EXPOSURE], &unit);
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}

#[test]
fn the_image_is_built_by_the_toolchain_of_the_workspace() {
    let toolchain = read("rust-toolchain.toml");
    let (_, rest) = toolchain.split_once("channel = \"").unwrap();
    let (version, _) = rest.split_once(".0\"").expect("a version of three numbers");
    let line = format!("FROM docker.io/library/rust:{version}-alpine AS build\n");
    assert!(read("Dockerfile").contains(&line), "the Dockerfile does not build by {version}");
}

#[test]
fn each_setting_that_is_named_is_one() {
    for file in ["Dockerfile", "compose.yaml", "deploy/keybearer.service", "docs/deployment.md", "docs/proxies.md"] {
        let text = read(file);
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.starts_with("KEYBEARER_"));
        let mut named = 0;
        for word in words {
            let setting = word.strip_prefix("KEYBEARER_").unwrap();
            let setting = setting.strip_suffix("_FILE").unwrap_or(setting);
            // Those two are of the command line.
            let known =
                ["URL", "TOKEN"].contains(&setting) || SETTINGS.iter().any(|one| one.name.replace('.', "_").eq_ignore_ascii_case(setting));
            assert!(known, "{file} names {word}");
            named += 1;
        }
        assert!(named > 0 || file == "docs/proxies.md", "{file} names none");
    }
}
