//! `/api/v1/api_keys`.

use serde_json::json;

use super::{NOBODY, ROOT, create_key, create_policy, names, refusal, text};
use crate::support::{SECOND, Server};

#[tokio::test]
async fn a_key_from_creation_to_deletion() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = create_policy(&server, &admin, "reader", &["keybearer:policies.read"]).await;
    let answer = server.post(ROOT, &admin, json!({"name": "storefront", "policyId": policy})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.expect(200);
    let (id, token) = (text(&body["apiKey"]["id"]), text(&body["apiKey"]["key"]));
    assert!(token.starts_with("kb_") && token.len() == 75);
    let mut key = json!({
        "key": token,
        "id": id,
        "name": "storefront",
        "createdOn": "2026-01-01T00:00:00.000Z",
        "policy": {"id": policy, "name": "reader", "permissions": ["keybearer:policies.read"], "createdBy": "account:1"},
        "createdBy": "account:1",
    });
    assert_eq!(body, json!({"apiKey": key}));

    server.advance(SECOND);
    let cred = crate::support::Cred::CatenaKey(token);
    server.get("/api/v1/api_keys/test", &cred).await.expect(200);
    key["key"] = json!(id);
    key["lastUsedOn"] = json!("2026-01-01T00:00:01.000Z");
    assert_eq!(server.get(ROOT, &admin).await.expect(200), json!({"apiKeys": [key]}));

    let path = format!("{ROOT}/{id}");
    assert_eq!(server.delete(&path, &admin).await.expect(200), json!({"apiKeyDeleted": true}));
    refusal(&server.get("/api/v1/api_keys/test", &cred).await, 401, 16);
    assert_eq!(server.get(ROOT, &admin).await.expect(200), json!({"apiKeys": []}));
    assert_eq!(server.delete(&path, &admin).await.expect(200), json!({"apiKeyDeleted": false}));
    refusal(&server.put(&path, &admin, json!({"name": "again"})).await, 404, 5);
    create_key(&server, &admin, "storefront", &policy).await;
    let server = server.restart().await;
    refusal(&server.get("/api/v1/api_keys/test", &cred).await, 401, 16);
}

#[tokio::test]
async fn another_policy_gives_other_rights_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let weak = create_policy(&server, &admin, "weak", &[]).await;
    let strong = create_policy(&server, &admin, "strong", &["keybearer:keys.read"]).await;
    let key = create_key(&server, &admin, "k", &weak).await;
    let path = format!("{ROOT}/{}", key.id);
    refusal(&server.get(ROOT, &key.catena()).await, 403, 7);
    let body = server.put(&path, &admin, json!({"policyId": strong})).await.expect(200);
    assert_eq!((&body["apiKey"]["name"], &body["apiKey"]["policy"]["name"]), (&json!("k"), &json!("strong")));
    assert_eq!(body["apiKey"]["key"], key.id);
    server.get(ROOT, &key.catena()).await.expect(200);
    server.put(&path, &admin, json!({"policy_id": weak, "name": "renamed"})).await.expect(200);
    refusal(&server.get(ROOT, &key.catena()).await, 403, 7);
    assert_eq!(names(&server, &admin).await, ["renamed"]);
    server.put(&path, &admin, json!({})).await.expect(200);
    assert_eq!(names(&server, &admin).await, ["renamed"]);
}

#[tokio::test]
async fn a_key_needs_a_name_and_a_policy() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for body in [
        json!({"name": "k"}),
        json!({"name": "k", "policyId": ""}),
        json!({"name": "k", "policyId": NOBODY}),
        json!({"name": "k", "policyId": "p"}),
    ] {
        let message = refusal(&server.post(ROOT, &admin, body).await, 400, 3);
        assert!(message.contains("policy_id"), "{message}");
    }
    let policy = create_policy(&server, &admin, "p", &[]).await;
    for name in [None, Some(String::new()), Some(" ".into()), Some("a\u{0}b".into()), Some("a\nb".into()), Some("n".repeat(201))] {
        let message = refusal(&server.post(ROOT, &admin, json!({"name": name, "policyId": policy})).await, 400, 3);
        assert!(message.contains("name"), "{message}");
    }
    let key = create_key(&server, &admin, "k", &policy).await;
    let path = format!("{ROOT}/{}", key.id);
    refusal(&server.put(&path, &admin, json!({"policyId": NOBODY})).await, 400, 3);
    refusal(&server.put(&path, &admin, json!({"policyId": ""})).await, 400, 3);
    refusal(&server.put(&path, &admin, json!({"name": ""})).await, 400, 3);
    assert_eq!(names(&server, &admin).await, ["k"]);
}

#[tokio::test]
async fn names_are_unique_in_any_case_and_width() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = create_policy(&server, &admin, "p", &[]).await;
    create_key(&server, &admin, "Key", &policy).await;
    for name in ["Key", "key", " KEY ", "Ｋｅｙ"] {
        refusal(&server.post(ROOT, &admin, json!({"name": name, "policyId": policy})).await, 409, 6);
    }
    let other = create_key(&server, &admin, "other", &policy).await;
    refusal(&server.put(&format!("{ROOT}/{}", other.id), &admin, json!({"name": "kEY"})).await, 409, 6);
}

#[tokio::test]
async fn keys_of_people_are_absent() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 4).await;
    assert_eq!(names(&server, &admin).await, [] as [String; 0]);
    let path = format!("{ROOT}/{}", key.id);
    refusal(&server.put(&path, &admin, json!({"name": "mine"})).await, 404, 5);
    assert_eq!(server.delete(&path, &admin).await.expect(200), json!({"apiKeyDeleted": false}));
    assert_eq!(server.verdict(&key.token).await, "VALID");
}

#[tokio::test]
async fn what_is_not_there() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for id in [NOBODY, "1", "no-key", "%00"] {
        assert_eq!(server.delete(&format!("{ROOT}/{id}"), &admin).await.expect(200), json!({"apiKeyDeleted": false}));
        refusal(&server.put(&format!("{ROOT}/{id}"), &admin, json!({"name": "k"})).await, 404, 5);
    }
}

#[tokio::test]
async fn a_full_key_in_the_path_is_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.service_key("k", &[]).await;
    let path = format!("{ROOT}/{}", key.token);
    let message = refusal(&server.delete(&path, &admin).await, 400, 3);
    assert!(message.contains(&key.id) && !message.contains(&key.token), "{message}");
    refusal(&server.put(&path, &admin, json!({"name": "l"})).await, 400, 3);
    server.get("/api/v1/api_keys/test", &key.catena()).await.expect(200);
}

#[tokio::test]
async fn a_service_key_acts_within_its_own_power() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "write"]).await;
    let key = server.service_key("deployer", &["keybearer:keys.write", "shop:read"]).await;
    let (within, beyond) = (server.policy("within", &["shop:read"]).await, server.policy("beyond", &["shop:write"]).await);
    let made = create_key(&server, &key.catena(), "made", &within).await;
    let shown = server.get(ROOT, &admin).await.expect(200);
    let shown = shown["apiKeys"].as_array().unwrap().iter().find(|shown| shown["id"] == made.id).unwrap();
    assert_eq!(shown["createdBy"], format!("key:{}", key.id));
    refusal(&server.post(ROOT, &key.catena(), json!({"name": "more", "policyId": beyond})).await, 403, 7);
    refusal(&server.put(&format!("{ROOT}/{}", made.id), &key.catena(), json!({"policyId": beyond})).await, 403, 7);
    let strong = create_key(&server, &admin, "strong", &beyond).await;
    refusal(&server.delete(&format!("{ROOT}/{}", strong.id), &key.catena()).await, 403, 7);
    refusal(&server.get(ROOT, &key.catena()).await, 403, 7);
    assert_eq!(server.delete(&format!("{ROOT}/{}", made.id), &key.catena()).await.expect(200), json!({"apiKeyDeleted": true}));
}
