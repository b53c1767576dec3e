//! `GET /api/v1/api_keys/permissions`, and how permissions are named.

use serde_json::{Value, json};

use super::{POLICIES, refusal};
use crate::support::Server;

const PERMISSIONS: &str = "/api/v1/api_keys/permissions";

#[tokio::test]
async fn the_example_of_the_seed() {
    let server = Server::start().await;
    server.declare("match-broker", &["game_server_match"]).await;
    let body = server.get(PERMISSIONS, &server.admin().await).await.expect(200);
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["permissions"]);
    let permissions = body["permissions"].as_array().unwrap();
    assert!(permissions.contains(&json!({"name": "match-broker:game_server_match", "description": "To game_server_match"})));
    assert!(permissions.iter().any(|permission| permission["name"] == "keybearer:keys.read"));
}

#[tokio::test]
async fn what_is_no_longer_declared_is_no_longer_offered() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "write"]).await;
    let policy = server.policy("all", &["shop:read", "shop:write"]).await;
    server.declare("shop", &["read"]).await;
    let body = server.get(PERMISSIONS, &admin).await.expect(200);
    let offered: Vec<&Value> = body["permissions"].as_array().unwrap().iter().map(|permission| &permission["name"]).collect();
    assert!(offered.contains(&&json!("shop:read")) && !offered.contains(&&json!("shop:write")));

    // What is granted may stay granted, by its full name.
    let put = json!({"permissions": ["shop:write", "read"]});
    let body = server.put(&format!("{POLICIES}/{policy}"), &admin, put).await.expect(200);
    assert_eq!(body["policy"]["permissions"], json!(["shop:read", "shop:write"]));
    refusal(&server.put(&format!("{POLICIES}/{policy}"), &admin, json!({"permissions": ["write"]})).await, 400, 3);
}

#[tokio::test]
async fn a_bare_name_means_what_exactly_one_service_declares() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "orders/refund"]).await;
    let body = server.post(POLICIES, &admin, json!({"name": "one", "permissions": ["orders/refund", "read"]})).await.expect(200);
    assert_eq!(body["policy"]["permissions"], json!(["shop:orders/refund", "shop:read"]));

    server.declare("mail", &["read"]).await;
    let message = refusal(&server.post(POLICIES, &admin, json!({"name": "two", "permissions": ["read"]})).await, 400, 3);
    assert!(message.contains("permissions/0") && message.contains("mail:read") && message.contains("shop:read"), "{message}");
    let body = server.post(POLICIES, &admin, json!({"name": "two", "permissions": ["mail:read"]})).await.expect(200);
    assert_eq!(body["policy"]["permissions"], json!(["mail:read"]));
}

#[tokio::test]
async fn a_bare_name_never_means_one_of_keybearers_own() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let message = refusal(&server.post(POLICIES, &admin, json!({"name": "p", "permissions": ["keys.write"]})).await, 400, 3);
    assert!(message.contains("keybearer:keys.write"), "{message}");
    server.declare("locksmith", &["keys.write"]).await;
    let body = server.post(POLICIES, &admin, json!({"name": "p", "permissions": ["keys.write"]})).await.expect(200);
    assert_eq!(body["policy"]["permissions"], json!(["locksmith:keys.write"]));
}

#[tokio::test]
async fn unknown_ones_are_refused_and_nothing_is_written() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["nobody:declares", "declares", "", ":", "a:b:c", "shop:", "with space", "\u{0}"] {
        let message = refusal(&server.post(POLICIES, &admin, json!({"name": "p", "permissions": [name]})).await, 400, 3);
        assert!(message.contains("declare") || message.contains("permissions/0"), "{message}");
    }
    refusal(&server.post(POLICIES, &admin, json!({"name": "p", "permissions": vec!["a:b"; 201]})).await, 400, 3);
    assert_eq!(server.get(POLICIES, &admin).await.expect(200), json!({"policies": []}));
}
