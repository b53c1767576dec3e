//! What cannot be read, and what is not there.

use serde_json::json;

use super::{NOBODY, POLICIES, ROOT, refusal};
use crate::support::{Cred, Server};

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let deep = "[".repeat(60_000);
    let deep_field = format!(r#"{{"name":{deep}"#);
    let bodies: [(&str, &[u8]); 16] = [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b"{} {}"),
        ("application/json", b"[]"),
        ("application/json", b"null"),
        ("application/json", b"\"name\""),
        ("application/json", b"{\"name\":\"a\xff\"}"),
        ("application/json", br#"{"name":"a","name":"b"}"#),
        ("application/json", br#"{"name":5}"#),
        ("application/json", br#"{"name":["a"]}"#),
        ("application/json", br#"{"name":"a","level":3}"#),
        ("application/json", deep.as_bytes()),
        ("application/json", deep_field.as_bytes()),
        ("text/plain", br#"{"name":"a"}"#),
        ("application/json; charset=utf-16", br#"{"name":"a"}"#),
        ("application/x-www-form-urlencoded", b"name=a"),
    ];
    let put = [format!("{POLICIES}/{NOBODY}"), format!("{ROOT}/{NOBODY}")];
    for (content_type, body) in bodies {
        for (method, path) in [("POST", ROOT), ("POST", POLICIES), ("PUT", &put[0]), ("PUT", &put[1])] {
            let answer = server.ask(method, path).with(&admin).body(content_type, body.to_vec()).send().await;
            refusal(&answer, 400, 3);
        }
    }
    let twice = r#"{"name":"a","policyId":"b","policy_id":"c"}"#;
    refusal(&server.ask("POST", ROOT).with(&admin).body("application/json", twice).send().await, 400, 3);
    refusal(&server.post(POLICIES, &admin, json!({"name": "a", "permissions": "shop:read"})).await, 400, 3);
    refusal(&server.post(POLICIES, &admin, json!({"name": "a", "permissions": [null]})).await, 400, 3);
    let compressed = server.ask("POST", POLICIES).with(&admin).header("content-encoding", "gzip").body("application/json", "{}");
    refusal(&compressed.send().await, 400, 3);
    let untyped = server.ask("POST", POLICIES).with(&admin).header("content-length", "0");
    refusal(&untyped.send().await, 400, 3);
    assert_eq!(server.get(POLICIES, &admin).await.expect(200), json!({"policies": []}));
    assert_eq!(server.get(ROOT, &admin).await.expect(200), json!({"apiKeys": []}));
}

#[tokio::test]
async fn bodies_beyond_the_limit() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let fits = json!({"name": "n".repeat(64 * 1024 - 11)});
    let message = refusal(&server.post(POLICIES, &admin, fits).await, 400, 3);
    assert!(message.contains("200 characters"), "{message}");
    for size in [64 * 1024 - 10, 1024 * 1024] {
        refusal(&server.post(POLICIES, &admin, json!({"name": "n".repeat(size)})).await, 413, 11);
    }
}

#[tokio::test]
async fn values_that_are_sent_are_not_sent_back() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.service_key("k", &[]).await;
    let answer = server.post(POLICIES, &admin, json!({"name": "p", "permissions": {"token": key.token}})).await;
    assert!(!refusal(&answer, 400, 3).contains(&key.token));
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there() {
    let server = Server::start().await;
    let answer = server.delete(ROOT, &Cred::None).await;
    refusal(&answer, 405, 12);
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let answer = server.post(&format!("{ROOT}/test"), &Cred::None, json!({})).await;
    refusal(&answer, 405, 12);
    assert_eq!(answer.header("allow"), "GET,HEAD");
    let answer = server.get(&format!("{ROOT}/{NOBODY}"), &Cred::None).await;
    refusal(&answer, 405, 12);
    assert_eq!(answer.header("allow"), "PUT,DELETE");
    refusal(&server.get("/api/v1/api_keys/a/b", &Cred::None).await, 404, 5);
    refusal(&server.get(&format!("{POLICIES}/a/b/c"), &Cred::None).await, 404, 5);
    refusal(&server.ask("DELETE", &format!("{ROOT}/%FF")).with(&server.admin().await).send().await, 400, 3);
}
