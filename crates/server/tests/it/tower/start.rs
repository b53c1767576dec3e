//! When a real server keeps a service from starting, and what it has registered then.

use axum::Router;
use axum::routing::get;
use keybearer_tower::{Grant, Service, StartError, any_of};
use serde_json::{Value, json};

use super::{OWN, Running, bound_key, keybearer, start_catalog};
use crate::support::{Made, Server};

/// A service with one permission `read` behind `/`.
fn reading(name: &str) -> (Service, Router) {
    let service = Service::new(name).permission("read", "Read what there is");
    let handler = async |grant: Grant| grant.has("read").to_string();
    let routes = Router::new().route("/", get(handler).layer(service.require(any_of(["read"]))));
    (service, routes)
}

async fn start(server: &Server, name: &str, own: &Made) -> Result<Running, StartError> {
    let (service, routes) = reading(name);
    service.start(keybearer(&server.url(""), own)).await?;
    Ok(Running::new(routes).await)
}

/// What services have declared.
async fn declared(server: &Server) -> Vec<String> {
    let body = server.get("/v1/permissions", &server.admin().await).await.expect(200);
    let names = body["items"].as_array().unwrap().iter().map(|one| one["permission"].as_str().unwrap().to_owned());
    names.filter(|name| !name.starts_with("keybearer:")).collect()
}

#[tokio::test]
async fn a_service_starts_with_a_key_that_may_declare_for_it_and_verify_and_with_no_other() {
    let server = Server::start().await;
    let rows = [
        (
            bound_key(&server, "a", &["keybearer:permissions.declare"]).await,
            "a",
            "Keybearer verifies no keys for this service",
            "keybearer:verify",
        ),
        (bound_key(&server, "b", &["keybearer:verify"]).await, "b", "does not take the manifest", "keybearer:permissions.declare"),
        (bound_key(&server, "c", &OWN).await, "d", "does not take the manifest", "c"),
        (server.service_key("unbound", &OWN).await, "e", "does not take the manifest", ""),
        (server.account_key(&server.admin().await, 4).await, "f", "Keybearer verifies no keys for this service", "level 8"),
        (Made { token: "kb_none".into(), id: String::new(), secret: String::new() }, "g", "Keybearer verifies no keys", "cannot be read"),
    ];
    for (own, name, words, why) in rows {
        let Err(error) = start(&server, name, &own).await else { panic!("{name} started") };
        let text = error.to_string();
        assert!(text.contains(words) && text.contains(why), "{name}: {text}");
        assert!(!format!("{text} {error:?}").contains(&own.token), "{text}");
    }
    assert_eq!(declared(&server).await, [""; 0]);
    let own = bound_key(&server, "h", &OWN).await;
    start(&server, "h", &own).await.unwrap_or_else(|error| panic!("{error}"));
    // Another time, as after a restart, and in another spelling, which the server does not take for the same.
    start(&server, "h", &own).await.unwrap_or_else(|error| panic!("{error}"));
    let Err(error) = start(&server, "H", &own).await else { panic!("H started") };
    assert!(error.to_string().contains("does not take the manifest"), "{error}");
    assert_eq!(declared(&server).await, ["h:read"]);
}

#[tokio::test]
async fn an_administrators_key_will_do_where_somebody_insists() {
    let server = Server::start().await;
    let own = server.account_key(&server.admin().await, 8).await;
    let service = start(&server, "a", &own).await.unwrap_or_else(|error| panic!("{error}"));
    service.get("/", &own.bearer()).await.problem(403, "insufficient_permissions");
}

#[tokio::test]
async fn a_manifest_with_a_fault_reaches_no_server() {
    let server = Server::start().await;
    let own = bound_key(&server, "catalog", &OWN).await;
    let service = Service::new("catalog").permission("read", "").permission("write", "Write");
    let routes = Router::new().route("/", get(async || "in").layer(service.require(any_of(["read", "raed"]))));
    let error = service.start(keybearer(&server.url(""), &own)).await.unwrap_err();
    let expected = "the declaration is not right:\n\
        - the permission \"read\" needs a description of what it lets a key do: 1 to 1000 characters, no control characters\n\
        - the permission \"raed\" is required, but not declared\n\
        - the permission \"write\" is declared, but never required";
    assert_eq!(error.to_string(), expected);
    assert_eq!(declared(&server).await, [""; 0]);
    // Whoever runs its routes all the same runs none.
    let running = Running::new(routes).await;
    running.get("/", &own.bearer()).await.problem(503, "in_doubt");
}

#[tokio::test]
async fn two_services_with_the_same_bare_name_stay_apart() {
    let server = Server::start().await;
    let [shop, bank] = [bound_key(&server, "shop", &OWN).await, bound_key(&server, "bank", &OWN).await];
    let at_shop = start(&server, "shop", &shop).await.unwrap_or_else(|error| panic!("{error}"));
    let at_bank = start(&server, "bank", &bank).await.unwrap_or_else(|error| panic!("{error}"));
    let customer = server.service_key("customer", &["shop:read"]).await;
    let clerk = server.service_key("clerk", &["bank:read"]).await;
    assert_eq!(at_shop.get("/", &customer.bearer()).await.expect(200), json!(true));
    assert_eq!(at_bank.get("/", &clerk.bearer()).await.expect(200), json!(true));
    for (service, key, lacks) in [(&at_shop, &clerk, "shop:read"), (&at_bank, &customer, "bank:read")] {
        let refused = service.get("/", &key.bearer()).await.problem(403, "insufficient_permissions");
        assert_eq!(refused["missing"], json!({"any_of": [lacks]}));
    }
    // A policy cannot be made of the bare name: on `/v1` never, and where one service's would do, both are named.
    let bare = json!({"name": "bare", "permissions": ["read"]});
    server.post("/v1/policies", &server.admin().await, bare.clone()).await.problem(422, "invalid");
    let body: Value = server.post("/api/v1/api_keys/policies", &server.admin().await, bare).await.expect(400);
    assert!(body.to_string().contains("bank:read") && body.to_string().contains("shop:read"), "{body}");
}

#[tokio::test]
async fn what_is_no_longer_declared_stays_granted_and_is_no_longer_asked_for() {
    let server = Server::start().await;
    let own = bound_key(&server, "catalog", &OWN).await;
    server.declare("catalog", &["items.read", "items.sell"]).await;
    let old = server.service_key("old", &["catalog:items.sell"]).await;
    let catalog = start_catalog(&server.url(""), &own).await.unwrap_or_else(|error| panic!("{error}"));
    catalog.get("/hello", &old.bearer()).await.expect(200);
    catalog.get("/items", &old.bearer()).await.problem(403, "insufficient_permissions");
    let body = server.get("/v1/permissions", &server.admin().await).await.expect(200);
    let sell = body["items"].as_array().unwrap().iter().find(|one| one["name"] == "items.sell").unwrap();
    assert_eq!(sell["declared"], false);
}
