//! `keybearer backup`: what the file is, and that it is of one moment whatever happens meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::child::{Program, Running};
use crate::support::command::Run;
use crate::support::{Cred, Made, made};

fn backup(data: &Path, file: &Path) -> Run {
    Run::on(data, ["backup", file.to_str().unwrap()])
}

#[tokio::test]
async fn the_file_is_private_and_whole_and_has_no_key_of_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup.tar"));
    let running = Program::on(&data).with_admin().start().await;
    let told = backup(&data, &file).good();
    assert!(told.contains("0 keys, 1 accounts"), "{told}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);

    // Anybody with tar and sha256sum can check it.
    let checked = format!("mkdir x && tar -xf {} -C x && cd x && sha256sum --check --strict SHA256SUMS && ls", file.display());
    let checked = Command::new("bash").args(["-euc", &checked]).current_dir(dir.path()).output().unwrap();
    let listed = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{listed}");
    assert!(listed.ends_with("SHA256SUMS\nkeybearer.db\nmanifest.json\npeppers.json\n"), "{listed}");

    let keyring: Value = serde_json::from_slice(&fs::read(data.join("keyring.json")).unwrap()).unwrap();
    let bytes = fs::read(&file).unwrap();
    let has = |text: &Value| bytes.windows(text.as_str().unwrap().len()).any(|window| window == text.as_str().unwrap().as_bytes());
    assert!(has(&keyring["peppers"]["1"]) && !has(&keyring["jwt_key"]));

    backup(&data, &file).refused(1, &["backup.tar"]);
    assert_eq!(fs::read(&file).unwrap(), bytes, "a file that is there is never overwritten");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left beside it: data, backup.tar, x");
    assert!(running.stop().await.status.success());
    let mut left: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, ["keybearer.db", "keybearer.lock", "keyring.json"], "a server that was told to stop leaves one file of the database");
    backup(&data, &dir.path().join("stopped.tar")).good();
}

#[tokio::test]
async fn what_cannot_be_backed_up_is_told_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup.tar"));
    backup(&data, &file).refused(1, &["no database", "data_dir"]);
    assert!(Program::on(&data).with_admin().start().await.stop().await.status.success());
    backup(&data, &dir.path().join("nowhere/backup.tar")).refused(1, &["nowhere"]);
    fs::remove_file(data.join("keyring.json")).unwrap();
    backup(&data, &file).refused(1, &["no keyring"]);
    assert!(!file.exists());
}

/// What the storm was told of one key.
struct Known {
    key: Made,
    revoked: bool,
}

/// Makes and revokes keys until told to stop. Returns all keys, those that were answered before `begun` first.
async fn storm(running: &Running, admin: &Cred, begun: &AtomicBool, stop: &AtomicBool) -> (Vec<Known>, Vec<Known>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut number = 0;
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        let key = made(
            &running
                .post("/v1/keys", admin, json!({"name": format!("key {number}"), "policy_id": POLICY.get().unwrap()}))
                .await
                .expect(201),
        );
        let revoked = number % 3 == 0;
        if revoked {
            assert_eq!(running.ask("DELETE", &format!("/v1/keys/{}", key.id)).with(admin).send().await.status, 204);
        }
        // Noted after the answer: if the backup had not begun by now, it has this.
        let list = if begun.load(Ordering::SeqCst) { &mut after } else { &mut before };
        list.push(Known { key, revoked });
    }
    (before, after)
}

static POLICY: std::sync::OnceLock<String> = std::sync::OnceLock::new();

async fn verdict(running: &Running, admin: &Cred, key: &Made) -> String {
    let answer = running.post("/v1/verify", admin, json!({"key": key.token})).await.expect(200);
    answer["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_amid_a_storm_of_changes_is_of_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("backup.tar"));
    let running = Arc::new(Program::on(&data).with_admin().start().await);
    let admin = running.admin().await;
    let policy = running.post("/v1/policies", &admin, json!({"name": "p", "permissions": []})).await.expect(201);
    POLICY.set(policy["id"].as_str().unwrap().to_owned()).unwrap();
    let (begun, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let storm = tokio::spawn({
        let (running, admin, begun, stop) = (Arc::clone(&running), admin.clone(), Arc::clone(&begun), Arc::clone(&stop));
        async move { self::storm(&running, &admin, &begun, &stop).await }
    });
    let seen = |least: i64| {
        let (running, admin) = (Arc::clone(&running), admin.clone());
        async move {
            while running.get("/v1/stats", &admin).await.expect(200)["revision"].as_i64().unwrap() < least {
                tokio::task::yield_now().await;
            }
        }
    };
    seen(200).await;
    begun.store(true, Ordering::SeqCst);
    let made = tokio::task::spawn_blocking({
        let (data, file) = (data.clone(), file.clone());
        move || backup(&data, &file).good()
    });
    let told = made.await.unwrap();
    let revision = running.get("/v1/stats", &admin).await.expect(200)["revision"].as_i64().unwrap();
    seen(revision + 50).await;
    stop.store(true, Ordering::SeqCst);
    let (before, after) = storm.await.unwrap();
    assert!(before.len() > 50 && after.len() > 10, "{} before, {} after, {told}", before.len(), after.len());

    // In the place of nothing: as it was at one moment between the begin and the end of the backup.
    let fresh = dir.path().join("fresh");
    Run::on(&fresh, ["restore", file.to_str().unwrap(), "--accept-lost-revocations"]).good();
    let restored = Program::on(&fresh).start().await;
    let admin_there = restored.admin().await;
    for known in &before {
        let expected = if known.revoked { "REVOKED" } else { "VALID" };
        assert_eq!(verdict(&restored, &admin_there, &known.key).await, expected, "{}", known.key.id);
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut gone = false;
    for known in &after {
        let code = verdict(&restored, &admin_there, &known.key).await;
        // One client made them in this order, so the backup has those up to some moment and none behind it.
        if gone {
            assert_eq!(code, "NOT_FOUND", "{}", known.key.id);
        }
        gone = code == "NOT_FOUND";
        *counts.entry(code).or_default() += 1;
    }
    assert!(counts.contains_key("NOT_FOUND"), "the storm went on behind the backup: {counts:?}");
    assert!(restored.stop().await.status.success());

    // In the place of the original: nothing that was revoked by then comes back, whenever that was.
    let running = Arc::into_inner(running).unwrap();
    let late = before.iter().filter(|known| !known.revoked).take(10).collect::<Vec<_>>();
    for known in &late {
        assert_eq!(running.ask("DELETE", &format!("/v1/keys/{}", known.key.id)).with(&admin).send().await.status, 204);
    }
    assert!(running.stop().await.status.success());
    let told = Run::on(&data, ["restore", file.to_str().unwrap()]).good();
    assert!(told.contains("keys revoked"), "{told}");
    let running = Program::on(&data).start().await;
    let admin = running.admin().await;
    for known in &before {
        let revoked = known.revoked || late.iter().any(|late| late.key.id == known.key.id);
        assert_eq!(verdict(&running, &admin, &known.key).await, if revoked { "REVOKED" } else { "VALID" }, "{}", known.key.id);
    }
    for known in after.iter().filter(|known| known.revoked) {
        assert_ne!(verdict(&running, &admin, &known.key).await, "VALID");
    }
}
