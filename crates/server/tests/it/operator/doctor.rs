//! `keybearer doctor`: on a healthy installation, and on broken ones.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::child::Program;
use crate::support::command::Run;

/// An installation with an administrator and a key, stopped.
async fn installation() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let admin = running.admin().await;
    running.post("/v1/keys", &admin, json!({"name": "a key", "level": 1})).await.expect(201);
    assert!(running.stop().await.status.success());
    dir
}

/// What the doctor says of each thing: `(health, words)`.
#[track_caller]
fn examine(dir: &Path) -> impl Fn(&str) -> (String, String) {
    let done = Run::on(dir, ["doctor", "--json"]).done();
    let found: Vec<Value> = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    let broken = found.iter().any(|finding| finding["health"] == "broken");
    assert_eq!(done.code, if broken { 9 } else { 0 }, "{done:?}");
    move |what| {
        let finding = found.iter().find(|finding| finding["what"] == what).unwrap_or_else(|| panic!("{what}: {found:?}"));
        (finding["health"].as_str().unwrap().to_owned(), finding["told"].as_str().unwrap().to_owned())
    }
}

#[track_caller]
fn assert_broken(dir: &Path, what: &str, words: &[&str]) {
    let (health, told) = examine(dir)(what);
    assert_eq!(health, "broken", "{what}: {told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is not in: {told}");
    }
}

#[tokio::test]
async fn a_healthy_installation_is_told_so_while_it_runs_and_is_not_changed() {
    let dir = installation().await;
    for table in [false, true] {
        let running = Program::on(dir.path()).start().await;
        if table {
            let out = Run::on(dir.path(), ["doctor"]).good();
            assert!(out.lines().all(|line| line.starts_with("good")), "{out}");
            for what in [
                "address",
                "90 days (keys.retention)",
                "365 days (events.payload_retention)",
                "data directory",
                "free space",
                "keyring",
                "database",
                "clock",
                "administrator",
                "peppers",
            ] {
                assert!(out.contains(what), "{what}: {out}");
            }
        } else {
            let told = examine(dir.path());
            assert!(told("database").1.contains("1 keys, 1 accounts"), "{:?}", told("database"));
        }
        assert!(running.stop().await.status.success());
    }
}

#[tokio::test]
async fn a_keyring_that_is_gone_or_open_or_another_is_found() {
    let dir = installation().await;
    let keyring = dir.path().join("keyring.json");
    let kept = fs::read(&keyring).unwrap();

    fs::set_permissions(&keyring, Permissions::from_mode(0o644)).unwrap();
    assert_broken(dir.path(), "keyring", &["0644", "chmod 600"]);
    fs::remove_file(&keyring).unwrap();
    assert_broken(dir.path(), "keyring", &["backup"]);
    fs::write(&keyring, "{}").unwrap();
    fs::set_permissions(&keyring, Permissions::from_mode(0o600)).unwrap();
    assert_broken(dir.path(), "keyring", &["damaged"]);
    fs::write(&keyring, kept).unwrap();

    let other = installation().await;
    fs::copy(other.path().join("keyring.json"), &keyring).unwrap();
    assert_broken(dir.path(), "peppers", &["pepper 1", "not the one"]);
}

#[tokio::test]
async fn a_damaged_database_is_found() {
    let dir = installation().await;
    let database = dir.path().join("keybearer.db");
    let mut bytes = fs::read(&database).unwrap();
    // All pages but the first: the header stays readable.
    bytes[4_096..].fill(0x55);
    fs::write(&database, &bytes).unwrap();
    assert_broken(dir.path(), "database", &["restore"]);
    fs::write(&database, "no database").unwrap();
    assert_broken(dir.path(), "database", &["restore"]);
    fs::remove_file(&database).unwrap();
    assert_broken(dir.path(), "database", &["not there"]);
}

#[tokio::test]
async fn an_installation_without_administrator_is_found() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Program::on(dir.path()).start().await.stop().await.status.success());
    assert_broken(dir.path(), "administrator", &["keybearer admin create"]);
}

#[test]
fn a_data_directory_that_is_not_there_or_open_is_found() {
    let dir = tempfile::tempdir().unwrap();
    assert_broken(&dir.path().join("nowhere"), "data directory", &["--data-dir"]);
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(examine(dir.path())("data directory").0, "doubtful");
}

#[tokio::test]
async fn a_clock_that_went_backwards_is_found() {
    use keybearer_core::key::DAY;
    use keybearer_core::time::UnixMillis;

    let dir = installation().await;
    let config = keybearer::config::Config::for_data_dir(dir.path());
    let year_2000 = UnixMillis(10_957 * DAY);
    let found = keybearer::doctor::examine(&config, year_2000).await;
    let clock = found.iter().find(|finding| finding.what == "clock").unwrap();
    assert_eq!(clock.health, keybearer::doctor::Health::Broken);
    assert!(clock.told.contains("2000-01-01"), "{}", clock.told);
}

#[test]
fn settings_that_cannot_be_used_are_told_first() {
    let dir = tempfile::tempdir().unwrap();
    Run::on(dir.path(), ["doctor", "--listen", "0.0.0.0:5000"]).refused(2, &["plain_http"]);
}

#[tokio::test]
async fn issuers_whose_keys_cannot_be_had_are_found() {
    let dir = installation().await;
    let examine = |issuers: Value| {
        let done = Run::on(dir.path(), ["doctor", "--json"]).env("KEYBEARER_ISSUERS", &issuers.to_string()).done();
        let found: Vec<Value> = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}"));
        let issuers = found.into_iter().filter(|finding| finding["what"] == "issuer");
        (done.code, issuers.map(|finding| (finding["health"].clone(), finding["told"].to_string())).collect::<Vec<_>>())
    };
    let issuer = |name: &str, at: &str, keys: &str| json!({"issuer": name, "audience": "keys", at: keys});
    let (code, told) = examine(json!([issuer("a", "shared_secret", "canary-canary-canary-canary-canary")]));
    assert_eq!((code, &told[0].0), (0, &json!("good")), "{told:?}");
    assert!(told[0].1.contains("a: 1 key at hand") && !told[0].1.contains("canary"), "{told:?}");
    let (code, told) = examine(json!([issuer("a", "jwks_file", "/nowhere/jwks.json"), issuer("b", "jwks_url", "http://127.0.0.1:1/")]));
    assert_eq!((code, &told[0].0, &told[1].0), (9, &json!("broken"), &json!("broken")));
    assert!(
        told[0].1.contains("a: /nowhere/jwks.json cannot be read") && told[1].1.contains("b: http://127.0.0.1:1/ cannot be read"),
        "{told:?}"
    );
}
