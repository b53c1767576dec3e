//! A gate of one's own, with a requirement and rules by method and path.

use serde_json::{Value, json};

use super::proxy::Kind;
use super::world::{World, lines};

/// A gate for a shop: everybody who may read may see orders, who may write may change them, and nobody gets anywhere else.
async fn shop(kind: Kind) -> World {
    let world = World::with_gate(kind, "shop").await;
    world.server.declare("shop", &["read", "write"]).await;
    let rules = json!([
        {"methods": ["GET", "HEAD"], "path": "/orders", "any_of": ["shop:read"]},
        {"methods": ["POST"], "path": "/orders", "any_of": ["shop:write"]},
    ]);
    put(&world, json!({ "rules": rules })).await;
    world
}

async fn put(world: &World, gate: Value) {
    let answer = world.server.put("/v1/gates/shop", &world.server.admin().await, gate).await;
    assert!(answer.status.is_success(), "{answer:?}");
}

pub async fn rules_by_method_and_path_hold_behind_it(kind: Kind) {
    let world = shop(kind).await;
    let reader = lines(&world.server.service_key("reader", &["shop:read"]).await.bearer());
    let writer = lines(&world.server.service_key("writer", &["shop:read", "shop:write"]).await.bearer());
    let person = lines(&world.key().await.bearer());
    for (method, target, key, status) in [
        ("GET", "/orders", &reader, 200),
        ("GET", "/orders/1?of=2", &reader, 200),
        ("HEAD", "/orders/1", &reader, 200),
        ("POST", "/orders", &reader, 403),
        ("POST", "/orders", &writer, 200),
        ("DELETE", "/orders/1", &writer, 403),
        ("GET", "/ordersandmore", &writer, 403),
        ("GET", "/", &writer, 403),
        ("GET", "/orders", &person, 403),
    ] {
        let answer = world.ask(method, target, key).await;
        assert_eq!(answer.status, status, "{method} {target}: {answer:?}");
        let served = world.application.take();
        assert_eq!(served.len(), usize::from(status == 200), "{method} {target}");
        if let [served] = &served[..] {
            let told = if key == &reader { "shop:read" } else { "shop:read shop:write" };
            assert_eq!(served.all("x-permissions"), [told]);
        }
    }
    for lie in ["x-forwarded-method: GET", "x-original-method: GET", "x_forwarded_method: GET"] {
        assert_eq!(world.ask("POST", "/orders", &format!("{reader}{lie}\r\n")).await.status, 403, "{lie}");
    }
    for lie in ["x-forwarded-uri: /orders", "x-original-uri: /orders", "x-original-url: /orders", "x_original_url: /orders"] {
        assert_eq!(world.ask("GET", "/admin", &format!("{reader}{lie}\r\n")).await.status, 403, "{lie}");
    }
    assert_eq!(world.ask("GET", "/orders", "").await.status, 401);
    assert!(world.application.take().is_empty());
}

pub async fn no_spelling_of_a_path_leads_past_a_rule(kind: Kind) {
    let world = shop(kind).await;
    let key = lines(&world.server.service_key("reader", &["shop:read"]).await.bearer());
    for target in [
        "/orders/../admin",
        "/orders/..%2fadmin",
        "/orders/%2e%2e/admin",
        "/orders/..\\admin",
        "/orders/..;/admin",
        "/orders//admin",
        "//orders",
        "/orders%2f..%2fadmin",
        "/orders%00/admin",
        "/orders/%zz",
        "/admin?/orders",
        "/admin#/orders",
        "/ORDERS",
        "/admin/../orders/../admin",
        "http://app.example/admin",
    ] {
        let answer = world.ask("GET", target, &key).await;
        assert!(matches!(answer.status, 400 | 403), "{target}: {answer:?}");
        assert!(world.application.take().is_empty(), "{target}");
    }
    assert_eq!(world.ask("GET", "http://app.example/orders", &key).await.status, 200);
    assert_eq!(world.application.take_one().target, "/orders");
}

pub async fn a_change_of_gate_or_policy_counts_from_the_next_request(kind: Kind) {
    let world = shop(kind).await;
    let admin = world.server.admin().await;
    let policy = world.server.policy("clerks", &["shop:read"]).await;
    let key = lines(&world.server.service_key_with("clerk", &policy).await.bearer());
    let may = async |method: &str| world.ask(method, "/orders", &key).await.status;
    assert_eq!((may("GET").await, may("POST").await), (200, 403));
    let policy = format!("/v1/policies/{policy}");
    world.server.put(&policy, &admin, json!({"name": "clerks", "permissions": ["shop:write"]})).await.expect(200);
    assert_eq!((may("GET").await, may("POST").await), (403, 200));
    put(&world, json!({"any_of": ["shop:read", "shop:write"]})).await;
    assert_eq!((may("GET").await, may("DELETE").await), (200, 200));
    put(&world, json!({"any_of": ["shop:read"]})).await;
    assert_eq!((may("GET").await, may("DELETE").await), (403, 403));
    world.server.delete("/v1/gates/shop", &admin).await.expect(204);
    assert_eq!(may("GET").await, 403);
    assert_eq!(world.application.take().len(), 4);
}
