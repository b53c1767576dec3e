//! `/dashboard/gates`.

use serde_json::{Value, json};

use super::visitor::{Visitor, assert_sent_to};
use crate::support::Server;

const LIST: &str = "/dashboard/gates";
const NEW: &str = "/dashboard/gates/new";
const EVERYWHERE: [(&str, &str); 3] = [("carriers", "bearer"), ("carriers", "x-api-key"), ("headers", "x-key-id")];

async fn gate(server: &Server, name: &str) -> Value {
    server.get(&format!("/v1/gates/{name}"), &server.admin().await).await.expect(200)
}

#[tokio::test]
async fn a_gate_is_defined_changed_and_deleted() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page(LIST).await;
    assert!(page.contains("There are no gates of your own") && page.contains("auth_request /_gate;"), "{page}");
    server.declare("shop", &["read", "write"]).await;

    let form = admin.form(NEW, NEW).await;
    // Rows that are left empty are no rules, wherever they stand.
    let typed = [
        ("name", "orders"),
        ("any_of", "shop:read, shop:write"),
        ("rules-1-methods", "get HEAD"),
        ("rules-1-path", "/orders"),
        ("rules-2-path", "*"),
        ("rules-2-all_of", "shop:write"),
    ];
    assert_sent_to(&admin.send(&form, &[&typed[..], &EVERYWHERE].concat()).await, LIST);
    let made = gate(&server, "orders").await;
    assert_eq!(made["any_of"], json!(["shop:read", "shop:write"]));
    assert_eq!(made["rules"], json!([{"methods": ["GET", "HEAD"], "path": "/orders"}, {"all_of": ["shop:write"]}]));
    assert_eq!((&made["carriers"], &made["headers"]), (&json!(["bearer", "x-api-key"]), &json!(["x-key-id"])));
    assert!(admin.page(LIST).await.contains("href=\"/dashboard/gates/orders\">orders</a>"));

    // What the form shows is what it saves.
    let edit = format!("{LIST}/orders");
    let page = admin.page(&edit).await;
    for shown in ["value=\"shop:read shop:write\"", "value=\"GET HEAD\"", "id=\"rules-1-path\" name=\"rules-1-path\" value=\"*\""] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let form = admin.form(&edit, &edit).await;
    assert_sent_to(&admin.send(&form, &[&[("level", "3")][..], &EVERYWHERE].concat()).await, LIST);
    assert_eq!((&gate(&server, "orders").await["level"], gate(&server, "orders").await.get("rules")), (&json!(3), None));
    let late = admin.send(&form, &EVERYWHERE).await;
    assert_eq!(late.status, 412, "the form was about an older gate");
    assert_eq!(gate(&server, "orders").await["level"], 3);

    let delete = format!("{edit}/delete");
    let form = admin.form(&delete, &delete).await;
    assert_eq!(admin.send(&form.without("_token"), &[]).await.status, 403);
    server.put("/v1/gates/orders", &server.admin().await, json!({"level": 4})).await.expect(200);
    assert_eq!(admin.send(&form, &[]).await.status, 412, "it was changed meanwhile");
    let form = admin.form(&delete, &delete).await;
    assert_sent_to(&admin.send(&form, &[]).await, LIST);
    assert_eq!(admin.get(&edit).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    server.put("/v1/gates/taken", &server.admin().await, json!({"level": 8})).await.expect(201);
    let form = admin.form(NEW, NEW).await;
    let typed = [("name", "g"), ("rules-0-path", "/a"), ("rules-2-path", "/a/../b"), ("rules-2-methods", "G,E/T"), ("any_of", "read")];
    let answer = admin.send(&form, &typed).await;
    assert_eq!(answer.status, 422);
    for id in ["rules-2-path-error", "rules-2-methods-error", "any_of-error"] {
        assert!(answer.text.contains(&format!("id=\"{id}\"")), "{id}: {}", answer.text);
    }
    for (typed, status, id) in [
        (&[("name", "g")][..], 422, "carriers-error"),
        (&[("name", "any"), ("carriers", "bearer")], 422, "name-error"),
        (&[("name", "taken"), ("carriers", "bearer")], 409, "name-error"),
        (&[("name", "g"), ("carriers", "bearer"), ("any_of", "shop:fly")], 422, "permissions-error"),
        // Dropped, they would ask less than what somebody meant.
        (&[("name", "g"), ("carriers", "bearer"), ("level", "five")], 422, "level-error"),
        (&[("name", "g"), ("carriers", "bearer"), ("kind", "robot")], 422, "kind-error"),
        (&[("name", "g"), ("carriers", "bearer"), ("rules-1-path", "/a"), ("rules-1-level", "9")], 422, "rules-1-level-error"),
    ] {
        let form = admin.form(NEW, NEW).await;
        let answer = admin.send(&form, typed).await;
        assert_eq!(answer.status, status, "{typed:?}");
        assert!(answer.text.contains(&format!("id=\"{id}\"")), "{id}: {}", answer.text);
    }
    assert_eq!(gate(&server, "taken").await["level"], 8, "a form for a new gate changes none that is there");
}
