//! When a key was last used: told at once, written later, and never while a request waits.

use std::sync::{Arc, Mutex, mpsc};

use futures_util::{StreamExt, stream};
use keybearer::bookkeeper;
use keybearer_store::{Changed, Follower};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::support::child::Program;
use crate::support::{Made, SECOND, Server, made};

async fn last_used(server: &Server, key: &Made) -> Value {
    let read = server.get(&format!("/v1/keys/{}", key.id), &server.admin().await).await.expect(200);
    let listed = server.get("/v1/keys?limit=200", &server.admin().await).await.expect(200);
    let listed = listed["items"].as_array().unwrap().iter().find(|one| one["id"] == key.id.as_str()).unwrap();
    assert_eq!(listed.get("last_used_at"), read.get("last_used_at"));
    read.get("last_used_at").cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_use_is_told_at_once_and_is_no_change() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let person = server.account_key(&admin, 4).await;
    let service = server.service_key("storefront", &[]).await;
    let revision = server.get("/v1/stats", &admin).await.expect(200)["revision"].clone();
    for (second, key) in [&person, &service].into_iter().enumerate() {
        assert_eq!(last_used(&server, key).await, Value::Null);
        assert_eq!(server.verdict(&key.token).await, "VALID");
        assert_eq!(last_used(&server, key).await, format!("2026-01-01T00:00:0{second}.000Z"));
        server.advance(SECOND);
        server.get("/v1/whoami", &key.pair()).await.expect(200);
        assert_eq!(last_used(&server, key).await, format!("2026-01-01T00:00:0{}.000Z", second + 1));
    }
    assert_eq!(server.get("/v1/stats", &admin).await.expect(200)["revision"], revision);
}

#[tokio::test]
async fn what_is_refused_or_only_explained_is_no_use() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let wrong = format!("{}:{}", key.id, "0".repeat(64));
    assert_eq!(server.verdict(&wrong).await, "NOT_FOUND");
    let above = server.post("/v1/verify", &admin, json!({"key": key.token, "level": 5})).await.expect(200);
    assert_eq!(above["code"], "INSUFFICIENT_LEVEL");
    server.post("/v1/explain", &admin, json!({"key_id": key.id})).await.expect(200);
    assert_eq!(last_used(&server, &key).await, Value::Null);
}

#[tokio::test]
async fn a_use_is_there_after_a_graceful_stop() {
    let server = Server::start().await;
    let key = server.account_key(&server.admin().await, 4).await;
    server.advance(7 * SECOND);
    assert_eq!(server.verdict(&key.token).await, "VALID");
    let server = server.restart().await;
    assert_eq!(last_used(&server, &key).await, "2026-01-01T00:00:07.000Z");
}

#[tokio::test]
async fn a_use_a_moment_before_the_signal_to_stop_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let admin = running.admin().await;
    let key = made(&running.post("/v1/keys", &admin, json!({"name": "a key", "level": 4})).await.expect(201));
    let path = format!("/v1/keys/{}", key.id);
    running.get("/v1/whoami", &key.bearer()).await.expect(200);
    let told = running.get(&path, &admin).await.expect(200)["last_used_at"].clone();
    assert!(told.is_string());
    assert!(running.stop().await.status.success());
    let running = Program::on(dir.path()).start().await;
    assert_eq!(running.get(&path, &admin).await.expect(200)["last_used_at"], told);
}

#[tokio::test]
async fn the_uses_of_more_keys_than_are_written_at_once_outlive_a_crash() {
    let server = Server::start().await;
    let policy = server.policy("many", &[]).await;
    let admin = server.admin().await;
    let make = |number: usize| server.post("/v1/keys", &admin, json!({"name": format!("key {number}"), "policy_id": policy}));
    let keys: Vec<Made> = stream::iter(0..2_010).map(make).buffered(64).map(|answer| made(&answer.expect(201))).collect().await;
    for some in keys.chunks(1_000) {
        let asked: Vec<Value> = some.iter().map(|key| json!({"key": key.token})).collect();
        server.post("/v1/verify/batch", &admin, json!({"items": asked})).await.expect(200);
    }
    bookkeeper::turn(&server.app).await.unwrap();
    let left = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(&server.app.config.data_dir).unwrap().map(|file| file.unwrap().path()) {
        std::fs::copy(&file, left.path().join(file.file_name().unwrap())).unwrap();
    }
    let after = Program::on(left.path()).start().await;
    let admin = after.admin().await;
    for key in &keys {
        let told = after.get(&format!("/v1/keys/{}", key.id), &admin).await.expect(200);
        assert_eq!(told["last_used_at"], "2026-01-01T00:00:00.000Z", "{}", told["name"]);
    }
}

/// Holds up whoever writes, until the other end of the channel is dropped.
struct Gate {
    reached: UnboundedSender<()>,
    held: Mutex<mpsc::Receiver<()>>,
}

impl Follower for Gate {
    fn apply(&self, _: Changed) {
        self.reached.send(()).unwrap();
        let _ = self.held.lock().unwrap().recv();
    }
}

#[tokio::test]
async fn a_verification_waits_for_nobody_who_writes() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let (release, held) = mpsc::channel();
    let (reached, mut at_the_gate) = unbounded_channel();
    let store = Arc::clone(&server.app.store);
    let gate = tokio::spawn(async move { store.follow(Arc::new(Gate { reached, held: Mutex::new(held) })).await });
    at_the_gate.recv().await.unwrap();

    let body = json!({"name": "another key", "level": 4});
    let change = server.post("/v1/keys", &admin, body);
    let reads = async {
        for _ in 0..100 {
            assert_eq!(server.verdict(&key.token).await, "VALID");
            server.get("/v1/whoami", &key.bearer()).await.expect(200);
        }
        last_used(&server, &key).await
    };
    tokio::pin!(change);
    let told = tokio::select! {
        biased;
        answer = &mut change => panic!("a change was acknowledged that was not made: {}", answer.text),
        told = reads => told,
    };
    assert_eq!(told, "2026-01-01T00:00:00.000Z");

    drop(release);
    gate.await.unwrap().unwrap();
    server.app.store.follow(Arc::clone(&server.app.index) as _).await.unwrap();
    let made = made(&change.await.expect(201));
    assert_eq!(server.verdict(&made.token).await, "VALID");
}
