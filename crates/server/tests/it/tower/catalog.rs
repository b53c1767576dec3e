//! The example service, asked as its callers would.

use serde_json::json;

use super::{OWN, Running, bound_key, start_catalog};
use crate::support::child::Program;
use crate::support::{Cred, Made, Server, made};

async fn beside(server: &Server) -> Running {
    let key = bound_key(server, "catalog", &OWN).await;
    start_catalog(&server.url(""), &key).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn it_runs_beside_the_real_program_and_closes_when_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Program::on(dir.path()).with_admin().start().await;
    let admin = server.admin().await;
    let new_key = async |name: &str, permissions: &[&str], service: Option<&str>| {
        let policy = server.post("/v1/policies", &admin, json!({"name": name, "permissions": permissions})).await.expect(201);
        let key = json!({"name": name, "policy_id": policy["id"], "service": service});
        made(&server.post("/v1/keys", &admin, key).await.expect(201))
    };
    let own = new_key("catalog", &OWN, Some("catalog")).await;
    let url = format!("http://{}", server.address);
    let catalog = start_catalog(&url, &own).await.unwrap_or_else(|error| panic!("{error}"));

    let declared = server.get("/v1/permissions", &admin).await.expect(200);
    let of_catalog = declared["items"].as_array().unwrap().iter().filter(|one| one["service"] == "catalog");
    let of_catalog: Vec<_> = of_catalog.map(|one| (one["permission"].as_str().unwrap(), one["description"].as_str().unwrap())).collect();
    assert_eq!(
        of_catalog,
        [
            ("catalog:items.delete", "Take items away, together with the right to add them"),
            ("catalog:items.read", "See items"),
            ("catalog:items.write", "Add items, and see them"),
        ]
    );

    let reader = new_key("reader", &["catalog:items.read"], None).await;
    catalog.get("/items", &reader.bearer()).await.expect(200);
    server.kill();
    server.ended().await;
    catalog.get("/items", &reader.bearer()).await.problem(503, "in_doubt");
    catalog.get("/items", &Cred::None).await.problem(401, "credential_missing");
}

#[tokio::test]
async fn each_route_lets_in_whom_it_should() {
    let server = Server::start().await;
    let catalog = beside(&server).await;
    let reader = server.service_key("reader", &["catalog:items.read"]).await;
    let writer = server.service_key("writer", &["catalog:items.write"]).await;
    let keeper = server.service_key("keeper", &["catalog:items.write", "catalog:items.delete"]).await;
    let nobody = server.service_key("nobody", &[]).await;
    let deleter = server.service_key("deleter", &["catalog:items.delete"]).await;
    let person = server.person("ada", "user").await;
    let [low, high] = [server.account_key(&person.session(), 1).await, server.account_key(&person.session(), 2).await];

    // One of two permissions.
    let all = [&reader, &writer, &keeper, &nobody, &deleter, &low, &high];
    for (key, status) in all.iter().zip([200, 200, 200, 403, 403, 403, 403]) {
        catalog.get("/items", &key.bearer()).await.expect(status);
    }
    let refused = catalog.get("/items", &nobody.bearer()).await.problem(403, "insufficient_permissions");
    assert_eq!(refused["missing"], json!({"any_of": ["catalog:items.read", "catalog:items.write"]}));
    assert_eq!(refused["detail"], "The key lacks one of the permissions catalog:items.read, catalog:items.write.");
    // A person's key has no permissions, whatever its level.
    let refused = catalog.get("/items", &high.bearer()).await.problem(403, "insufficient_permissions");
    assert!(refused["detail"].as_str().unwrap().contains("catalog:items.read"), "{refused}");

    // The one permission. What is refused does nothing.
    for (key, status) in all.iter().zip([403, 201, 201, 403, 403, 403, 403]) {
        catalog.ask("POST", "/items", &key.bearer(), "a lamp").await.expect(status);
    }
    assert_eq!(catalog.get("/items", &reader.bearer()).await.expect(200), json!({"1": "a lamp", "2": "a lamp"}));

    // Both permissions.
    for (key, missing) in [(&writer, "catalog:items.delete"), (&deleter, "catalog:items.write")] {
        let refused = catalog.ask("DELETE", "/items/1", &key.bearer(), "").await.problem(403, "insufficient_permissions");
        assert_eq!(refused["missing"], json!({"all_of": [missing]}));
    }
    catalog.ask("DELETE", "/items/1", &keeper.bearer(), "").await.expect(204);
    catalog.ask("DELETE", "/items/1", &keeper.bearer(), "").await.expect(404);

    // A level.
    let refused = catalog.get("/me", &low.bearer()).await.problem(403, "insufficient_level");
    assert_eq!(refused["missing"], json!({"level": 2}));
    catalog.get("/me", &keeper.bearer()).await.problem(403, "insufficient_level");
    assert_eq!(catalog.get("/me", &high.bearer()).await.expect(200), json!({"account": person.id, "level": 2}));

    // Any valid key.
    for (key, may_add) in all.iter().zip([false, true, true, false, false, false, false]) {
        let hello = catalog.get("/hello", &key.bearer()).await.expect(200);
        assert_eq!(hello, json!({"key": key.id, "may_add": may_add}));
    }
}

#[tokio::test]
async fn a_key_comes_in_each_of_its_spellings_and_a_bad_one_in_none() {
    let server = Server::start().await;
    let catalog = beside(&server).await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 2).await;
    for cred in [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone())] {
        catalog.get("/hello", &cred).await.expect(200);
    }
    let short = server.post("/v1/keys", &admin, json!({"name": "short", "level": 1, "expires_in": 60})).await.expect(201);
    let short = made(&short);
    catalog.get("/hello", &short.bearer()).await.expect(200);
    server.advance(60_000);
    let wrong = Made { secret: "0".repeat(64), ..key.clone() };
    let mut mistyped = key.token.clone();
    mistyped.pop();
    // Of the credentials of Keybearer, keys alone count: an administrator's session is none here.
    for (cred, code) in [
        (Cred::None, "credential_missing"),
        (key.catena(), "credential_missing"),
        (Cred::Bearer(mistyped), "credential_malformed"),
        (Cred::Bearer(format!("{}:{}", key.id, key.secret)), "credential_malformed"),
        (admin.clone(), "credential_malformed"),
        (wrong.pair(), "credential_invalid"),
        (short.bearer(), "credential_expired"),
    ] {
        catalog.get("/hello", &cred).await.problem(401, code);
    }
}

#[tokio::test]
async fn every_change_counts_from_the_next_request() {
    let server = Server::start().await;
    let catalog = beside(&server).await;
    let admin = server.admin().await;
    let policy = server.policy("desk", &["catalog:items.read"]).await;
    let desk = server.service_key_with("desk", &policy).await;
    let put = async |permissions: &[&str]| {
        let body = json!({"name": "desk", "permissions": permissions});
        server.put(&format!("/v1/policies/{policy}"), &admin, body).await.expect(200);
    };
    for _ in 0..5 {
        catalog.get("/items", &desk.bearer()).await.expect(200);
        put(&[]).await;
        catalog.get("/items", &desk.bearer()).await.problem(403, "insufficient_permissions");
        put(&["catalog:items.read"]).await;
    }
    catalog.get("/items", &desk.bearer()).await.expect(200);
    server.delete(&format!("/v1/keys/{}", desk.id), &admin).await.expect(204);
    catalog.get("/items", &desk.bearer()).await.problem(401, "credential_revoked");

    // The level in force is the lesser of the key's and its owner's; who is downgraded has no key left.
    let person = server.person("ada", "support").await;
    let key = server.account_key(&person.session(), 4).await;
    catalog.get("/me", &key.bearer()).await.expect(200);
    server.patch(&format!("/v1/accounts/{}", person.id), &admin, json!({"role": "user"})).await.expect(200);
    catalog.get("/me", &key.bearer()).await.problem(401, "credential_revoked");
}

#[tokio::test]
async fn a_service_whose_own_key_is_revoked_lets_nobody_in() {
    let server = Server::start().await;
    let own = bound_key(&server, "catalog", &OWN).await;
    let catalog = start_catalog(&server.url(""), &own).await.unwrap_or_else(|error| panic!("{error}"));
    let key = server.account_key(&server.admin().await, 2).await;
    catalog.get("/hello", &key.bearer()).await.expect(200);
    server.delete(&format!("/v1/keys/{}", own.id), &server.admin().await).await.expect(204);
    // It is the service that is refused, and not its caller.
    catalog.get("/hello", &key.bearer()).await.problem(503, "in_doubt");
}
