//! `/v1/sessions`: signing in, being slowed down, signing out.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Answer, Cred, DAY, PASSWORD, SECOND, Server};

async fn try_sign_in(server: &Server, username: &str, password: &str) -> Answer {
    server.post("/v1/sessions", &Cred::None, json!({"username": username, "password": password})).await
}

#[tokio::test]
async fn unknown_users_and_wrong_passwords_get_one_answer() {
    let server = Server::start().await;
    server.person("Ada", "user").await;
    let admin = server.admin().await;
    server.post("/v1/accounts", &admin, json!({"username": "no password"})).await.expect(201);
    let mut told = Vec::new();
    for (username, password) in [("Ada", "wrong wrong wrong"), ("nobody", PASSWORD), ("no password", PASSWORD), ("", "")] {
        let mut body = try_sign_in(&server, username, password).await.problem(401, "sign_in_failed");
        body["request_id"] = json!(null);
        told.push(body);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn a_session_lasts_its_lifetime_and_answers_no_store() {
    let server = Server::start().await;
    let answer = try_sign_in(&server, " ADMIN ", PASSWORD).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.expect(201);
    assert_eq!(body["expires_at"], "2026-01-01T12:00:00.000Z");
    assert_eq!(body["account"]["username"], "admin");
    let session = Cred::Bearer(body["token"].as_str().unwrap().to_owned());
    server.advance(DAY / 2 - 1);
    server.get("/v1/whoami", &session).await.expect(200);
    server.advance(1);
    let refused = server.get("/v1/whoami", &session).await;
    assert_eq!(refused.status, 401, "{}", refused.text);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_an_account_not_for_others() {
    let server = Server::start().await;
    server.person("Ada", "user").await;
    server.person("Eve", "user").await;
    for _ in 0..5 {
        try_sign_in(&server, "Ada", "wrong wrong wrong").await.problem(401, "sign_in_failed");
    }
    let slowed = try_sign_in(&server, "ada", PASSWORD).await;
    slowed.problem(429, "too_many_failed_logins");
    let seconds: i64 = slowed.header("retry-after").parse().unwrap();
    server.sign_in("Eve", PASSWORD).await;
    server.advance(seconds * SECOND);
    server.sign_in("Ada", PASSWORD).await;
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_a_failed_login() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let body = json!({"email": "a@b.c", "current_password": "wrong wrong wrong"});
    let path = format!("/v1/accounts/{}", ada.id);
    for _ in 0..5 {
        server.patch(&path, &ada.session(), body.clone()).await.problem(403, "wrong_password");
    }
    server.patch(&path, &ada.session(), body).await.problem(429, "too_many_failed_logins");
    try_sign_in(&server, "Ada", PASSWORD).await.problem(429, "too_many_failed_logins");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    server.advance(SECOND);
    let second = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    let list = server.get("/v1/sessions", &second).await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|session| session["current"].as_bool().unwrap()).collect::<Vec<_>>(), [true, false]);
    server.delete(&format!("/v1/sessions/{}", items[1]["id"].as_str().unwrap()), &second).await.expect(204);
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_invalid");
    server.delete("/v1/sessions/current", &second).await.expect(204);
    server.get("/v1/whoami", &second).await.problem(401, "credential_invalid");
}

#[tokio::test]
async fn the_oldest_of_too_many_sessions_ends() {
    let server = Server::start_with(|config| config.sessions.max_per_account = 3).await;
    let ada = server.person("Ada", "user").await;
    let mut later = Vec::new();
    for _ in 0..3 {
        server.advance(SECOND);
        later.push(Cred::Bearer(server.sign_in("Ada", PASSWORD).await));
    }
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_invalid");
    for session in later {
        server.get("/v1/whoami", &session).await.expect(200);
    }
}

/// More logins at once than the pool has places: some are told to come back, and verification goes on all the while.
#[tokio::test]
async fn a_flood_of_logins_does_not_starve_verification() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let names: Vec<String> = (0..80).map(|number| format!("user {number}")).collect();
    let attempts = names.iter().map(|name| try_sign_in(&server, name, PASSWORD));
    let verifications = async {
        for _ in 0..50 {
            assert_eq!(server.verdict(&key.token).await, "VALID");
        }
    };
    let (answers, ()) = tokio::join!(join_all(attempts), verifications);
    let busy = answers.iter().filter(|answer| answer.status == 503).count();
    assert!((1..80).contains(&busy), "{busy} of 80 found no place");
    for answer in answers {
        if answer.status == 503 {
            answer.problem(503, "busy");
            assert_eq!(answer.header("retry-after"), "1");
        } else {
            answer.problem(401, "sign_in_failed");
        }
    }
}
