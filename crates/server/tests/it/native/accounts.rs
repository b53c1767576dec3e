//! `/v1/accounts`: what holders, administrators and services may do with them.

use serde_json::{Value, json};

use crate::support::{Cred, PASSWORD, Person, Server};

fn path(person: &Person) -> String {
    format!("/v1/accounts/{}", person.id)
}

#[tokio::test]
async fn an_account_is_flat_and_tells_its_level() {
    let server = Server::start().await;
    let body = json!({
        "username": "Ada", "password": PASSWORD, "role": "support", "email": "ada@example.org", "external_id": "u-1", "metadata": {"team": "a"},
    });
    let made = server.post("/v1/accounts", &server.admin().await, body).await.expect(201);
    let expected = json!({
        "id": made["id"], "username": "Ada", "role": "support", "level": 6, "status": "active", "consent": true, "email": "ada@example.org",
        "external_id": "u-1", "metadata": {"team": "a"}, "has_password": true, "created_at": "2026-01-01T00:00:00.000Z",
    });
    assert_eq!(made, expected);
    assert_eq!(server.get(&format!("/v1/accounts/{}", made["id"]), &server.admin().await).await.expect(200), expected);
    let again = json!({"username": "Eve", "external_id": "u-1"});
    let taken = server.post("/v1/accounts", &server.admin().await, again).await.problem(409, "name_taken");
    assert_eq!(taken["errors"][0]["pointer"], "/external_id");
}

#[tokio::test]
async fn wrong_values_name_their_field() {
    let server = Server::start().await;
    let cases = [
        (json!({"username": ""}), "/username"),
        (json!({"username": "a\u{7}b"}), "/username"),
        (json!({"username": "ada", "password": "short"}), "/password"),
        (json!({"username": "ada", "password": "a".repeat(129)}), "/password"),
        (json!({"username": "ada", "password": "PasswordPassword"}), "/password"),
        (json!({"username": "ada lovelace", "password": "Ada Lovelace"}), "/password"),
        (json!({"username": "ada", "role": "emperor"}), "/role"),
        (json!({"username": "ada", "email": "nobody"}), "/email"),
        (json!({"username": "ada", "external_id": ""}), "/external_id"),
    ];
    for (body, pointer) in cases {
        let problem = server.post("/v1/accounts", &server.admin().await, body.clone()).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    // A long password without digits or signs is as good as any.
    let body = json!({"username": "ada", "password": "everyday words strung along"});
    server.post("/v1/accounts", &server.admin().await, body).await.expect(201);
}

#[tokio::test]
async fn a_holder_changes_password_and_email_only_with_the_current_one() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let other_session = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    let key = server.account_key(&ada.session(), 4).await;
    let new = "granite window twelve owls";

    let without = server.patch(&path(&ada), &ada.session(), json!({"password": new})).await.problem(422, "invalid");
    assert_eq!(without["errors"][0]["pointer"], "/current_password");
    let wrong = json!({"email": "ada@example.org", "current_password": "not the one at all"});
    server.patch(&path(&ada), &ada.session(), wrong).await.problem(403, "wrong_password");
    server.get("/v1/whoami", &other_session).await.expect(200);

    let body = json!({"password": new, "current_password": PASSWORD});
    let changed = server.patch(&path(&ada), &ada.session(), body).await.expect(200);
    assert_eq!((&changed["ended_sessions"], &changed["revoked_keys"]), (&json!(1), &json!(0)));
    assert_eq!(changed["live_keys"], json!([key.id]));
    server.get("/v1/whoami", &ada.session()).await.expect(200);
    server.get("/v1/whoami", &other_session).await.problem(401, "credential_invalid");
    server.get("/v1/whoami", &key.bearer()).await.expect(200);
    let old = json!({"username": "Ada", "password": PASSWORD});
    server.post("/v1/sessions", &Cred::None, old).await.problem(401, "sign_in_failed");
    server.sign_in("Ada", new).await;
    let body = json!({"email": "ada@example.org", "current_password": new});
    assert_eq!(server.patch(&path(&ada), &ada.session(), body).await.expect(200)["email"], "ada@example.org");
    let body = json!({"email": null, "current_password": new});
    assert!(server.patch(&path(&ada), &ada.session(), body).await.expect(200).get("email").is_none());
}

#[tokio::test]
async fn no_key_changes_what_belongs_to_its_holder() {
    let server = Server::start().await;
    let root = server.person("root", "admin").await;
    let key = server.account_key(&root.session(), 8).await;
    let new = "granite window twelve owls";
    for body in [json!({"password": new}), json!({"email": "a@b.c"}), json!({"consent": true}), json!({"status": "active"})] {
        server.patch(&path(&root), &key.bearer(), body).await.problem(403, "session_needed");
    }
    server.delete(&path(&root), &key.bearer()).await.problem(403, "session_needed");
}

#[tokio::test]
async fn a_holder_changes_nothing_else() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    for body in [json!({"role": "admin"}), json!({"status": "blocked"}), json!({"metadata": {}}), json!({"external_id": "x"})] {
        server.patch(&path(&ada), &ada.session(), body).await.problem(403, "insufficient_level");
    }
}

#[tokio::test]
async fn a_locked_holder_can_only_unlock() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 4).await;
    let locked = server.patch(&path(&ada), &ada.session(), json!({"status": "locked"})).await.expect(200);
    assert_eq!((&locked["revoked_keys"], &locked["ended_sessions"]), (&json!(1), &json!(1)));
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_invalid");
    server.get("/v1/whoami", &key.bearer()).await.problem(401, "credential_revoked");

    let session = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    server.post("/v1/keys", &session, json!({"name": "a", "level": 1})).await.problem(403, "account_locked");
    server.get("/v1/keys", &session).await.problem(403, "account_locked");
    server.patch(&path(&ada), &session, json!({"status": "active", "consent": true})).await.problem(403, "account_locked");
    assert_eq!(server.get("/v1/whoami", &session).await.expect(200)["account"]["status"], "locked");
    server.patch(&path(&ada), &session, json!({"status": "active"})).await.expect(200);
    server.account_key(&session, 4).await;
    server.get("/v1/whoami", &key.bearer()).await.problem(401, "credential_revoked");
}

#[tokio::test]
async fn a_holder_without_consent_can_read_consent_and_leave() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let gone = server.patch(&path(&ada), &ada.session(), json!({"consent": false})).await.expect(200);
    assert_eq!(gone["ended_sessions"], 1);
    let session = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    assert_eq!(server.get(&path(&ada), &session).await.expect(200)["consent"], false);
    server.post("/v1/keys", &session, json!({"name": "a", "level": 1})).await.problem(403, "consent_lacking");
    server.post("/v1/keys", &server.admin().await, json!({"name": "a", "level": 1, "owner": ada.id})).await.problem(409, "owner_unfit");
    let body = json!({"email": "a@b.c", "current_password": PASSWORD});
    server.patch(&path(&ada), &session, body).await.problem(403, "consent_lacking");
    server.patch(&path(&ada), &session, json!({"consent": true})).await.expect(200);
    server.account_key(&session, 4).await;

    let again = server.patch(&path(&ada), &session, json!({"consent": false})).await.expect(200);
    assert_eq!(again["revoked_keys"], 1);
    let session = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    server.delete(&path(&ada), &session).await.problem(422, "invalid");
    let wrong = json!({"current_password": "not the one at all"});
    server.ask("DELETE", &path(&ada)).with(&session).json(&wrong).send().await.problem(403, "wrong_password");
    let right = json!({"current_password": PASSWORD});
    server.ask("DELETE", &path(&ada)).with(&session).json(&right).send().await.expect(204);
    server.get("/v1/whoami", &session).await.problem(401, "credential_invalid");
    server.get(&path(&ada), &server.admin().await).await.problem(404, "account_not_found");
    // The name is free again, the number is not.
    assert!(server.person("Ada", "user").await.id > ada.id);
}

#[tokio::test]
async fn the_last_active_administrator_stays() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for body in [json!({"role": "user"}), json!({"status": "blocked"}), json!({"status": "locked"})] {
        server.patch("/v1/accounts/1", &admin, body).await.problem(409, "last_admin");
    }
    let body = json!({"current_password": PASSWORD});
    server.ask("DELETE", "/v1/accounts/1").with(&admin).json(&body).send().await.problem(409, "last_admin");
    let second = server.person("second", "admin").await;
    server.patch("/v1/accounts/1", &second.session(), json!({"role": "user"})).await.expect(200);
    server.patch(&path(&second), &second.session(), json!({"role": "user"})).await.problem(409, "last_admin");
}

#[tokio::test]
async fn a_service_reaches_only_accounts_of_level_four_and_below() {
    let server = Server::start().await;
    let key = server.service_key("sync", &["keybearer:accounts.write", "keybearer:accounts.read", "keybearer:keys.write"]).await.bearer();
    let (user, support) = (server.person("user", "user").await, server.person("support", "support").await);
    server.post("/v1/accounts", &key, json!({"username": "new"})).await.expect(201);
    server.post("/v1/accounts", &key, json!({"username": "boss", "role": "bughunter"})).await.problem(403, "account_too_powerful");
    server.patch(&path(&user), &key, json!({"role": "support"})).await.problem(403, "account_too_powerful");
    server.patch(&path(&support), &key, json!({"role": "user"})).await.problem(403, "account_too_powerful");
    server.patch(&path(&support), &key, json!({"status": "blocked"})).await.problem(403, "account_too_powerful");
    server.delete(&path(&support), &key).await.problem(403, "account_too_powerful");
    server.post("/v1/keys", &key, json!({"name": "a", "level": 1, "owner": support.id})).await.problem(403, "account_too_powerful");
    server.post("/v1/keys", &key, json!({"name": "a", "level": 4, "owner": user.id})).await.expect(201);
    server.post("/v1/keys", &key, json!({"name": "a", "level": 5, "owner": user.id})).await.problem(403, "level_exceeded");
    server.post("/v1/keys", &key, json!({"name": "a", "level": 1})).await.problem(422, "invalid");
    server.post("/v1/keys", &key, json!({"name": "a", "level": 1, "owner": 999})).await.problem(404, "account_not_found");
    server.patch(&path(&user), &key, json!({"status": "blocked"})).await.expect(200);
}

#[tokio::test]
async fn accounts_are_listed_by_pages() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for number in 0..5 {
        server.post("/v1/accounts", &admin, json!({"username": format!("Person {number}")})).await.expect(201);
    }
    let mut names: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/v1/accounts?limit=2&username=PERSON{cursor}"), &admin).await.expect(200);
        names.extend(page["items"].as_array().unwrap().iter().map(|account| account["username"].clone()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["Person 0", "Person 1", "Person 2", "Person 3", "Person 4"]);
    assert_eq!(server.get("/v1/accounts?role=admin&status=active", &admin).await.expect(200)["items"][0]["username"], "admin");
}
