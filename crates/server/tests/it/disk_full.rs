//! A disk without room under the real binary: changes are refused with 507, verification goes on, and nothing is lost or half there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::child::{Program, Running};
use crate::support::small_disk::SmallDisk;
use crate::support::{Answer, Cred, Made, PASSWORD, made};

const CYCLES: usize = 20;
/// The most changes until one must be refused: more than fit where the log of SQLite is overwritten.
const ENOUGH: usize = 2_000;

/// What was acknowledged: keys that must verify, and no others.
struct Acknowledged {
    admin: Cred,
    keys: Vec<Made>,
}

impl Acknowledged {
    /// Makes keys until one is refused.
    async fn create_until_full(&mut self, running: &Running, cycle: usize) {
        for n in 0..ENOUGH {
            let body = json!({"name": format!("{cycle}.{n}"), "level": 4, "metadata": {"stuff": "x".repeat(4_000)}});
            let answer = running.post("/v1/keys", &self.admin, body).await;
            if answer.status == 507 {
                answer.problem(507, "storage_full");
                return;
            }
            self.keys.push(made(&answer.expect(201)));
        }
        panic!("the disk is full");
    }

    /// Sees to it, while there is room, that there are keys to revoke.
    async fn top_up(&mut self, running: &Running, cycle: usize) {
        while self.keys.len() < 200 {
            let body = json!({"name": format!("{cycle}, to spare"), "level": 4});
            self.keys.push(made(&running.post("/v1/keys", &self.admin, body).await.expect(201)));
        }
    }

    /// Revokes keys until one is refused, which then goes on to verify: a small change may find room where a greater one did not.
    async fn revoke_until_full(&mut self, running: &Running) {
        while self.keys.len() > 1 {
            let last = &self.keys[self.keys.len() - 1];
            let answer = running.ask("DELETE", &format!("/v1/keys/{}", last.id)).with(&self.admin).send().await;
            if answer.status == 507 {
                answer.problem(507, "storage_full");
                return;
            }
            assert_eq!(answer.status, 204, "{}", answer.text);
            running.get("/v1/whoami", &last.pair()).await.problem(401, "credential_revoked");
            self.keys.pop();
        }
        panic!("the disk is full");
    }

    /// Every key verifies, and the lists show them and no other.
    async fn check(&self, running: &Running) {
        for chunk in self.keys.chunks(1_000) {
            let items: Vec<Value> = chunk.iter().map(|key| json!({"key": key.token})).collect();
            let verdicts = running.post("/v1/verify/batch", &self.admin, json!({"items": items})).await.expect(200);
            assert!(verdicts["results"].as_array().unwrap().iter().all(|verdict| verdict["code"] == "VALID"), "{verdicts}");
        }
        let mut listed = BTreeSet::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let page = running.get(&format!("/v1/keys?state=active&limit=200{cursor}"), &self.admin).await.expect(200);
            listed.extend(page["items"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()));
            next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
        }
        assert_eq!(listed, self.keys.iter().map(|key| key.id.clone()).collect());
    }
}

/// The first answer of 507 to a change that may fit where the log of SQLite is overwritten.
async fn until_refused(mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    for _ in 0..ENOUGH {
        let answer = ask().await;
        if answer.status == 507 {
            return answer;
        }
        assert!(answer.status.is_success(), "{}: {} {}", answer.what, answer.status, answer.text);
    }
    panic!("the disk is full");
}

/// Each face refuses a change in its own words.
async fn every_face_refuses(running: &Running, acknowledged: &mut Acknowledged, cycle: usize) {
    let admin = &acknowledged.admin;
    let sign_in = async || running.post("/v1/sessions", &Cred::None, json!({"username": "admin", "password": PASSWORD})).await;
    until_refused(sign_in).await.problem(507, "storage_full");
    let mut number = 0;
    let mut name = || {
        number += 1;
        format!("{} {cycle}.{number}", "long ".repeat(37))
    };
    let catena = async || running.post("/api/v1/api_keys/policies", admin, json!({"name": name()})).await;
    assert_eq!(until_refused(catena).await.json()["code"], 8);
    let mut fitted = Vec::new();
    let freesewing = async || {
        let answer = running.post("/apikeys/jwt", admin, json!({"name": "x".repeat(200), "level": 4})).await;
        if answer.status == 201 {
            let text = |field: &str| answer.json()["apikey"][field].as_str().unwrap().to_owned();
            let (id, secret) = (text("key"), text("secret"));
            // The pair is a spelling that a verification takes as well.
            fitted.push(Made { token: format!("{id}:{secret}"), id, secret });
        }
        answer
    };
    assert_eq!(until_refused(freesewing).await.json(), json!({"result": "error", "error": "storageFull"}));
    acknowledged.keys.append(&mut fitted);
}

/// What does not write goes on.
async fn reads_go_on(running: &Running, admin: &Cred, key: &Made) {
    for path in ["/readyz", "/livez", "/v1/stats", "/v1/events", "/v1/accounts", "/v1/policies", "/apikeys/jwt", "/api/v1/api_keys"] {
        assert_eq!(running.get(path, admin).await.status, 200, "{path}");
    }
    for cred in [key.bearer(), key.pair()] {
        running.get("/v1/whoami", &cred).await.expect(200);
    }
    let health = running.get("/api/v1/api_keys/healthz", &Cred::None).await.expect(200);
    assert_eq!(health["healthy"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_changes_and_nothing_else() {
    let Some(disk) = SmallDisk::own_or_rerun("disk_full::a_full_disk_stops_changes_and_nothing_else", 24) else { return };
    let dir = tempfile::tempdir().unwrap();
    let program = || {
        Program::on(dir.path())
            .with_admin()
            .env("KEYBEARER_KEYS_MAX_PER_ACCOUNT", "100000")
            .env("KEYBEARER_SESSIONS_MAX_PER_ACCOUNT", "100000")
    };
    let mut running = program().start().await;
    let admin = running.admin().await;
    let key = made(&running.post("/v1/keys", &admin, json!({"name": "first", "level": 4})).await.expect(201));
    let mut acknowledged = Acknowledged { admin: admin.clone(), keys: vec![key.clone()] };
    for cycle in 0..CYCLES {
        acknowledged.top_up(&running, cycle).await;
        disk.fill([0, 700_000, 5_000][cycle % 3]);
        acknowledged.create_until_full(&running, cycle).await;
        disk.fill(0);
        every_face_refuses(&running, &mut acknowledged, cycle).await;
        acknowledged.revoke_until_full(&running).await;
        reads_go_on(&running, &admin, &key).await;
        acknowledged.check(&running).await;
        if cycle % 5 == 4 {
            // Killed on a full disk, it starts on a full disk.
            running.kill();
            assert!(!running.ended().await.errors.contains("panicked"));
            running = program().start().await;
            reads_go_on(&running, &admin, &key).await;
            acknowledged.check(&running).await;
        }
        disk.free();
        let body = json!({"name": format!("{cycle}, at last"), "level": 4});
        acknowledged.keys.push(made(&running.post("/v1/keys", &admin, body).await.expect(201)));
    }
    println!("{} keys", acknowledged.keys.len());
    let ended = running.stop().await;
    assert!(ended.status.success());
    let told = ended.errors.matches("were not written").count();
    assert!(told <= CYCLES && !ended.errors.contains("panicked"), "{}", ended.errors);

    // Where not even the file beside the database finds room that connections share, it says so and harms nothing. A clean end removes that
    // file, if the connections are closed before the process is gone.
    drop(std::fs::remove_file(dir.path().join("keybearer.db-shm")));
    disk.fill(0);
    let refused = program().run().await;
    assert_eq!(refused.status.code(), Some(1), "{}", refused.errors);
    assert!(refused.errors.contains("no room is left on the disk that holds the data"), "{}", refused.errors);
    disk.free();
    let running = program().start().await;
    acknowledged.check(&running).await;
    let used = running.get(&format!("/v1/keys/{}", acknowledged.keys[0].id), &admin).await.expect(200);
    assert!(used["last_used_at"].is_string(), "{used}");
}
