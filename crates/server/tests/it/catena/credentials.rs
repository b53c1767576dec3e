//! Who may call, and by which header.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::json;

use super::{POLICIES, ROOT, refusal};
use crate::support::{Cred, DAY, Server};

#[tokio::test]
async fn a_key_has_one_carrier() {
    let server = Server::start().await;
    let of_a_person = server.account_key(&server.admin().await, 8).await;
    let of_a_service = server.service_key("k", &["keybearer:keys.read"]).await;
    for key in [of_a_person, of_a_service] {
        for cred in [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone()), Cred::CatenaSession(key.token.clone())] {
            let message = refusal(&server.get(ROOT, &cred).await, 401, 16);
            assert!(message.contains("catena-api-key"), "{message}");
        }
    }
}

#[tokio::test]
async fn declaring_permissions_is_not_reading_them_here() {
    let server = Server::start().await;
    let key = server.service_key("declarer", &["keybearer:permissions.declare"]).await;
    let message = refusal(&server.get("/api/v1/api_keys/permissions", &key.catena()).await, 403, 7);
    assert!(message.contains("keybearer:policies.read"), "{message}");
}

#[tokio::test]
async fn a_bad_credential_is_no_credential() {
    let server = Server::start().await;
    let key = server.service_key("k", &["keybearer:keys.read"]).await;
    let mut mistyped = key.token.clone();
    mistyped.replace_range(74..75, if mistyped.ends_with('0') { "1" } else { "0" });
    let other = server.service_key("other", &[]).await;
    server.delete(&format!("{ROOT}/{}", other.id), &server.admin().await).await.expect(200);
    let none = |claims: &str| format!("{}.{}.", BASE64.encode(r#"{"alg":"none","typ":"JWT"}"#), BASE64.encode(claims));
    let creds = [
        Cred::CatenaKey(mistyped),
        Cred::CatenaKey(String::new()),
        Cred::CatenaKey(key.id.clone()),
        Cred::CatenaKey(format!("{}:{}", key.id, key.secret)),
        other.catena(),
        Cred::CatenaSession("session".into()),
        Cred::CatenaSession(none(r#"{"sub":"1","sid":"00000000-0000-4000-8000-000000000000","exp":9999999999,"iat":0}"#)),
        Cred::Bearer(none(r#"{"sub":"1","sid":"00000000-0000-4000-8000-000000000000","exp":"9999999999","iat":0}"#)),
    ];
    for cred in creds {
        refusal(&server.get(ROOT, &cred).await, 401, 16);
        refusal(&server.get("/api/v1/api_keys/test", &cred).await, 401, 16);
    }
    refusal(&server.ask("GET", ROOT).header("authorization", "Basic bm9jb2xvbg==").send().await, 401, 16);
    refusal(&server.ask("GET", ROOT).header("catena-api-key", b"\xff").send().await, 401, 16);
}

#[tokio::test]
async fn two_credentials_are_never_merged() {
    let server = Server::start().await;
    let key = server.service_key("k", &["keybearer:keys.read"]).await;
    let Cred::Bearer(session) = server.admin().await else { panic!("a session") };
    let twice = server.ask("GET", ROOT).with(&key.catena()).with(&key.catena());
    refusal(&twice.send().await, 400, 3);
    let both = server.ask("GET", ROOT).with(&Cred::CatenaSession(session.clone())).with(&key.catena());
    refusal(&both.send().await, 400, 3);
    let elsewhere = server.ask("GET", ROOT).with(&Cred::Bearer(session)).with(&Cred::XApiKey(key.token.clone()));
    refusal(&elsewhere.send().await, 400, 3);
}

#[tokio::test]
async fn sessions_end() {
    let server = Server::start().await;
    let root = server.person("root", "admin").await;
    let cred = Cred::CatenaSession(root.token.clone());
    server.get(POLICIES, &cred).await.expect(200);
    server.patch(&format!("/v1/accounts/{}", root.id), &server.admin().await, json!({"status": "blocked"})).await.expect(200);
    refusal(&server.get(POLICIES, &cred).await, 401, 16);
    let admin = server.admin().await;
    server.advance(DAY);
    assert!(refusal(&server.get(POLICIES, &admin).await, 401, 16).contains("expired"));
}

#[tokio::test]
async fn only_who_is_known_hears_what_is_wrong_with_the_body() {
    let server = Server::start().await;
    refusal(&server.ask("POST", ROOT).body("application/json", "{").send().await, 401, 16);
    refusal(&server.ask("POST", ROOT).with(&server.admin().await).body("application/json", "{").send().await, 400, 3);
}
