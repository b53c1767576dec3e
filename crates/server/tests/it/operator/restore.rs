//! `keybearer restore`: nothing comes back that was taken away, and nothing is changed where it refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::child::{Program, Running};
use crate::support::command::Run;
use crate::support::{Cred, Made, PASSWORD, made};

const OTHER: &str = "hollow cedar ninety kites";

/// A server with people, policies and keys, a backup of it, and the directory that both are in.
struct World {
    dir: TempDir,
    running: Running,
    admin: Cred,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let running = Program::on(&dir.path().join("data")).with_admin().start().await;
        let admin = running.admin().await;
        let manifest = json!([{"name": "read", "description": "Read"}, {"name": "write", "description": "Write"}]);
        let world = Self { dir, running, admin };
        world.call("PUT", "/v1/services/shop/permissions", manifest, 200).await;
        world
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("backup.tar")
    }

    async fn call(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        self.running.ask(method, path).with(&self.admin).json(&body).send().await.expect(status)
    }

    /// An account with this role, and a key of level 4 that it made.
    async fn person(&self, name: &str, role: &str) -> (i64, Made) {
        let body = json!({"username": name, "password": PASSWORD, "role": role});
        let id = self.call("POST", "/v1/accounts", body, 201).await["id"].as_i64().unwrap();
        let key = made(&self.call("POST", "/v1/keys", json!({"name": "of a person", "level": 4, "owner": id}), 201).await);
        (id, key)
    }

    async fn policy(&self, name: &str, permissions: &[&str]) -> String {
        let policy = self.call("POST", "/v1/policies", json!({"name": name, "permissions": permissions}), 201).await;
        policy["id"].as_str().unwrap().to_owned()
    }

    async fn service_key(&self, name: &str, policy: &str) -> Made {
        made(&self.call("POST", "/v1/keys", json!({"name": name, "policy_id": policy}), 201).await)
    }

    fn back_up(&self) {
        Run::on(&self.data(), ["backup", self.file().to_str().unwrap()]).good();
    }

    /// Stops the server, restores the backup in its place, and starts it again.
    async fn restored(self) -> (Self, String) {
        assert!(self.running.stop().await.status.success());
        let (data, file) = (self.dir.path().join("data"), self.dir.path().join("backup.tar"));
        let told = Run::on(&data, ["restore", file.to_str().unwrap()]).good();
        let running = Program::on(&data).start().await;
        let admin = running.admin().await;
        (Self { dir: self.dir, running, admin }, told)
    }

    async fn verdict(&self, key: &Made, requirement: Value) -> String {
        let mut body = requirement;
        body["key"] = json!(key.token);
        self.call("POST", "/v1/verify", body, 200).await["code"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn whatever_was_taken_away_since_the_backup_stays_away() {
    let world = World::new().await;
    let (untouched, untouched_key) = world.person("untouched", "user").await;
    let (_, revoked_key) = world.person("one key less", "user").await;
    let (downgraded, downgraded_key) = world.person("downgraded", "support").await;
    let (blocked, blocked_key) = world.person("blocked", "user").await;
    let (locked_and_back, locked_and_back_key) = world.person("locked and back", "user").await;
    let (deleted, deleted_key) = world.person("deleted", "user").await;
    let (other_password, other_password_key) = world.person("other password", "user").await;
    let (raised, raised_key) = world.person("raised", "user").await;
    let (narrow, wide) = (world.policy("narrow", &["shop:read"]).await, world.policy("wide", &["shop:read", "shop:write"]).await);
    let doomed = world.policy("doomed", &["shop:read"]).await;
    let (edited_key, moved_key, doomed_key) =
        (world.service_key("edited", &wide).await, world.service_key("moved", &wide).await, world.service_key("doomed", &doomed).await);
    let (withdrawn, withdrawn_key) = world.person("withdrawn", "user").await;
    let session_before = world.admin.clone();
    world.back_up();

    let account = |id: i64| format!("/v1/accounts/{id}");
    world.running.ask("DELETE", &format!("/v1/keys/{}", revoked_key.id)).with(&world.admin).send().await.expect(204);
    world.call("PATCH", &account(downgraded), json!({"role": "user"}), 200).await;
    world.call("PATCH", &account(blocked), json!({"status": "blocked"}), 200).await;
    world.call("PATCH", &account(locked_and_back), json!({"status": "locked"}), 200).await;
    world.call("PATCH", &account(locked_and_back), json!({"status": "active"}), 200).await;
    world.call("PATCH", &account(withdrawn), json!({"consent": false}), 200).await;
    world.running.ask("DELETE", &account(deleted)).with(&world.admin).send().await.expect(204);
    world.call("PATCH", &account(other_password), json!({"password": OTHER}), 200).await;
    world.call("PATCH", &account(raised), json!({"role": "support"}), 200).await;
    world.call("PATCH", &format!("/v1/keys/{}", moved_key.id), json!({"policy_id": narrow}), 200).await;
    world.call("PUT", &format!("/v1/policies/{wide}"), json!({"name": "wide", "permissions": ["shop:read"]}), 200).await;
    world.running.ask("DELETE", &format!("/v1/policies/{doomed}?cascade=true")).with(&world.admin).send().await.expect(204);
    let made_since = world.policy("made since", &["shop:read"]).await;
    let (late, late_key) = world.person("late", "user").await;
    let since_key = world.service_key("made since", &made_since).await;

    let (world, told) = world.restored().await;
    let any = || json!({});
    assert_eq!(world.verdict(&untouched_key, any()).await, "VALID");
    assert_eq!(world.verdict(&raised_key, any()).await, "VALID");
    assert_eq!(world.verdict(&other_password_key, any()).await, "VALID");
    for key in [&revoked_key, &downgraded_key, &blocked_key, &locked_and_back_key, &deleted_key, &withdrawn_key, &doomed_key] {
        assert_eq!(world.verdict(key, any()).await, "REVOKED", "{told}");
    }
    for key in [&late_key, &since_key] {
        assert_eq!(world.verdict(key, any()).await, "NOT_FOUND");
    }
    for key in [&edited_key, &moved_key] {
        assert_eq!(world.verdict(key, json!({"any_of": ["shop:read"]})).await, "VALID");
        assert_eq!(world.verdict(key, json!({"any_of": ["shop:write"]})).await, "INSUFFICIENT_PERMISSIONS");
    }
    let of = async |id: i64| world.running.get(&account(id), &world.admin).await.expect(200);
    assert_eq!(of(downgraded).await["role"], "user");
    assert_eq!(of(blocked).await["status"], "blocked");
    assert_eq!(of(withdrawn).await["consent"], false);
    assert_eq!((&of(raised).await["role"], &of(untouched).await["status"]), (&json!("user"), &json!("active")), "a raise is not kept");
    world.running.get(&account(deleted), &world.admin).await.problem(404, "account_not_found");
    let key = world.running.get(&format!("/v1/keys/{}", downgraded_key.id), &world.admin).await.expect(200);
    assert_eq!(key["reason"], "role_downgraded", "time and reason are those of then");

    let sign_in = |password: &'static str| {
        let body = json!({"username": "other password", "password": password});
        world.running.ask("POST", "/v1/sessions").json(&body).send()
    };
    sign_in(PASSWORD).await.problem(401, "sign_in_failed");
    sign_in(OTHER).await.expect(201);
    world.running.get("/v1/whoami", &session_before).await.problem(401, "credential_invalid");

    let (next, _) = world.person("next", "user").await;
    assert!(next > late, "a number is never given twice: {next} after {late}");
    let events = world.running.get("/v1/events?action=store.restored", &world.admin).await.expect(200);
    assert_eq!(events["items"][0]["actor"], "operator");
    for line in ["7 keys revoked", "1 keys left with", "1 accounts deleted", "1 policies left without", "1 policies deleted"] {
        assert!(told.contains(line), "{line:?} is not in {told}");
    }
}

#[tokio::test]
async fn a_key_stays_with_the_policy_that_it_was_given_even_one_the_backup_never_had() {
    let world = World::new().await;
    let wide = world.policy("wide", &["shop:read", "shop:write"]).await;
    let key = world.service_key("moved", &wide).await;
    world.back_up();
    let since = world.policy("made since", &["shop:read"]).await;
    world.call("PATCH", &format!("/v1/keys/{}", key.id), json!({"policy_id": since}), 200).await;
    let (world, _) = world.restored().await;
    assert_eq!(world.verdict(&key, json!({"any_of": ["shop:write"]})).await, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(world.verdict(&key, json!({"any_of": ["shop:read"]})).await, "VALID");
}

#[tokio::test]
async fn a_backup_that_knows_more_than_what_it_replaces_is_restored_as_it_is() {
    let world = World::new().await;
    let (id, _) = world.person("raised", "user").await;
    let early = world.dir.path().join("early.tar");
    Run::on(&world.data(), ["backup", early.to_str().unwrap()]).good();
    world.call("PATCH", &format!("/v1/accounts/{id}"), json!({"role": "support"}), 200).await;
    world.back_up();
    assert!(world.running.stop().await.status.success());

    // On another machine: the early one first, then the late one over it.
    let there = world.dir.path().join("there");
    Run::on(&there, ["restore", early.to_str().unwrap(), "--accept-lost-revocations"]).good();
    let late = world.dir.path().join("backup.tar");
    let done = Run::on(&there, ["restore", late.to_str().unwrap()]).done();
    assert_eq!(done.code, 0, "{done:?}");
    let running = Program::on(&there).start().await;
    let account = running.get(&format!("/v1/accounts/{id}"), &running.admin().await).await.expect(200);
    assert_eq!(account["role"], "support", "nothing was taken away there since");
}

/// All files of a folder with their bytes.
fn image(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// A backup of a small installation, and its data directory, stopped.
async fn stopped() -> (TempDir, PathBuf, PathBuf) {
    let world = World::new().await;
    world.back_up();
    let (data, file) = (world.data(), world.file());
    assert!(world.running.stop().await.status.success());
    (world.dir, data, file)
}

#[tokio::test]
async fn where_nobody_can_tell_what_was_revoked_it_refuses_and_names_the_time() {
    let (dir, data, file) = stopped().await;
    let other = stopped().await;
    let restore = |data: &Path, more: &[&str]| Run::on(data, [&["restore", file.to_str().unwrap()], more].concat());
    let year = "at 20";

    let fresh = dir.path().join("fresh");
    restore(&fresh, &[]).refused(1, &["there is no", year, "--accept-lost-revocations"]);
    let before = image(&other.1);
    restore(&other.1, &[]).refused(1, &["another installation", year, "--accept-lost-revocations"]);
    assert_eq!(image(&other.1).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert_eq!(image(&other.1)[&other.1.join("keyring.json")], before[&other.1.join("keyring.json")]);

    let database = data.join("keybearer.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[4_096..].fill(0x55);
    fs::write(&database, &bytes).unwrap();
    restore(&data, &[]).refused(1, &[year, "--accept-lost-revocations"]);
    assert_eq!(fs::read(&database).unwrap(), bytes, "it is left as it was");

    let told = restore(&data, &["--accept-lost-revocations"]).good();
    assert!(told.contains("as was accepted"), "{told}");
    let aside = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).find(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("keybearer.db.replaced-")
    });
    assert_eq!(fs::read(aside.unwrap()).unwrap(), bytes, "what was there is kept");
    for data in [&data, &fresh] {
        if data == &fresh {
            restore(data, &["--accept-lost-revocations"]).good();
        }
        let running = Program::on(data).start().await;
        running.admin().await;
        assert!(running.stop().await.status.success());
        assert!(Run::on(data, ["doctor"]).good().contains("sound"));
    }
}

#[tokio::test]
async fn a_file_that_is_not_as_it_was_made_changes_nothing() {
    let (dir, data, file) = stopped().await;
    let whole = fs::read(&file).unwrap();
    let before = image(&data);
    let bad = dir.path().join("bad.tar");
    let refuse = |bytes: &[u8], words: &[&str]| {
        fs::write(&bad, bytes).unwrap();
        Run::on(&data, ["restore", bad.to_str().unwrap(), "--accept-lost-revocations"]).refused(1, words);
        assert_eq!(image(&data), before);
    };
    // In the header of the first member, in the first member, and twice in the database.
    for at in [300, 600, whole.len() / 2, whole.len() - 3_000] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&bad, &bytes).unwrap();
        let done = Run::on(&data, ["restore", bad.to_str().unwrap(), "--accept-lost-revocations"]).done();
        assert_eq!(done.code, 1, "byte {at} of {}: {done:?}", whole.len());
        assert_eq!(image(&data), before);
    }
    refuse(&whole[..whole.len() / 2], &["Nothing was changed"]);
    refuse(b"", &["Nothing was changed"]);
    refuse(b"no archive at all", &["Nothing was changed"]);
    let nowhere = dir.path().join("nowhere.tar");
    Run::on(&data, ["restore", nowhere.to_str().unwrap()]).refused(1, &["nowhere.tar"]);
    let fresh = dir.path().join("fresh");
    Run::on(&fresh, ["restore", nowhere.to_str().unwrap()]).refused(1, &["nowhere.tar"]);
    assert!(!fresh.exists(), "where there is no backup, no data directory is made");
}

#[tokio::test]
async fn a_server_that_runs_is_not_restored_under_its_feet() {
    let world = World::new().await;
    world.back_up();
    let restore = Run::on(&world.data(), ["restore", world.file().to_str().unwrap()]);
    restore.refused(1, &["another Keybearer process"]);
    world.running.get("/v1/whoami", &world.admin).await.expect(200);
}

#[tokio::test]
async fn an_installation_that_is_left_without_administrator_is_told_so() {
    let world = World::new().await;
    world.back_up();
    let (id, _) = world.person("next", "admin").await;
    let next = world.running.post("/v1/sessions", &Cred::None, json!({"username": "next", "password": PASSWORD})).await.expect(201);
    let next = Cred::Bearer(next["token"].as_str().unwrap().to_owned());
    assert!(id > 1);
    world.running.ask("PATCH", "/v1/accounts/1").with(&next).json(&json!({"role": "user"})).send().await.expect(200);
    let (data, file) = (world.data(), world.file());
    assert!(world.running.stop().await.status.success());
    let told = Run::on(&data, ["restore", file.to_str().unwrap()]).good();
    assert!(told.contains("No account is an active administrator") && told.contains("keybearer admin create"), "{told}");
    let refused = Program::on(&data).with_admin().run().await;
    assert!(refused.errors.contains("keybearer admin create"), "{}", refused.errors);
    Run::on(&data, ["admin", "create", "again"]).stdin(PASSWORD).good();
    assert!(Program::on(&data).start().await.setup_link.is_none());
}

#[tokio::test]
async fn a_database_on_another_disk_stays_there() {
    let (dir, data, file) = stopped().await;
    let (there, database) = (dir.path().join("disk.db"), data.join("keybearer.db"));
    fs::rename(&database, &there).unwrap();
    std::os::unix::fs::symlink(&there, &database).unwrap();
    let before = fs::read(&there).unwrap();
    Run::on(&data, ["restore", file.to_str().unwrap()]).good();
    assert!(fs::symlink_metadata(&database).unwrap().is_symlink());
    assert_ne!(fs::read(&there).unwrap(), before);
    Program::on(&data).start().await.admin().await;
}

#[tokio::test]
async fn a_keyring_that_cannot_be_read_is_kept_aside_and_told() {
    let (_dir, data, file) = stopped().await;
    fs::write(data.join("keyring.json"), "{}").unwrap();
    let told = Run::on(&data, ["restore", file.to_str().unwrap()]).good();
    assert!(told.contains("could not be read") && told.contains("damaged"), "{told}");
    Program::on(&data).start().await.admin().await;
}
