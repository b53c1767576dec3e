//! What is forgotten when its time is over, and what stays.

use std::time::Duration;

use keybearer::config::Config;
use serde_json::{Value, json};

use crate::support::{Cred, DAY, Made, SECOND, Server, made};

/// Sessions outlast the test, so that one credential can ask all along.
fn patient(config: &mut Config) {
    config.sessions.lifetime = 10_000 * DAY;
}

/// A key that was revoked now, and one that expires after a day.
async fn doomed(server: &Server) -> [Made; 2] {
    let revoked = server.account_key(&server.admin().await, 4).await;
    server.delete(&format!("/v1/keys/{}", revoked.id), &server.admin().await).await.expect(204);
    let body = json!({"name": "short", "level": 4, "expires_in": 86_400});
    [revoked, made(&server.post("/v1/keys", &server.admin().await, body).await.expect(201))]
}

/// What the background does by itself; it may have been there first.
async fn sweep(server: &Server) {
    server.app.sweeper.sweep().await.unwrap();
}

#[tokio::test]
async fn a_dead_key_is_known_for_ninety_days_and_then_not_found() {
    let server = Server::start_with(patient).await;
    let [revoked, expired] = doomed(&server).await;
    let lives = server.service_key("till", &[]).await;
    let verdicts =
        async || [server.verdict(&revoked.token).await, server.verdict(&expired.token).await, server.verdict(&lives.token).await];
    server.advance(90 * DAY - 1);
    sweep(&server).await;
    assert_eq!(verdicts().await, ["REVOKED", "EXPIRED", "VALID"]);
    server.advance(1);
    sweep(&server).await;
    assert_eq!(verdicts().await, ["NOT_FOUND", "EXPIRED", "VALID"]);
    server.advance(DAY);
    sweep(&server).await;
    assert_eq!(verdicts().await, ["NOT_FOUND", "NOT_FOUND", "VALID"]);
    assert_eq!(server.app.index.counts().keys, 1, "of the index nothing else is left");
    for dead in [&revoked, &expired] {
        server.get("/v1/whoami", &dead.bearer()).await.problem(401, "credential_invalid");
    }

    // A load decides as a sweep does.
    let server = server.restart().await;
    assert_eq!(server.app.index.counts().keys, 1);
    let server = server.restart_with(|config| config.keys.retention = None).await;
    assert_eq!(server.app.index.counts().keys, 3, "the rows are still there");
}

#[tokio::test]
async fn a_forgotten_key_is_still_told_of() {
    let server = Server::start_with(patient).await;
    let admin = server.admin().await;
    let [revoked, expired] = doomed(&server).await;
    server.advance(100 * DAY);
    sweep(&server).await;
    for (key, state) in [(&revoked, "revoked"), (&expired, "expired")] {
        let read = server.get(&format!("/v1/keys/{}", key.id), &admin).await.expect(200);
        assert_eq!(read["state"], state);
        let listed = server.get(&format!("/v1/keys?state={state}"), &admin).await.expect(200);
        assert_eq!(listed["items"][0]["id"], key.id.as_str());
        let events = server.get(&format!("/v1/events?target=key:{}&action=key.created", key.id), &admin).await.expect(200);
        assert_eq!(events["items"][0]["after"]["level"], 4);
        let explained = server.post("/v1/explain", &admin, json!({"key_id": key.id})).await.expect(200);
        assert_eq!((&explained["valid"], &explained["code"]), (&json!(false), &json!("NOT_FOUND")), "as who presents it is told");
        assert!(explained["why"][0].as_str().unwrap().contains(state), "{explained}");
        assert!(explained["why"].to_string().contains("keys.retention"), "{explained}");
    }
    let stranger = server.person("stranger", "user").await;
    server.post("/v1/explain", &stranger.session(), json!({"key_id": revoked.id})).await.problem(404, "key_not_found");
    // What is dead can be revoked all the same, and stays forgotten.
    server.delete(&format!("/v1/keys/{}", expired.id), &admin).await.expect(204);
    assert_eq!((server.verdict(&expired.token).await.as_str(), server.app.index.counts().keys), ("NOT_FOUND", 0));
}

#[tokio::test]
async fn the_time_is_a_setting_and_may_be_for_ever() {
    for (retention, verdict) in [(Some(3 * SECOND), "NOT_FOUND"), (None, "REVOKED")] {
        let server = Server::start_with(|config| {
            patient(config);
            config.keys.retention = retention;
        });
        let server = server.await;
        let [revoked, _] = doomed(&server).await;
        server.advance(if retention.is_some() { 3 * SECOND } else { 9_000 * DAY });
        sweep(&server).await;
        assert_eq!(server.verdict(&revoked.token).await, verdict);
    }
}

#[tokio::test]
async fn old_events_lose_what_was_before_and_after_and_nothing_else() {
    let server = Server::start_with(patient).await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "user").await;
    let old = server.get("/v1/events", &admin).await.expect(200);
    server.advance(365 * DAY);
    server.policy("young", &[]).await;
    sweep(&server).await;
    let now = server.get("/v1/events", &admin).await;
    assert!(!now.text.contains("pruned") && now.text.contains("Ada"), "none is older than that yet: {}", now.text);
    server.advance(1);
    sweep(&server).await;
    let now = server.get("/v1/events", &admin).await;
    assert!(!now.text.contains("Ada"), "names are gone: {}", now.text);
    let now = now.expect(200);
    let [young, pruned @ ..] = now["items"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!((&young["after"]["name"], young.get("pruned")), (&json!("young"), None));
    let stripped = |event: &Value| {
        let mut event = event.as_object().unwrap().clone();
        event.remove("before");
        event.remove("after");
        event.insert("pruned".into(), true.into());
        Value::Object(event)
    };
    assert_eq!(pruned, old["items"].as_array().unwrap().iter().map(stripped).collect::<Vec<_>>());
    server.get(&format!("/v1/accounts/{}", ada.id), &admin).await.expect(200);

    let server = server.restart_with(|config| config.events.payload_retention = None).await;
    server.advance(9_000 * DAY);
    sweep(&server).await;
    assert_eq!(server.get("/v1/events?limit=1", &admin).await.expect(200)["items"][0]["after"]["name"], "young");
}

#[tokio::test]
async fn sessions_that_are_over_are_forgotten_after_a_day() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    server.advance(DAY / 2 + DAY - 1);
    sweep(&server).await;
    assert_eq!(server.app.index.counts().sessions, 2, "hers and that of the administrator");
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_expired");
    server.advance(1);
    sweep(&server).await;
    assert_eq!(server.app.index.counts().sessions, 0);
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_expired");
    let again = Cred::Bearer(server.sign_in("Ada", crate::support::PASSWORD).await);
    server.get("/v1/whoami", &again).await.expect(200);
}

#[tokio::test]
async fn it_happens_by_itself_as_time_passes() {
    let server = Server::start_with(patient).await;
    let [revoked, _] = doomed(&server).await;
    server.advance(90 * DAY);
    let gone = async {
        while server.verdict(&revoked.token).await != "NOT_FOUND" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the background sweeps");
}
