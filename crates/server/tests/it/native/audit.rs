//! `/v1/events` and `/v1/stats`.

use serde_json::{Value, json};

use crate::support::{SECOND, Server};

#[tokio::test]
async fn each_change_has_one_event_without_secrets() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "user").await;
    server.advance(SECOND);
    let ask = server.ask("POST", "/v1/keys").with(&ada.session()).header("x-request-id", "from-the-client.1");
    let answer = ask.json(&json!({"name": "a key", "level": 4})).send().await;
    assert_eq!(answer.header("x-request-id"), "from-the-client.1");
    let body = answer.expect(201);
    let id = body["id"].as_str().unwrap();
    server.delete(&format!("/v1/keys/{id}"), &ada.session()).await.expect(204);
    let events = server.get(&format!("/v1/events?target=key:{id}"), &admin).await;
    for secret in ["token", "secret"] {
        assert!(!events.text.contains(body[secret].as_str().unwrap()));
    }
    let events = events.expect(200);
    let [revoked, created] = [&events["items"][0], &events["items"][1]];
    assert_eq!((&created["action"], &created["actor"]), (&json!("key.created"), &json!(format!("account:{}", ada.id))));
    assert_eq!((&created["request_id"], &created["at"]), (&json!("from-the-client.1"), &json!("2026-01-01T00:00:01.000Z")));
    assert_eq!((&created["after"]["level"], &created.get("before")), (&json!(4), &None));
    assert_eq!(revoked["action"], "key.revoked");
    assert_eq!(revoked["revision"].as_i64(), created["revision"].as_i64().map(|revision| revision + 1));
}

#[tokio::test]
async fn a_revocation_tells_what_the_key_was() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = server.policy("till", &[]).await;
    // On PostgreSQL the first are judged by the rows, the others by what is in memory: as soon as the server hears messages.
    for round in 0..5 {
        let name = format!("key {round}");
        let of_person = json!({"name": name, "level": 3, "expires_in": 3600, "metadata": {"b": [1, {"a": "\u{e9}"}], "a": null}});
        let of_service = json!({"name": name, "policy_id": policy, "service": "Till", "metadata": {"place": "front"}});
        for new in [of_person, of_service] {
            let id = server.post("/v1/keys", &admin, new).await.expect(201)["id"].as_str().unwrap().to_owned();
            server.delete(&format!("/v1/keys/{id}"), &admin).await.expect(204);
            let events = server.get(&format!("/v1/events?target=key:{id}"), &admin).await.expect(200);
            let [revoked, created] = [&events["items"][0], &events["items"][1]];
            assert_eq!((&revoked["action"], &created["action"]), (&json!("key.revoked"), &json!("key.created")));
            assert_eq!(revoked["before"]["name"], name.as_str());
            assert_eq!(revoked["before"], created["after"]);
            assert_eq!(revoked["after"], json!({"reason": "deleted", "revoked_keys": 1}));
        }
    }
}

#[tokio::test]
async fn events_are_filtered_paged_and_given_as_lines() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for number in 0..3 {
        server.policy(&format!("policy {number}"), &[]).await;
    }
    let count = async |query: &str| server.get(&format!("/v1/events?{query}"), &admin).await.expect(200)["items"].as_array().unwrap().len();
    assert_eq!(count("action=policy").await, 3);
    assert_eq!(count("action=policy.created").await, 3);
    assert_eq!(count("action=pol").await, 0);
    assert_eq!(count("actor=operator").await, 1);
    assert_eq!(count("since=2026-01-01T00:00:00.001Z").await, 0);
    assert_eq!(count("until=2026-01-01T00:00:00Z").await, 0);
    let page = server.get("/v1/events?action=policy&limit=2", &admin).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(count(&format!("action=policy&cursor={cursor}")).await, 1);

    let lines = server.ask("GET", "/v1/events?action=policy&limit=2").with(&admin).header("accept", "application/jsonl").send().await;
    assert_eq!(lines.header("content-type"), "application/jsonl; charset=utf-8");
    assert!(lines.header("link").contains(cursor));
    let events: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().map(|event| &event["action"]).collect::<Vec<_>>(), ["policy.created", "policy.created"]);
}

#[tokio::test]
async fn the_counts_agree_with_what_is_there() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 4).await;
    server.account_key(&ada.session(), 4).await;
    server.delete(&format!("/v1/keys/{}", key.id), &ada.session()).await.expect(204);
    server.service_key("till", &[]).await;
    let stats = server.get("/v1/stats", &admin).await.expect(200);
    assert_eq!(stats["accounts_active"], 2);
    assert_eq!(stats["account_keys"], json!({"active": 1, "expired": 0, "revoked": 1}));
    assert_eq!(stats["service_keys"], json!({"active": 1, "expired": 0, "revoked": 0}));
    assert_eq!((&stats["policies"], &stats["sessions"], &stats["permissions"]), (&json!(1), &json!(2), &json!(10)));
    let events = server.get("/v1/events", &admin).await.expect(200);
    assert_eq!(stats["revision"], events["items"][0]["revision"]);
}
