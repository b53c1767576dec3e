//! Starting, and refusing to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::child::{Ended, Program};
use crate::support::{Cred, PASSWORD};

/// It did not start, and says why in words that help.
#[track_caller]
fn assert_refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
    for word in words {
        assert!(ended.errors.contains(word), "{word:?} is not in: {}", ended.errors);
    }
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let second = Program::on(dir.path()).run().await;
    assert_refused(&second, &["another Keybearer process", &dir.path().display().to_string(), "data_dir"]);
    running.admin().await;
    assert!(running.stop().await.status.success());
    Program::on(dir.path()).start().await.admin().await;
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = Program::on(one.path()).with_admin().start().await;
    let address = running.address.to_string();
    let second = Program::on(other.path()).arg("--listen", &address).run().await;
    assert_refused(&second, &["cannot listen on", &address]);
}

#[tokio::test]
async fn what_is_secret_is_for_the_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let running = Program::on(&data).with_admin().start().await;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("keyring.json")), 0o600);
    assert!(running.stop().await.status.success());

    fs::set_permissions(data.join("keyring.json"), Permissions::from_mode(0o640)).unwrap();
    assert_refused(&Program::on(&data).run().await, &["open to others", "0640", "chmod 600"]);
}

#[tokio::test]
async fn a_keyring_that_is_gone_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (keyring, aside) = (dir.path().join("keyring.json"), dir.path().join("aside.json"));
    let running = Program::on(dir.path()).with_admin().start().await;
    let session = running.admin().await;
    assert!(running.stop().await.status.success());

    fs::rename(&keyring, &aside).unwrap();
    assert_refused(&Program::on(dir.path()).run().await, &["keyring.json is missing", "restore", "backup"]);
    assert!(!keyring.exists(), "it is not made anew");

    let elsewhere = tempfile::tempdir().unwrap();
    assert!(Program::on(elsewhere.path()).with_admin().start().await.stop().await.status.success());
    fs::copy(elsewhere.path().join("keyring.json"), &keyring).unwrap();
    assert_refused(&Program::on(dir.path()).run().await, &["pepper 1"]);

    let running = Program::on(dir.path()).arg("--keyring", aside.to_str().unwrap()).start().await;
    running.get("/v1/whoami", &session).await.expect(200);
}

#[tokio::test]
async fn the_environment_makes_the_first_administrator_and_no_second_one() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    assert_eq!(running.setup_link, None);
    let admin = running.admin().await;
    let events = running.get("/v1/events?action=account.created", &admin).await.expect(200);
    assert_eq!((&events["items"][0]["actor"], &events["items"][0]["request_id"]), (&json!("operator"), &json!("start")));
    assert!(running.stop().await.status.success());

    let other = Program::on(dir.path()).env("KEYBEARER_ADMIN_USERNAME", "other").env("KEYBEARER_ADMIN_PASSWORD", PASSWORD);
    let running = other.start().await;
    assert_eq!(running.setup_link, None);
    let body = json!({"username": "other", "password": PASSWORD});
    running.post("/v1/sessions", &Cred::None, body).await.problem(401, "sign_in_failed");
    let accounts = running.get("/v1/accounts", &admin).await.expect(200);
    assert_eq!(accounts["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_password_may_stand_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let program = Program::on(&dir.path().join("data")).env("KEYBEARER_ADMIN_USERNAME", "admin");
    let running = program.env("KEYBEARER_ADMIN_PASSWORD_FILE", file.to_str().unwrap()).start().await;
    assert_eq!(running.setup_link, None);
    running.admin().await;
}

#[tokio::test]
async fn a_weak_password_in_the_environment_is_refused_without_being_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let weak = |password: &str| Program::on(dir.path()).env("KEYBEARER_ADMIN_USERNAME", "admin").env("KEYBEARER_ADMIN_PASSWORD", password);
    for password in ["hush hush", "password123456"] {
        let refused = weak(password).run().await;
        assert_refused(&refused, &["admin_password"]);
        assert!(!refused.errors.contains(password), "{}", refused.errors);
    }
    assert!(Program::on(dir.path()).start().await.setup_link.is_some());
}

#[tokio::test]
async fn the_link_is_shown_at_each_start_until_there_is_an_administrator() {
    let dir = tempfile::tempdir().unwrap();
    let first = Program::on(dir.path()).start().await;
    let void = first.setup_link.clone().unwrap();
    assert!(first.stop().await.status.success());

    let second = Program::on(dir.path()).start().await;
    let link = second.setup_link.clone().unwrap();
    let path = |link: &str| link.split_once("/setup/").map(|(_, nonce)| format!("/setup/{nonce}")).unwrap();
    assert_ne!(path(&void), path(&link));
    assert!(link.starts_with(&format!("http://{}/", second.address)));
    let form = format!("username=admin&password={}", PASSWORD.replace(' ', "+"));
    let fill = |path: String| second.ask("POST", &path).body("application/x-www-form-urlencoded", form.clone()).send();
    assert_eq!(fill(path(&void)).await.status, 410);
    assert_eq!(fill(path(&link)).await.status, 201);
    second.admin().await;
    assert!(second.stop().await.status.success());
    assert_eq!(Program::on(dir.path()).start().await.setup_link, None);
}
