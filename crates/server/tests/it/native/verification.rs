//! `/v1/verify`, its batch, and `/v1/explain`.

use serde_json::{Value, json};

use crate::support::{Server, made};

#[tokio::test]
async fn the_answer_tells_what_a_service_needs_to_know() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let account = json!({"username": "Ada", "external_id": "u-7", "role": "user"});
    let owner = server.post("/v1/accounts", &admin, account).await.expect(201)["id"].clone();
    let body = json!({"name": "ci", "level": 3, "owner": owner, "expires_in": 60, "metadata": {"plan": "pro"}});
    let key = made(&server.post("/v1/keys", &admin, body).await.expect(201));
    let verdict = server.post("/v1/verify", &admin, json!({"key": key.token, "level": 3})).await.expect(200);
    assert_eq!(
        verdict,
        json!({"valid": true, "code": "VALID", "key": {
            "id": key.id, "kind": "account", "name": "ci", "owner": owner, "external_id": "u-7", "level": 3, "metadata": {"plan": "pro"},
            "expires_at": "2026-01-01T00:01:00.000Z",
        }})
    );
    let verdict = server.post("/v1/verify", &admin, json!({"key": key.token, "level": 4})).await.expect(200);
    assert_eq!((&verdict["code"], &verdict["missing"]), (&json!("INSUFFICIENT_LEVEL"), &json!({"level": 4})));
    let verdict = server.post("/v1/verify", &admin, json!({"key": key.token, "kind": "service"})).await.expect(200);
    assert_eq!((&verdict["code"], &verdict["missing"]), (&json!("INSUFFICIENT_PERMISSIONS"), &json!({"kind": "service"})));
    let stranger = server.post("/v1/verify", &admin, json!({"key": format!("{}:{}", key.id, "0".repeat(64))})).await.expect(200);
    assert_eq!(stranger, json!({"valid": false, "code": "NOT_FOUND"}));
    assert_eq!(server.post("/v1/verify", &admin, json!({"key": "hello"})).await.expect(200), json!({"valid": false, "code": "MALFORMED"}));
}

#[tokio::test]
async fn requirements_that_no_key_can_meet_are_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for body in [
        json!({"key": "x", "level": 3, "any_of": ["shop:read"]}),
        json!({"key": "x", "level": 3, "kind": "service"}),
        json!({"key": "x", "all_of": ["shop:read"], "kind": "account"}),
        json!({"key": "x", "level": 9}),
        json!({"key": "x", "any_of": ["read"]}),
    ] {
        server.post("/v1/verify", &admin, body).await.problem(422, "invalid");
    }
    server.post("/v1/verify", &admin, json!({"key": "x", "kind": "robot"})).await.problem(400, "malformed");
}

#[tokio::test]
async fn a_batch_is_answered_in_order() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 3).await;
    let items = json!([{"key": key.token}, {"key": "nonsense"}, {"key": key.token, "level": 8}]);
    let answers = server.post("/v1/verify/batch", &admin, json!({"items": items})).await.expect(200);
    let codes: Vec<&Value> = answers["results"].as_array().unwrap().iter().map(|answer| &answer["code"]).collect();
    assert_eq!(codes, ["VALID", "MALFORMED", "INSUFFICIENT_LEVEL"]);
    server.post("/v1/verify/batch", &admin, json!({"items": []})).await.problem(422, "invalid");
    let many: Vec<Value> = (0..1001).map(|_| json!({"key": "x"})).collect();
    server.post("/v1/verify/batch", &admin, json!({"items": many})).await.problem(422, "invalid");
    let wrong = json!({"items": [{"key": "x"}, {"key": "x", "level": 9}]});
    assert_eq!(server.post("/v1/verify/batch", &admin, wrong).await.problem(422, "invalid")["errors"][0]["pointer"], "/items/1/level");
    let large: Vec<Value> = (0..1000).map(|_| json!({"key": "x".repeat(300)})).collect();
    server.post("/v1/verify/batch", &admin, json!({"items": large})).await.problem(413, "too_large");
}

#[tokio::test]
async fn an_explanation_needs_no_secret() {
    let server = Server::start().await;
    server.declare("shop", &["read", "write"]).await;
    let key = server.service_key("till", &["shop:read"]).await;
    let body = json!({"key_id": key.id, "any_of": ["shop:write", "shop:read"]});
    let told = server.post("/v1/explain", &server.admin().await, body).await.expect(200);
    assert_eq!((&told["valid"], &told["granted_by"]), (&json!(true), &json!("shop:read")));
    assert_eq!(
        told["why"],
        json!([
            "The key is neither revoked nor expired.",
            "Its policy \"policy of till\" grants 1 permissions.",
            "Accepted: the policy grants shop:read."
        ])
    );
    let body = json!({"key_id": key.id, "all_of": ["shop:write", "shop:read"]});
    let told = server.post("/v1/explain", &server.admin().await, body).await.expect(200);
    assert_eq!(told["missing"], json!({"all_of": ["shop:write"]}));
}
