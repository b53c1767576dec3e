//! The account of somebody whom an application vouches for: made at first sight, and then as our rows say.

use std::collections::BTreeMap;

use keybearer::config::{IssuerConfig, RoleClaim};
use serde_json::{Value, json};

use super::application::{ISSUER, Signing, claims, shared, with};
use crate::support::{Cred, PASSWORD, Server};

async fn start(issuer: IssuerConfig) -> Server {
    Server::start_with(|config| config.issuers = vec![issuer]).await
}

fn ada() -> Cred {
    Signing::shared().cred(&claims("ada"))
}

/// A service key of the application, which sets role, status and consent.
async fn application(server: &Server) -> Cred {
    server.service_key("app", &["keybearer:accounts.read", "keybearer:accounts.write"]).await.bearer()
}

async fn find(server: &Server, by: &Cred, external_id: &str) -> Value {
    let query = format!("/v1/accounts?issuer=https%3A%2F%2Fapp.example&external_id={external_id}");
    let found = server.get(&query, by).await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    found["items"][0].clone()
}

#[tokio::test]
async fn a_newcomer_works_on_every_face_at_once() {
    let server = start(shared()).await;
    let me = server.get("/whoami/jwt", &ada()).await.expect(200)["account"].clone();
    assert_eq!(me, json!({"id": me["id"], "username": "ada", "role": "user", "level": 4, "status": "active", "consent": true}));
    let made = server.post("/apikeys/jwt", &ada(), json!({"name": "laptop", "level": 4})).await.expect(201)["apikey"].clone();
    assert_eq!(made["userId"], me["id"]);
    assert_eq!(server.get("/apikeys/jwt", &ada()).await.expect(200)["apikeys"].as_array().unwrap().len(), 1);
    let pair = Cred::Basic(made["key"].as_str().unwrap().into(), made["secret"].as_str().unwrap().into());
    server.get("/whoami/key", &pair).await.expect(200);

    let who = server.get("/v1/whoami", &ada()).await.expect(200);
    assert_eq!((&who["credential"], &who["level"]), (&json!("identity_token"), &json!(4)));
    assert_eq!(
        (&who["account"]["id"], &who["account"]["issuer"], &who["account"]["external_id"]),
        (&me["id"], &json!(ISSUER), &json!("ada"))
    );
    let key = server.account_key(&ada(), 3).await;
    server.delete(&format!("/v1/keys/{}", key.id), &ada()).await.expect(204);
    server.delete(&format!("/apikeys/{}/jwt", made["key"].as_str().unwrap()), &ada()).await.expect(204);

    let events = server.get("/v1/events?actor=issuer", &server.admin().await).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    assert_eq!(events["items"][0]["action"], "account.created");
    server.get("/v1/accounts", &ada()).await.problem(403, "insufficient_level");
    server.get("/api/v1/api_keys/policies", &ada()).await.expect(403);
}

#[tokio::test]
async fn the_first_request_may_change_something_and_is_one_of_many() {
    let server = start(shared()).await;
    let cred = Signing::shared().cred(&claims("eve"));
    let asked = (0..8).map(|number| {
        let (server, cred) = (&server, cred.clone());
        async move { server.post("/apikeys/jwt", &cred, json!({"name": number.to_string(), "level": 1})).await.expect(201) }
    });
    let answers = futures_util::future::join_all(asked).await;
    let owners: Vec<&Value> = answers.iter().map(|answer| &answer["apikey"]["userId"]).collect();
    assert!(owners.iter().all(|owner| *owner == owners[0]), "{owners:?}");
    server.post("/apikeys/jwt", &cred, json!({"name": "another", "level": 1})).await.expect(201);
    let all = server.get("/v1/accounts", &server.admin().await).await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "the administrator, and one newcomer: {all}");
    server.post("/v1/verify", &Signing::shared().cred(&claims("bob")), json!({"key": "kb_x"})).await.problem(403, "insufficient_level");
}

#[tokio::test]
async fn no_name_leads_to_an_account() {
    let server = start(shared()).await;
    let there = server.person("ada", "admin").await;
    let linked = json!({"username": "other", "external_id": "ada"});
    let unlinked = server.post("/v1/accounts", &server.admin().await, linked).await.expect(201);
    let me = server.get("/v1/whoami", &ada()).await.expect(200)["account"].clone();
    assert!(me["id"] != json!(there.id) && me["id"] != unlinked["id"] && me["username"].as_str().unwrap().starts_with("ada-"), "{me}");
    let named = Signing::shared().cred(&with("sub", json!("admin")));
    assert_eq!(server.get("/v1/whoami", &named).await.expect(200)["account"]["role"], "user");
    let mail = Signing::shared().cred(&with("email", json!("ada@example.org")));
    assert_eq!(server.get("/v1/whoami", &mail).await.expect(200)["account"]["id"], me["id"]);
}

#[tokio::test]
async fn the_application_decides_what_its_people_may_do_at_once() {
    let server = start(shared()).await;
    let app = application(&server).await;
    server.get("/v1/whoami", &ada()).await.expect(200);
    let id = find(&server, &app, "ada").await["id"].clone();
    let account = format!("/v1/accounts/{id}");
    let set = |body: Value| server.patch(&account, &app, body);
    let key = server.account_key(&ada(), 4).await;

    set(json!({"consent": false})).await.expect(200);
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
    let new = json!({"name": "laptop", "level": 1});
    server.post("/v1/keys", &ada(), new.clone()).await.problem(403, "consent_lacking");
    let answer = server.post("/apikeys/jwt", &ada(), new.clone()).await.expect(403);
    assert_eq!(answer["error"], "consentLacking");
    assert_eq!(server.get("/whoami/jwt", &ada()).await.expect(200)["account"]["consent"], false);
    set(json!({"consent": true, "status": "locked"})).await.expect(200);
    server.post("/v1/keys", &ada(), new.clone()).await.problem(403, "account_locked");
    set(json!({"status": "active"})).await.expect(200);
    server.post("/v1/keys", &ada(), new.clone()).await.expect(201);

    set(json!({"status": "blocked"})).await.expect(200);
    server.get("/v1/whoami", &ada()).await.problem(403, "account_blocked");
    let answer = server.get("/whoami/jwt", &ada()).await.expect(403);
    assert_eq!(answer["error"], "accountBlocked");
    set(json!({"status": "active"})).await.expect(200);
    server.get("/v1/whoami", &ada()).await.expect(200);

    // What an administrator has given, the token carries too; the application can then do nothing more.
    let admin = server.admin().await;
    server.patch(&format!("/v1/accounts/{id}"), &admin, json!({"role": "support"})).await.expect(200);
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["level"], 6);
    set(json!({"status": "locked"})).await.problem(403, "account_too_powerful");
    server.patch(&format!("/v1/accounts/{id}"), &admin, json!({"role": "user"})).await.expect(200);
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["level"], 4);
}

#[tokio::test]
async fn an_application_may_make_the_account_first() {
    let server = start(shared()).await;
    let app = application(&server).await;
    let new = json!({"username": "Ada Lovelace", "issuer": ISSUER, "external_id": "ada"});
    let made = server.post("/v1/accounts", &app, new.clone()).await.expect(201);
    assert_eq!((&made["issuer"], &made["external_id"]), (&json!(ISSUER), &json!("ada")));
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"], made["id"]);
    server.post("/v1/accounts", &app, json!({"username": "x", "issuer": ISSUER, "external_id": "ada"})).await.problem(409, "name_taken");
    server.post("/v1/accounts", &app, json!({"username": "x", "issuer": ISSUER})).await.problem(422, "invalid");
    server.post("/v1/accounts", &app, json!({"username": "x", "issuer": "", "external_id": "1"})).await.problem(422, "invalid");

    // Where the pair goes, the token goes, from that moment on.
    let bob = server.post("/v1/accounts", &app, json!({"username": "bob"})).await.expect(201);
    server.patch(&format!("/v1/accounts/{}", bob["id"]), &app, json!({"issuer": ISSUER})).await.problem(422, "invalid");
    let free = json!({"external_id": null});
    assert!(server.patch(&format!("/v1/accounts/{}", made["id"]), &app, free).await.expect(200).get("issuer").is_none());
    let give = json!({"issuer": ISSUER, "external_id": "ada"});
    server.patch(&format!("/v1/accounts/{}", bob["id"]), &app, give).await.expect(200);
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"], bob["id"]);
    assert_eq!(find(&server, &app, "ada").await["id"], bob["id"]);
    server
        .get("/v1/accounts?issuer=x&external_id=ada", &server.service_key("none", &[]).await.bearer())
        .await
        .problem(403, "insufficient_permissions");

    let server = server.restart().await;
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"], bob["id"]);
}

#[tokio::test]
async fn a_deleted_person_does_not_come_back_by_themselves() {
    let server = start(shared()).await;
    let id = server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"].clone();
    server.delete(&format!("/v1/accounts/{id}"), &server.admin().await).await.expect(204);
    server.get("/v1/whoami", &ada()).await.problem(401, "account_deleted");
    let server = server.restart().await;
    server.get("/v1/whoami", &ada()).await.problem(401, "account_deleted");
    assert_eq!(server.get("/whoami/jwt", &ada()).await.expect(403)["error"], "authenticationFailed");
    let back = json!({"username": "ada", "issuer": ISSUER, "external_id": "ada"});
    let made = server.post("/v1/accounts", &application(&server).await, back).await.expect(201);
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"], made["id"]);
}

#[tokio::test]
async fn a_token_cannot_become_a_password() {
    let server = start(shared()).await;
    let id = server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"].clone();
    let own = format!("/v1/accounts/{id}");
    server.patch(&own, &ada(), json!({"password": "plume otter lantern gravel 2"})).await.problem(403, "password_needed");
    server.patch(&own, &ada(), json!({"email": "ada@example.org"})).await.problem(403, "password_needed");
    server.delete(&own, &ada()).await.problem(403, "password_needed");
    server.patch(&own, &ada(), json!({"role": "admin"})).await.problem(403, "insufficient_level");
    server.patch(&own, &ada(), json!({"external_id": "root"})).await.problem(403, "insufficient_level");
    server.patch(&own, &ada(), json!({"issuer": "https://other.example"})).await.problem(403, "insufficient_level");
    server.delete("/v1/sessions/current", &ada()).await.problem(403, "session_needed");
    // As by a session: consent and the lock are the holder's own.
    server.patch(&own, &ada(), json!({"consent": false})).await.expect(200);
    server.patch(&own, &ada(), json!({"consent": true})).await.expect(200);

    server.patch(&own, &server.admin().await, json!({"password": PASSWORD})).await.expect(200);
    server.patch(&own, &ada(), json!({"email": "ada@example.org"})).await.problem(422, "invalid");
    let wrong = json!({"email": "ada@example.org", "current_password": "not the one of ada"});
    server.patch(&own, &ada(), wrong).await.problem(403, "wrong_password");
    let right = json!({"email": "ada@example.org", "current_password": PASSWORD});
    server.patch(&own, &ada(), right).await.expect(200);
    server.sign_in("ada", PASSWORD).await;
    assert_eq!(server.get("/v1/sessions", &ada()).await.expect(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_role_is_given_at_first_sight_alone_and_only_as_allowed() {
    let roles = BTreeMap::from([("reader".to_owned(), "guest".to_owned()), ("writer".to_owned(), "user".to_owned())]);
    let issuer = IssuerConfig { role_claim: Some(RoleClaim { claim: "groups".into(), roles }), ..shared() };
    let server = Server::start_with(|config| {
        config.roles = config.roles.clone().with("guest", keybearer_core::role::Level::new(2).unwrap()).unwrap();
        config.issuers = vec![issuer];
    })
    .await;
    let in_group = |who: &str, groups: Value| {
        let mut claims = claims(who);
        claims["groups"] = groups;
        Signing::shared().cred(&claims)
    };
    let role = async |cred: Cred| server.get("/v1/whoami", &cred).await.expect(200)["account"]["role"].clone();
    for unknown in [
        json!(null),
        json!("admin"),
        json!("Reader"),
        json!([]),
        json!(["admin"]),
        json!(["reader", "writer"]),
        json!(1),
        json!({"reader": 1}),
    ] {
        server.get("/v1/whoami", &in_group("ada", unknown)).await.problem(401, "role_unknown");
    }
    server.get("/v1/whoami", &ada()).await.problem(401, "role_unknown");
    assert_eq!(role(in_group("ada", json!("reader"))).await, "guest");
    server.post("/v1/keys", &in_group("ada", json!("reader")), json!({"name": "x", "level": 1})).await.problem(403, "insufficient_level");
    assert_eq!(role(in_group("bob", json!(["staff", "writer", "writer"]))).await, "user");
    // Later the claim means nothing, whatever it says.
    for later in [json!("writer"), json!("admin"), json!(null)] {
        assert_eq!(role(in_group("ada", later)).await, "guest");
    }
    let id = find(&server, &application(&server).await, "ada").await["id"].clone();
    server.patch(&format!("/v1/accounts/{id}"), &server.admin().await, json!({"role": "user"})).await.expect(200);
    assert_eq!(role(in_group("ada", json!("reader"))).await, "user");
}

#[tokio::test]
async fn the_same_name_at_two_issuers_is_two_people() {
    let other = IssuerConfig { issuer: "https://other.example".into(), account_claim: "uid".into(), username_claim: None, ..shared() };
    let server = Server::start_with(|config| config.issuers = vec![shared(), other]).await;
    let mut there = claims("somebody else");
    there["iss"] = json!("https://other.example");
    there["uid"] = json!("ada");
    let there = Signing::shared().cred(&there);
    let one = server.get("/v1/whoami", &ada()).await.expect(200)["account"].clone();
    let two = server.get("/v1/whoami", &there).await.expect(200)["account"].clone();
    assert_ne!(one["id"], two["id"]);
    assert_eq!((&one["external_id"], &two["external_id"]), (&json!("ada"), &json!("ada")));
    assert_ne!(one["username"], two["username"]);
    assert_eq!(server.get("/v1/whoami", &ada()).await.expect(200)["account"]["id"], one["id"]);
}
