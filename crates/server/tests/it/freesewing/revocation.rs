//! Each event after which all keys of an account are dead: at the next request, after it is undone, and after a restart.

use serde_json::{Value, json};

use super::{create, fails, key, listed, read, whoami};
use crate::support::{Cred, PASSWORD, Server};

/// An event, and what undoes it, both as changes of the account by an administrator.
async fn kills(event: Value, undo: Value) {
    let server = Server::start().await;
    let (admin, ada, bob) = (server.admin().await, server.person("Ada", "support").await, server.person("Bob", "user").await);
    let keys = [key(&server, &ada.session(), 0).await, key(&server, &ada.session(), 4).await, key(&server, &ada.session(), 6).await];
    let of_bob = key(&server, &bob.session(), 4).await;
    let account = format!("/v1/accounts/{}", ada.id);
    let dead = async |server: &Server| {
        for key in &keys {
            fails(&whoami(server, &key.pair()).await, 403, "authenticationFailed");
            fails(&create(server, &key.pair(), json!({"name": "n", "level": 0})).await, 403, "authenticationFailed");
        }
        fails(&whoami(server, &ada.session()).await, 403, "authenticationFailed");
        whoami(server, &of_bob.pair()).await.expect(200);
    };
    server.patch(&account, &admin, event).await.expect(200);
    dead(&server).await;
    server.patch(&account, &admin, undo).await.expect(200);
    dead(&server).await;
    let server = server.restart().await;
    dead(&server).await;
    let session = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    assert!(listed(&server, &session).await.is_empty());
    let fresh = key(&server, &session, 4).await;
    whoami(&server, &fresh.pair()).await.expect(200);
}

#[tokio::test]
async fn a_downgraded_role() {
    kills(json!({"role": "user"}), json!({"role": "support"})).await;
}

#[tokio::test]
async fn a_locked_account() {
    kills(json!({"status": "locked"}), json!({"status": "active"})).await;
}

#[tokio::test]
async fn a_blocked_account() {
    kills(json!({"status": "blocked"}), json!({"status": "active"})).await;
}

#[tokio::test]
async fn a_withdrawn_consent() {
    kills(json!({"consent": false}), json!({"consent": true})).await;
}

#[tokio::test]
async fn a_deleted_account_and_one_of_excessive_use() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for (username, method, path, body) in
        [("Ada", "DELETE", "", None), ("Bob", "POST", "/revoke-keys", Some(json!({"reason": "a request a millisecond"})))]
    {
        let person = server.person(username, "user").await;
        let own = key(&server, &person.session(), 4).await;
        let ask = server.ask(method, &format!("/v1/accounts/{}{path}", person.id)).with(&admin);
        let answer = if let Some(body) = body { ask.json(&body).send().await } else { ask.send().await };
        assert!(answer.status.is_success(), "{}: {}", answer.what, answer.text);
        fails(&whoami(&server, &own.pair()).await, 403, "authenticationFailed");
        fails(&whoami(&server, &person.session()).await, 403, "authenticationFailed");
        fails(&read(&server, &admin, &own.id).await, 404, "apikeyNotFound");
    }
}

#[tokio::test]
async fn a_higher_role_kills_nothing() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let own = key(&server, &ada.session(), 4).await;
    server.patch(&format!("/v1/accounts/{}", ada.id), &server.admin().await, json!({"role": "support"})).await.expect(200);
    assert_eq!(whoami(&server, &own.pair()).await.expect(200)["apikey"]["level"], 4);
    assert_eq!(whoami(&server, &ada.session()).await.expect(200)["account"]["level"], 6);
}
