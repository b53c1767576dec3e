//! Rights that change without an end of the key: by an edit of the policy, by another policy, by a new role.

use serde_json::{Value, json};

use crate::support::{Cred, Made, Server};

/// What the key may do now, asked on every face: of another service, and of Keybearer itself.
async fn assert_rights(server: &Server, key: &Made, orders: bool, keys: bool) {
    let admin = server.admin().await;
    let question = json!({"key": key.token, "any_of": ["shop:orders.read"]});
    let verdict = server.post("/v1/verify", &admin, question.clone()).await.expect(200);
    assert_eq!(verdict["valid"], orders);
    let batch = server.post("/v1/verify/batch", &admin, json!({"items": [question]})).await.expect(200);
    assert_eq!(batch["results"][0], verdict);
    let explained = server.post("/v1/explain", &admin, json!({"key_id": key.id, "all_of": ["shop:orders.read"]})).await.expect(200);
    assert_eq!(explained["valid"], orders);
    for cred in [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone())] {
        assert_status(server, "/v1/keys", &cred, if keys { 200 } else { 403 }).await;
        let mut expected = Vec::new();
        expected.extend(keys.then_some("keybearer:keys.read"));
        expected.extend(orders.then_some("shop:orders.read"));
        assert_eq!(server.get("/v1/whoami", &cred).await.expect(200)["permissions"], json!(expected));
    }
    assert_status(server, "/api/v1/api_keys", &key.catena(), if keys { 200 } else { 403 }).await;
    assert_status(server, "/api/v1/api_keys/test", &key.catena(), 200).await;
}

async fn assert_status(server: &Server, path: &str, cred: &Cred, status: u16) {
    let answer = server.get(path, cred).await;
    assert_eq!(answer.status, status, "{}: {}", answer.what, answer.text);
}

#[tokio::test]
async fn an_edit_of_the_policy_acts_at_the_very_next_request() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["orders.read"]).await;
    let policy = server.policy("reader", &[]).await;
    let key = server.service_key_with("storefront", &policy).await;
    let edit = async |permissions: Value| {
        let body = json!({"name": "reader", "permissions": permissions});
        server.put(&format!("/v1/policies/{policy}"), &admin, body).await.expect(200);
    };
    assert_rights(&server, &key, false, false).await;
    for _ in 0..3 {
        edit(json!(["shop:orders.read", "keybearer:keys.read"])).await;
        assert_rights(&server, &key, true, true).await;
        edit(json!(["keybearer:keys.read"])).await;
        assert_rights(&server, &key, false, true).await;
        edit(json!(["shop:orders.read"])).await;
        assert_rights(&server, &key, true, false).await;
        let body = json!({"permissions": []});
        server.put(&format!("/api/v1/api_keys/policies/{policy}"), &admin, body).await.expect(200);
        assert_rights(&server, &key, false, false).await;
    }
    let server = server.restart().await;
    assert_rights(&server, &key, false, false).await;
}

#[tokio::test]
async fn another_policy_acts_at_the_very_next_request() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["orders.read"]).await;
    let (orders, keys) = (server.policy("orders", &["shop:orders.read"]).await, server.policy("keys", &["keybearer:keys.read"]).await);
    let key = server.service_key_with("storefront", &orders).await;
    let point_at =
        async |policy: &str| server.patch(&format!("/v1/keys/{}", key.id), &admin, json!({"policy_id": policy})).await.expect(200);
    assert_rights(&server, &key, true, false).await;
    for _ in 0..3 {
        point_at(&keys).await;
        assert_rights(&server, &key, false, true).await;
        server.put(&format!("/api/v1/api_keys/{}", key.id), &admin, json!({"policyId": orders})).await.expect(200);
        assert_rights(&server, &key, true, false).await;
    }
    let server = server.restart().await;
    assert_rights(&server, &key, true, false).await;
}

#[tokio::test]
async fn a_key_that_loses_a_right_cannot_finish_what_it_needed_it_for() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = server.policy("maker", &["keybearer:keys.write"]).await;
    let key = server.service_key_with("maker", &policy).await;
    let make = async |name: &str| server.post("/v1/keys", &key.bearer(), json!({"name": name, "policy_id": policy})).await;
    make("first").await.expect(201);
    server.put(&format!("/v1/policies/{policy}"), &admin, json!({"name": "maker", "permissions": []})).await.expect(200);
    make("second").await.problem(403, "insufficient_permissions");
}

#[tokio::test]
async fn a_higher_role_does_not_lift_the_keys_of_before() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 4).await;
    server.patch(&format!("/v1/accounts/{}", ada.id), &admin, json!({"role": "admin"})).await.expect(200);
    assert_eq!(server.get("/v1/whoami", &key.bearer()).await.expect(200)["level"], 4);
    assert_eq!(server.get("/whoami/key", &key.pair()).await.expect(200)["apikey"]["level"], 4);
    assert_status(&server, "/v1/accounts", &key.bearer(), 403).await;
    assert_status(&server, "/v1/accounts", &ada.session(), 200).await;
}
