//! `keybearer keyring`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::child::Program;
use crate::support::command::Run;
use crate::support::{Made, made};

#[tokio::test]
async fn a_new_pepper_is_for_new_keys_and_old_ones_stay_good() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let admin = running.admin().await;
    let old: Made = made(&running.post("/v1/keys", &admin, json!({"name": "old", "level": 1})).await.expect(201));

    let told = Run::on(dir.path(), ["keyring", "rotate"]).good();
    assert!(told.contains("Pepper 2") && told.contains("Restart"), "{told}");
    let keyring = dir.path().join("keyring.json");
    assert_eq!(fs::metadata(&keyring).unwrap().permissions().mode() & 0o7777, 0o600);
    running.get("/v1/whoami", &old.bearer()).await.expect(200);
    assert!(running.stop().await.status.success());

    let running = Program::on(dir.path()).start().await;
    running.get("/v1/whoami", &admin).await.expect(200);
    let new: Made = made(&running.post("/v1/keys", &admin, json!({"name": "new", "level": 1})).await.expect(201));
    for key in [&old, &new] {
        running.get("/v1/whoami", &key.bearer()).await.expect(200);
    }
    assert!(running.stop().await.status.success());

    // Each key needs the pepper that it was made with, and no other.
    let mut without: Value = serde_json::from_slice(&fs::read(&keyring).unwrap()).unwrap();
    without["peppers"].as_object_mut().unwrap().remove("2").unwrap();
    fs::write(&keyring, without.to_string()).unwrap();
    let refused = Program::on(dir.path()).run().await;
    assert!(refused.errors.contains("pepper 2 is missing"), "{}", refused.errors);
}

#[tokio::test]
async fn those_who_rotate_at_once_add_a_pepper_each() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Program::on(dir.path()).with_admin().start().await.stop().await.status.success());
    let rotations: Vec<_> = (0..8)
        .map(|_| {
            let dir = dir.path().to_owned();
            std::thread::spawn(move || Run::on(&dir, ["keyring", "rotate"]).good())
        })
        .collect();
    rotations.into_iter().for_each(|rotation| drop(rotation.join().unwrap()));
    let keyring: Value = serde_json::from_slice(&fs::read(dir.path().join("keyring.json")).unwrap()).unwrap();
    assert_eq!(keyring["peppers"].as_object().unwrap().len(), 9);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension() == Some("new".as_ref())).count(),
        0
    );
}

#[test]
fn where_there_is_no_keyring_none_is_made() {
    let dir = tempfile::tempdir().unwrap();
    Run::on(dir.path(), ["keyring", "rotate"]).refused(1, &["no keyring", "data_dir"]);
    assert!(!dir.path().join("keyring.json").exists());
}
