//! What is told of a token.

use keybearer_core::role::{Level, Roles};
use serde_json::{Value, json};

use super::{introspect, post};
use crate::support::{NOW, SECOND, Server, made};

#[tokio::test]
async fn a_good_key_is_told_in_the_names_of_the_standard() {
    let server = Server::start().await;
    let gateway = server.service_key("gateway", &["keybearer:verify"]).await;
    let ada = server.person("ada", "user").await;
    let own = server.account_key(&ada.session(), 3).await;
    server.declare("shop", &["sell", "buy"]).await;
    let service = server.service_key("till", &["shop:sell", "shop:buy"]).await;
    let bare = server.service_key("bare", &[]).await;
    let now = NOW.0 / SECOND;
    let of_person = json!({
        "active": true, "scope": "level:0 level:1 level:2 level:3", "client_id": own.id, "username": "ada", "token_type": "Bearer",
        "exp": now + 30 * 86_400, "iat": now, "sub": format!("account:{}", ada.id), "jti": own.id,
    });
    let mut of_service = json!({
        "active": true, "scope": "shop:buy shop:sell", "client_id": service.id, "token_type": "Bearer", "iat": now, "sub": service.id,
        "jti": service.id,
    });
    let of_bare = json!({"active": true, "client_id": bare.id, "token_type": "Bearer", "iat": now, "sub": bare.id, "jti": bare.id});
    for text in [&own.token, &format!("{}:{}", own.id, own.secret)] {
        assert_eq!(introspect(&server, &gateway.pair(), text).await, of_person);
    }
    assert_eq!(introspect(&server, &gateway.pair(), &service.token).await, of_service);
    assert_eq!(introspect(&server, &gateway.pair(), &bare.token).await, of_bare);
    for hint in ["access_token", "refresh_token", "unheard_of", ""] {
        let fields = [("token", &*service.token), ("token_type_hint", hint), ("something", "else")];
        assert_eq!(post(&server, "/oauth2/introspect", &gateway.pair(), &fields).await.expect(200), of_service, "{hint}");
    }
    let server = server.restart_with(|config| config.public_url = Some("https://keys.example.org".into())).await;
    of_service["iss"] = "https://keys.example.org".into();
    assert_eq!(introspect(&server, &gateway.pair(), &service.token).await, of_service);
}

#[tokio::test]
async fn a_key_ends_no_later_than_its_last_whole_second() {
    let server = Server::start().await;
    server.advance(999);
    let admin = server.admin().await;
    let key = made(&server.post("/v1/keys", &admin, json!({"name": "short", "level": 0, "expires_in": 60})).await.expect(201));
    let told = introspect(&server, &admin, &key.token).await;
    assert_eq!((told["iat"].as_i64(), told["exp"].as_i64()), (Some(NOW.0 / SECOND), Some(NOW.0 / SECOND + 60)));
    server.advance(60 * SECOND - 1);
    assert_eq!(introspect(&server, &admin, &key.token).await["active"], true);
    server.advance(1);
    assert_eq!(introspect(&server, &admin, &key.token).await, json!({"active": false}));
}

#[tokio::test]
async fn the_scope_has_the_level_that_is_in_force() {
    let roles = |level| Roles::default().with("auditor", Level::new(level).unwrap()).unwrap();
    let server = Server::start_with(|config| config.roles = roles(6)).await;
    let admin = server.account_key(&server.admin().await, 8).await;
    let eve = server.person("eve", "auditor").await;
    let key = server.account_key(&eve.session(), 5).await;
    assert_eq!(introspect(&server, &admin.pair(), &key.token).await["scope"], "level:0 level:1 level:2 level:3 level:4 level:5");
    let server = server.restart_with(|config| config.roles = roles(1)).await;
    assert_eq!(introspect(&server, &admin.pair(), &key.token).await["scope"], "level:0 level:1");
}

#[tokio::test]
async fn of_all_other_tokens_nothing_is_told_but_that_they_are_not_active() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let gateway = server.service_key("gateway", &["keybearer:verify"]).await;
    let ada = server.person("ada", "user").await;
    let [revoked, locked] = [server.account_key(&ada.session(), 3).await, server.account_key(&ada.session(), 3).await];
    server.delete(&format!("/v1/keys/{}", revoked.id), &admin).await.expect(204);
    let short: Value = server.post("/v1/keys", &admin, json!({"name": "short", "level": 1, "expires_in": 1})).await.expect(201);
    server.advance(SECOND);
    assert_eq!(introspect(&server, &gateway.pair(), &locked.token).await["active"], true);
    server.patch(&format!("/v1/accounts/{}", ada.id), &admin, json!({"status": "locked"})).await.expect(200);
    let token = &gateway.token;
    for token in [
        &*revoked.token,
        &locked.token,
        short["token"].as_str().unwrap(),
        &format!("{}:{}", gateway.id, "0".repeat(64)),
        &gateway.id,
        &format!("{token} "),
        &token[..token.len() - 1],
        &ada.token,
        "x",
        "\u{0}",
        "\u{fdfa}",
        &"x".repeat(60_000),
    ] {
        assert_eq!(introspect(&server, &gateway.pair(), token).await, json!({"active": false}), "{token:?}");
    }
}

#[tokio::test]
async fn an_introspection_counts_as_a_use_and_as_a_verification() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.service_key("till", &[]).await;
    let path = format!("/v1/keys/{}", key.id);
    assert_eq!(server.get(&path, &admin).await.expect(200)["last_used_at"], Value::Null);
    server.advance(SECOND);
    introspect(&server, &admin, &key.token).await;
    introspect(&server, &admin, "x").await;
    assert_eq!(server.get(&path, &admin).await.expect(200)["last_used_at"], "2026-01-01T00:00:01.000Z");
    let metrics = server.get("/metrics", &admin).await.text;
    for counted in [
        "keybearer_verifications_total{kind=\"introspect\",outcome=\"VALID\"} 1",
        "keybearer_verifications_total{kind=\"introspect\",outcome=\"MALFORMED\"} 1",
        "http_route=\"/oauth2/introspect\"",
    ] {
        assert!(metrics.contains(counted), "{counted} in {metrics}");
    }
}
