//! Revocation by whoever shows the token.

use serde_json::Value;

use super::{assert_error, post};
use crate::support::{Answer, Cred, Server};

async fn revoke(server: &Server, cred: &Cred, token: &str) -> Answer {
    post(server, "/oauth2/revoke", cred, &[("token", token)]).await
}

#[tokio::test]
async fn a_revoked_key_is_dead_when_the_call_returns_and_again_is_no_error() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let writer = server.service_key("writer", &["keybearer:keys.write"]).await;
    let ada = server.person("ada", "user").await;
    for (name, cred) in [("one", &admin), ("two", &writer.pair()), ("three", &writer.bearer())] {
        for key in [server.account_key(&ada.session(), 4).await, server.service_key(name, &[]).await] {
            for _ in 0..2 {
                let answer = post(&server, "/oauth2/revoke", cred, &[("token", &key.token), ("token_type_hint", "refresh_token")]).await;
                answer.expect_text(200, "");
                assert_eq!(answer.header("cache-control"), "no-store");
                assert_eq!(server.verdict(&key.token).await, "REVOKED");
            }
        }
    }
}

#[tokio::test]
async fn every_key_may_give_itself_up() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.person("ada", "user").await;
    let (zero, other) = (server.account_key(&ada.session(), 0).await, server.account_key(&ada.session(), 0).await);
    let service = server.service_key("till", &[]).await;
    assert_error(&revoke(&server, &zero.pair(), &other.token).await, 403, "unauthorized_client");
    assert_error(&revoke(&server, &service.pair(), &other.token).await, 403, "unauthorized_client");
    for key in [zero, service] {
        assert_error(&revoke(&server, &Cred::None, &key.token).await, 401, "invalid_client");
        let wrong = format!("{}:{}", key.id, "0".repeat(64));
        revoke(&server, &key.pair(), &wrong).await.expect_text(200, "");
        assert_eq!(server.verdict(&key.token).await, "VALID", "its id alone does not end it");
        // Elsewhere the rules of the face stay as they are.
        server.delete(&format!("/v1/keys/{}", key.id), &key.pair()).await.expect(403);
        revoke(&server, &key.pair(), &key.token).await.expect_text(200, "");
        assert_eq!(server.verdict(&key.token).await, "REVOKED");
        let events = server.get(&format!("/v1/events?target=key:{}", key.id), &admin).await.expect(200);
        let last = &events["items"][0];
        assert_eq!((&last["action"], &last["actor"]), (&Value::from("key.revoked"), &Value::from(format!("key:{}", key.id))));
        assert_error(&revoke(&server, &key.pair(), &key.token).await, 401, "invalid_client");
    }
    assert_eq!(server.verdict(&other.token).await, "VALID");
}

#[tokio::test]
async fn a_service_key_revokes_no_key_of_more_power() {
    let server = Server::start().await;
    let writer = server.service_key("writer", &["keybearer:keys.write"]).await;
    server.declare("shop", &["sell"]).await;
    let (till, boss) = (server.service_key("till", &["shop:sell"]).await, server.person("boss", "support").await);
    let of_boss = server.account_key(&boss.session(), 1).await;
    for key in [till, of_boss] {
        assert_error(&revoke(&server, &writer.pair(), &key.token).await, 403, "unauthorized_client");
        assert_eq!(server.verdict(&key.token).await, "VALID");
    }
}

#[tokio::test]
async fn what_is_no_key_needs_no_revocation_and_a_session_is_not_said_to_be_over() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.service_key("till", &[]).await;
    let ada = server.person("ada", "user").await;
    let revision = async || server.get("/v1/stats", &admin).await.expect(200)["revision"].clone();
    let before = revision().await;
    for token in [&*format!("{}:{}", key.id, "0".repeat(64)), &key.id, &key.token[1..], "x", "\u{0}", &"x".repeat(60_000)] {
        revoke(&server, &admin, token).await.expect_text(200, "");
    }
    assert_error(&revoke(&server, &admin, &ada.token).await, 400, "unsupported_token_type");
    assert_eq!(revision().await, before);
    server.get("/v1/whoami", &ada.session()).await.expect(200);
    assert_eq!(server.verdict(&key.token).await, "VALID");
}
