//! What a caller and a handler are told.

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::{BodyExt, Full};
use keybearer_tower::{Grant, Refusal, any_key, any_of};
use tower::{Layer, ServiceExt};

use crate::stub::{Door, KEY, Manner, Stub, catalog, verdict, yes};

const KEY_OF_A_DESK: &str =
    r#""key":{"id":"0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11","kind":"service","name":"desk","permissions":[],"metadata":{}}"#;

#[tokio::test]
async fn each_verdict_has_its_answer() {
    let stub = Stub::new(Manner::Silence).await;
    let door = Door::started(&stub).await;
    let lacking = |missing: &str| format!(r#"INSUFFICIENT_PERMISSIONS",{KEY_OF_A_DESK},"missing":{{{missing}}},"x":""#);
    for (code, status, told, words) in [
        ("MALFORMED", 401, "credential_malformed", "The key cannot be read: it is cut off, mistyped, or of an unknown kind."),
        ("NOT_FOUND", 401, "credential_invalid", "There is no such key, or its secret is wrong."),
        ("REVOKED", 401, "credential_revoked", "The key was revoked."),
        ("EXPIRED", 401, "credential_expired", "The key has expired."),
        (
            &lacking(r#""any_of":["catalog:items.read"]"#),
            403,
            "insufficient_permissions",
            r#"The key lacks the permission catalog:items.read.","code":"insufficient_permissions","missing":{"any_of":["catalog:items.read"]}"#,
        ),
        (&lacking(r#""any_of":["a:b","a:c"]"#), 403, "insufficient_permissions", "The key lacks one of the permissions a:b, a:c."),
        (
            &lacking(r#""any_of":["a:b"],"all_of":["a:c","a:d"]"#),
            403,
            "insufficient_permissions",
            "The key lacks the permission a:b, and the permissions a:c, a:d.",
        ),
        (&lacking(r#""kind":"account""#), 403, "insufficient_permissions", "The key lacks an owner: it is the key of a service."),
        (&lacking(r#""kind":"service""#), 403, "insufficient_permissions", "The key lacks a policy: it is the key of a person."),
        ("INSUFFICIENT_PERMISSIONS", 403, "insufficient_permissions", "The key lacks what is required here."),
        (r#"INSUFFICIENT_LEVEL","missing":{"level":5},"x":""#, 403, "insufficient_level", "The key lacks the level 5."),
    ] {
        stub.set(Manner::Say(verdict(&format!(r#"{{"valid":false,"code":"{code}"}}"#))));
        let answer = door.knock_with_the_key().await;
        answer.expect(status, told);
        assert!(answer.text.contains(words), "{words} is not in {}", answer.text);
        let challenge = if status == 401 { r#"Bearer realm="catalog", error="invalid_token""# } else { "" };
        assert_eq!(answer.header("www-authenticate"), challenge);
        assert_eq!(answer.header("retry-after"), "");
    }
    assert_eq!(door.entered(), 0);
}

#[tokio::test]
async fn a_handler_is_told_of_the_key_and_has_means_this_service_alone() {
    let held = r#""catalog:items.read","market:items.write","keybearer:verify""#;
    let stub = Stub::new(Manner::Say(yes(held))).await;
    let catalog = catalog();
    let layer = catalog.require(any_key());
    drop(catalog.require(any_of(["items.read", "items.write"])));
    catalog.start(stub.keybearer()).await.unwrap();
    let handler = async |Extension(in_extensions): Extension<Grant>, grant: Grant| {
        assert_eq!(in_extensions.id(), grant.id());
        assert_eq!((grant.owner(), grant.level(), &*grant.key().name), (None, None, "desk"));
        assert_eq!(grant.key().permissions.as_ref().unwrap().len(), 3);
        let names = ["items.read", "items.write", "verify", "catalog:items.read", "market:items.write", ""];
        format!("{:?}", names.map(|name| grant.has(name)))
    };
    let routes = Router::new().route("/", get(handler)).route_layer(layer);
    let request = Request::get("/").header("x-api-key", KEY).body(Body::empty()).unwrap();
    let answer = routes.oneshot(request).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "[true, false, false, false, false, false]");
}

#[tokio::test]
async fn a_handler_that_wants_a_grant_where_nothing_is_required_ends_in_500() {
    let routes: Router = Router::new().route("/", get(async |grant: Grant| grant.id().to_string()));
    let request = Request::get("/").header("x-api-key", KEY).header("grant", "{}").body(Body::empty()).unwrap();
    assert_eq!(routes.oneshot(request).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn any_service_over_http_can_be_guarded_and_its_refusals_worded_otherwise() {
    let stub = Stub::new(Manner::Say(yes(""))).await;
    let guard = keybearer_tower::Service::new("plain");
    let layer = guard.require(any_key());
    guard.start(stub.keybearer()).await.unwrap();
    // Without axum, and with a body that the layer knows nothing of.
    let inner = tower::service_fn(async |request: Request<u8>| {
        let id = request.extensions().get::<Grant>().unwrap().id();
        Ok::<_, Infallible>(Response::new(Full::<axum::body::Bytes>::from(format!("{} for {id}", request.body()))))
    });
    let guarded = layer.layer(inner);
    let ask = async |request: Request<u8>| guarded.clone().oneshot(request).await.unwrap();
    let passed = ask(Request::get("/").header("x-api-key", KEY).body(7).unwrap()).await;
    assert_eq!(passed.into_body().collect().await.unwrap().to_bytes(), "7 for 0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11");
    let refused = ask(Request::get("/").body(7).unwrap()).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(matches!(refused.extensions().get(), Some(Refusal::Missing)));
}
