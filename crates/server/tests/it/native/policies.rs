//! `/v1/policies`, `/v1/permissions` and the manifests of services.

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn a_policy_is_replaced_only_in_the_version_that_is_known() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = server.policy("reader", &[]).await;
    let path = format!("/v1/policies/{id}");
    let read = server.get(&path, &admin).await;
    let etag = read.header("etag").to_owned();
    assert_eq!(read.expect(200)["permissions"], json!([]));
    let put = |name: &str, etag: &str| server.ask("PUT", &path).header("if-match", etag).json(&json!({"name": name, "permissions": []}));
    let changed = put("writer", &etag).with(&admin).send().await;
    changed.expect(200);
    assert_ne!(changed.header("etag"), etag);
    put("third", &etag).with(&admin).send().await.problem(412, "version_mismatch");
    put("third", "nonsense").with(&admin).send().await.problem(412, "version_mismatch");
    put("third", "*").with(&admin).send().await.expect(200);
    server.ask("DELETE", &path).header("if-match", &etag).with(&admin).send().await.problem(412, "version_mismatch");
    server.delete(&path, &admin).await.expect(204);
    server.get(&path, &admin).await.problem(404, "policy_not_found");
}

#[tokio::test]
async fn a_manifest_is_whole_and_idempotent() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "write"]).await;
    let policy = server.policy("reader", &["shop:read"]).await;
    let before = server.get("/v1/stats", &admin).await.expect(200)["revision"].clone();
    server.declare("shop", &["read", "write"]).await;
    assert_eq!(server.get("/v1/stats", &admin).await.expect(200)["revision"], before);

    // `read` stays granted, `write` is forgotten, and neither can be granted anew.
    server.declare("shop", &["sell"]).await;
    let list = server.get("/v1/permissions", &admin).await.expect(200);
    let shop: Vec<_> = list["items"].as_array().unwrap().iter().filter(|one| one["service"] == "shop").collect();
    assert_eq!(
        shop.iter().map(|one| (one["name"].as_str().unwrap(), one["declared"].as_bool().unwrap())).collect::<Vec<_>>(),
        [("read", false), ("sell", true)]
    );
    assert_eq!(shop[1]["description"], "To sell");
    let key = server.service_key_with("key", &policy).await;
    let body = json!({"key": key.token, "any_of": ["shop:read"]});
    assert_eq!(server.post("/v1/verify", &admin, body).await.expect(200)["valid"], true);
    server.post("/v1/policies", &admin, json!({"name": "new", "permissions": ["shop:read"]})).await.problem(422, "unknown_permission");
    let kept = json!({"name": "reader", "permissions": ["shop:read", "shop:sell"]});
    server.put(&format!("/v1/policies/{policy}"), &admin, kept).await.expect(200);
}
