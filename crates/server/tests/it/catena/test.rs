//! `GET /api/v1/api_keys/test`.

use serde_json::json;

use super::{ROOT, refusal};
use crate::support::{Cred, DAY, SECOND, Server, made};

const TEST: &str = "/api/v1/api_keys/test";

#[tokio::test]
async fn any_valid_service_key_will_do() {
    let server = Server::start().await;
    let key = server.service_key("storefront", &[]).await;
    let answer = server.get(TEST, &key.catena()).await;
    assert_eq!(answer.expect(200), json!({}));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test]
async fn nothing_else_will() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "user").await;
    let of_a_person = server.account_key(&ada.session(), 4).await;
    let key = server.service_key("storefront", &[]).await;

    refusal(&server.get(TEST, &Cred::None).await, 401, 16);
    refusal(&server.get(TEST, &admin).await, 401, 16);
    refusal(&server.get(TEST, &key.bearer()).await, 401, 16);
    refusal(&server.get(TEST, &key.pair()).await, 401, 16);
    refusal(&server.get(TEST, &Cred::XApiKey(key.token.clone())).await, 401, 16);
    refusal(&server.get(TEST, &Cred::CatenaSession(key.token.clone())).await, 401, 16);
    refusal(&server.get(TEST, &of_a_person.catena()).await, 403, 7);
}

#[tokio::test]
async fn a_key_counts_until_it_expires_and_then_is_still_shown() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = server.policy("nothing", &[]).await;
    let body = json!({"name": "for an hour", "policy_id": policy, "expires_in": 3600});
    let key = made(&server.post("/v1/keys", &admin, body).await.expect(201));
    server.advance(3600 * SECOND - 1);
    server.get(TEST, &key.catena()).await.expect(200);
    server.advance(1);
    assert!(refusal(&server.get(TEST, &key.catena()).await, 401, 16).contains("expired"));
    let shown = server.get(ROOT, &admin).await.expect(200);
    assert_eq!(shown["apiKeys"][0]["id"], key.id);
}

#[tokio::test]
async fn a_key_of_this_face_does_not_expire() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = super::create_policy(&server, &admin, "nothing", &[]).await;
    let key = super::create_key(&server, &admin, "for ever", &policy).await;
    server.advance(10_000 * DAY);
    server.get(TEST, &key.catena()).await.expect(200);
}
