//! From nothing to a key that is issued, read, used, verified and revoked.

use serde_json::json;

use crate::support::{Cred, Server, made};

#[tokio::test]
async fn a_key_of_a_person_lives_and_dies() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let answer = server.post("/v1/keys", &ada.session(), json!({"name": "My first API key", "level": 3, "expires_in": 3600})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.expect(201);
    assert_eq!(body["expires_at"], "2026-01-01T01:00:00.000Z");
    assert_eq!(body["owner"], ada.id);
    let key = made(&body);

    for cred in [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone())] {
        let whoami = server.get("/v1/whoami", &cred).await.expect(200);
        assert_eq!((&whoami["credential"], &whoami["level"]), (&json!("account_key"), &json!(3)));
    }
    assert_eq!(server.verdict(&key.token).await, "VALID");
    assert_eq!(server.verdict(&format!("{}:{}", key.id, key.secret)).await, "VALID");

    let read = server.get(&format!("/v1/keys/{}", key.id), &ada.session()).await.expect(200);
    assert_eq!(read["state"], "active");
    assert!(read.get("secret").is_none() && read.get("token").is_none());
    assert_eq!(read["last_used_at"], "2026-01-01T00:00:00.000Z");

    server.delete(&format!("/v1/keys/{}", key.id), &ada.session()).await.expect(204);
    server.get("/v1/whoami", &key.bearer()).await.problem(401, "credential_revoked");
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
    server.delete(&format!("/v1/keys/{}", key.id), &ada.session()).await.problem(404, "key_not_found");
}

#[tokio::test]
async fn a_key_of_a_service_follows_its_policy_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["orders.read", "orders.write"]).await;
    let policy = server.policy("reader", &["shop:orders.read"]).await;
    let key = server.service_key_with("storefront", &policy).await;
    let ask = async |permission: &str| {
        let body = json!({"key": key.token, "any_of": [permission]});
        server.post("/v1/verify", &admin, body).await.expect(200)
    };
    assert_eq!(ask("shop:orders.read").await["valid"], true);
    let refused = ask("shop:orders.write").await;
    assert_eq!((&refused["code"], &refused["missing"]["any_of"]), (&json!("INSUFFICIENT_PERMISSIONS"), &json!(["shop:orders.write"])));

    let put = json!({"name": "reader", "permissions": ["shop:orders.write"]});
    server.put(&format!("/v1/policies/{policy}"), &admin, put).await.expect(200);
    assert_eq!(ask("shop:orders.write").await["valid"], true);
    assert_eq!(ask("shop:orders.read").await["valid"], false);

    let in_use = server.delete(&format!("/v1/policies/{policy}"), &admin).await.problem(409, "policy_in_use");
    assert_eq!(in_use["keys"][0]["id"], key.id);
    server.delete(&format!("/v1/policies/{policy}?cascade=true"), &admin).await.expect(204);
    assert_eq!(ask("shop:orders.write").await["code"], "REVOKED");
    assert_eq!(server.get(&format!("/v1/keys/{}", key.id), &admin).await.expect(200)["reason"], "policy_deleted");
}

#[tokio::test]
async fn all_of_it_is_there_after_a_restart() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let (kept, gone) = (server.account_key(&ada.session(), 4).await, server.account_key(&ada.session(), 4).await);
    server.delete(&format!("/v1/keys/{}", gone.id), &ada.session()).await.expect(204);
    let server = server.restart().await;
    assert_eq!(server.setup_link, None);
    server.get("/v1/whoami", &kept.bearer()).await.expect(200);
    server.get("/v1/whoami", &gone.bearer()).await.problem(401, "credential_revoked");
    server.get("/v1/whoami", &ada.session()).await.expect(200);
}
