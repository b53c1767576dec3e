//! `GET /whoami/{jwt|key}`.

use serde_json::json;

use super::{create, delete, fails, is_json, key, list, read, whoami};
use crate::support::{Cred, PASSWORD, Server};

#[tokio::test]
async fn a_session_is_told_its_account() {
    let server = Server::start().await;
    for (role, level) in [("user", 4), ("bughunter", 5), ("support", 6), ("admin", 8)] {
        let person = server.person(&format!("A {role}"), role).await;
        let answer = whoami(&server, &person.session()).await;
        let account = json!({
            "id": person.id, "username": person.username, "role": role, "level": level, "status": "active", "consent": true,
        });
        assert_eq!(answer.expect(200), json!({"result": "success", "account": account}));
        is_json(&answer);
    }
}

#[tokio::test]
async fn a_key_is_told_itself_without_its_secret() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let made = key(&server, &ada.session(), 0).await;
    let answer = whoami(&server, &made.pair()).await;
    let apikey = json!({
        "key": made.id, "level": 0, "expiresAt": "2026-01-31T00:00:00.000Z", "name": "a key", "userId": ada.id,
        "createdAt": "2026-01-01T00:00:00.000Z",
    });
    assert_eq!(answer.expect(200), json!({"result": "success", "apikey": apikey}));
    is_json(&answer);
}

#[tokio::test]
async fn an_account_that_is_locked_or_lacks_consent_is_told_so_and_can_do_nothing_else() {
    let server = Server::start().await;
    let changes = [
        ("Ada", json!({"status": "locked"}), "accountLocked", ("locked", true)),
        ("Bob", json!({"consent": false}), "consentLacking", ("active", false)),
    ];
    for (username, change, code, (status, consent)) in changes {
        let person = server.person(username, "user").await;
        let own = key(&server, &person.session(), 1).await;
        server.patch(&format!("/v1/accounts/{}", person.id), &person.session(), change).await.expect(200);
        let session = Cred::Bearer(server.sign_in(username, PASSWORD).await);
        let account = whoami(&server, &session).await.expect(200)["account"].clone();
        assert_eq!((&account["status"], &account["consent"]), (&json!(status), &json!(consent)));
        fails(&create(&server, &session, json!({})).await, 403, code);
        fails(&create(&server, &session, json!({"name": "n", "level": 0})).await, 403, code);
        fails(&list(&server, &session).await, 403, code);
        fails(&read(&server, &session, &own.id).await, 403, code);
        fails(&delete(&server, &session, &own.id).await, 403, code);
    }
}
