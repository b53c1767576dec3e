//! `/v1/gates`: defining gates, and what becomes of requests meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::support::{Cred, Server};

#[tokio::test]
async fn a_gate_reads_back_as_it_was_defined_and_has_versions() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "write"]).await;
    let all = json!({
        "any_of": ["shop:read"], "all_of": ["shop:write"],
        "rules": [{"methods": ["GET", "HEAD"], "path": "/orders", "all_of": ["shop:read"]}, {"path": "/caf%C3%A9", "kind": "service"}],
        "carriers": ["basic", "x-api-key"], "headers": ["x-key-id"],
    });
    let made = server.put("/v1/gates/orders", &admin, all.clone()).await;
    let body = made.expect(201);
    for (field, value) in all.as_object().unwrap() {
        assert_eq!(&body[field], value, "{field}");
    }
    assert_eq!((&body["name"], &body["created_by"]), (&json!("orders"), &json!("account:1")));
    let read = server.get("/v1/gates/orders", &admin).await;
    assert_eq!((read.expect(200), read.header("etag")), (body.clone(), made.header("etag")));
    // The same again changes nothing.
    let again = server.put("/v1/gates/orders", &admin, all).await;
    assert_eq!((again.expect(200), again.header("etag")), (body, made.header("etag")));
    let put = |etag: String, level: i64| {
        let ask = server.ask("PUT", "/v1/gates/orders").with(&admin).header("if-match", etag);
        ask.json(&json!({"level": level})).send()
    };
    put("\"1\"".into(), 3).await.problem(412, "version_mismatch");
    let changed = put(made.header("etag").to_owned(), 3).await;
    let body = changed.expect(200);
    assert_eq!(body["carriers"], json!(["bearer", "basic", "x-api-key", "catena-api-key"]), "all, where nothing is said");
    assert_eq!(body["headers"], json!(["x-key-id", "x-owner-id", "x-key-level", "x-permissions"]));
    assert!(body.get("any_of").is_none() && body.get("rules").is_none(), "{body}");
    put(made.header("etag").to_owned(), 4).await.problem(412, "version_mismatch");
    server.put("/v1/gates/another", &admin, json!({})).await.expect(201);
    let listed = server.get("/v1/gates", &admin).await.expect(200);
    let names: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|gate| &gate["name"]).collect();
    assert_eq!(names, ["another", "orders"]);
    let delete = |etag: &str| server.ask("DELETE", "/v1/gates/orders").with(&admin).header("if-match", etag).send();
    delete(made.header("etag")).await.problem(412, "version_mismatch");
    delete(changed.header("etag")).await.expect(204);
    server.delete("/v1/gates/orders", &admin).await.problem(404, "gate_not_found");
    server.get("/v1/gates/orders", &admin).await.problem(404, "gate_not_found");
    let gone = server.ask("PUT", "/v1/gates/orders").with(&admin).header("if-match", "\"1\"").json(&json!({})).send().await;
    gone.problem(412, "version_mismatch");
    let events = server.get("/v1/events?action=gate", &admin).await.expect(200);
    let told: Vec<(&str, &str)> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["action"].as_str().unwrap(), event["target"].as_str().unwrap()))
        .collect();
    let orders = "gate:orders";
    assert_eq!(told, [("gate.deleted", orders), ("gate.created", "gate:another"), ("gate.changed", orders), ("gate.created", orders)]);
    assert_eq!(events["items"][2]["after"]["level"], 3);
    assert_eq!(events["items"][2]["before"]["any_of"], json!(["shop:read"]));
}

#[tokio::test]
async fn what_is_no_gate_is_refused_with_each_wrong_field() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read"]).await;
    let rule = |rule: Value| json!({ "rules": [{}, rule] });
    let many: Vec<Value> = (0..65).map(|_| json!({})).collect();
    for (name, body, pointers) in [
        ("any", json!({}), &["/name"][..]),
        ("Orders", json!({}), &["/name"]),
        ("a%20b", json!({}), &["/name"]),
        ("g", json!({"level": 9}), &["/level"]),
        ("g", json!({"level": 1, "any_of": ["shop:read"]}), &["/level"]),
        ("g", json!({"level": 1, "kind": "service"}), &["/level"]),
        ("g", json!({"any_of": ["read"], "all_of": ["shop:"]}), &["/any_of/0", "/all_of/0"]),
        ("g", json!({"carriers": []}), &["/carriers"]),
        ("g", json!({"rules": many}), &["/rules"]),
        ("g", rule(json!({"methods": ["GET", "get"]})), &["/rules/1/methods/1"]),
        ("g", rule(json!({"path": "orders"})), &["/rules/1/path"]),
        ("g", rule(json!({"path": "/a/../b"})), &["/rules/1/path"]),
        ("g", rule(json!({"path": "/a%2fb", "level": 9, "methods": [""]})), &["/rules/1/methods/0", "/rules/1/path", "/rules/1/level"]),
        ("g", json!({"level": 2, "rules": [{"any_of": ["shop:read"]}]}), &["/rules/0"]),
    ] {
        let answer = server.put(&format!("/v1/gates/{name}"), &admin, body.clone()).await;
        let problem = answer.problem(422, "invalid");
        let named: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, pointers, "{name} {body}");
    }
    for body in [json!({"x": 1}), json!({"carriers": ["cookie"]}), json!({"headers": ["x-user"]}), json!({"rules": [[]]}), json!([])] {
        server.put("/v1/gates/g", &admin, body).await.problem(400, "malformed");
    }
    let unknown = server.put("/v1/gates/g", &admin, json!({"rules": [{"any_of": ["shop:read", "shop:fly"]}]})).await;
    assert!(unknown.problem(422, "unknown_permission")["errors"][0]["message"].as_str().unwrap().contains("shop:fly"));
    assert_eq!(server.get("/v1/gates", &admin).await.expect(200)["items"], json!([]), "nothing of it was kept");
}

#[tokio::test]
async fn a_permission_that_is_no_longer_declared_may_stay_and_not_come_back() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read"]).await;
    let gate = |level| json!({"any_of": ["shop:read"], "rules": [{"path": level}]});
    server.put("/v1/gates/g", &admin, gate("/a")).await.expect(201);
    server.declare("shop", &["other"]).await;
    server.put("/v1/gates/g", &admin, gate("/b")).await.expect(200);
    server.put("/v1/gates/g", &admin, json!({})).await.expect(200);
    server.put("/v1/gates/g", &admin, gate("/a")).await.problem(422, "unknown_permission");
}

#[tokio::test]
async fn only_a_person_of_level_8_defines_gates() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let everything: Vec<&str> = keybearer_core::permission::OwnPermission::ALL.iter().map(|permission| permission.full_name()).collect();
    let mighty = server.service_key("mighty", &everything).await.bearer();
    let support = server.person("sue", "support").await.session();
    let eight = server.account_key(&admin, 8).await.bearer();
    let seven = server.account_key(&admin, 7).await.bearer();
    for (cred, code) in [(&mighty, "service_key_refused"), (&support, "insufficient_level"), (&seven, "insufficient_level")] {
        server.put("/v1/gates/g", cred, json!({})).await.problem(403, code);
        server.delete("/v1/gates/g", cred).await.problem(403, code);
    }
    server.put("/v1/gates/g", &eight, json!({})).await.expect(201);
    server.get("/v1/gates/g", &mighty).await.expect(200);
    server.get("/v1/gates/g", &support).await.problem(403, "insufficient_level");
    server.delete("/v1/gates/g", &mighty).await.problem(403, "service_key_refused");
    server.delete("/v1/gates/g", &eight).await.expect(204);
}

#[tokio::test]
async fn each_change_is_in_force_when_its_call_returns() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await.bearer();
    for _ in 0..20 {
        server.get("/gate/g", &key).await.expect_text(403, "NO_SUCH_GATE\n");
        server.put("/v1/gates/g", &admin, json!({"level": 4})).await.expect(201);
        server.get("/gate/g", &key).await.expect_text(200, "");
        server.put("/v1/gates/g", &admin, json!({"level": 5})).await.expect(200);
        server.get("/gate/g", &key).await.expect_text(403, "INSUFFICIENT_LEVEL\n");
        server.put("/v1/gates/g", &admin, json!({"rules": [{"path": "/a"}]})).await.expect(200);
        server.get("/gate/g/a", &key).await.expect_text(200, "");
        server.get("/gate/g/b", &key).await.expect_text(403, "NO_RULE\n");
        server.delete("/v1/gates/g", &admin).await.expect(204);
    }
    server.put("/v1/gates/g", &admin, json!({"level": 5})).await.expect(201);
    let server = server.restart().await;
    server.get("/gate/g", &key).await.expect_text(403, "INSUFFICIENT_LEVEL\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_passes_a_gate_after_it_was_deleted_or_narrowed() {
    let server = Arc::new(Server::start().await);
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await.bearer();
    // Odd while the gate may be passed.
    let round = Arc::new(AtomicU32::new(0));
    let askers: Vec<_> = (0..4)
        .map(|_| {
            let (server, round, key) = (Arc::clone(&server), Arc::clone(&round), key.clone());
            tokio::spawn(async move {
                let (mut passed, mut stopped) = (0, 0);
                loop {
                    let before = round.load(Ordering::SeqCst);
                    if before == u32::MAX {
                        return (passed, stopped);
                    }
                    let status = server.get("/gate/g", &key).await.status.as_u16();
                    let after = round.load(Ordering::SeqCst);
                    assert!(matches!(status, 200 | 403), "{status}");
                    if before == after && before % 2 == 0 {
                        assert_eq!(status, 403, "it passed though nobody may");
                    }
                    *(if status == 200 { &mut passed } else { &mut stopped }) += 1;
                }
            })
        })
        .collect();
    for number in 0..60 {
        round.fetch_add(1, Ordering::SeqCst);
        server.put("/v1/gates/g", &admin, json!({"level": 4})).await;
        server.get("/gate/g", &key).await.expect_text(200, "");
        if number % 2 == 0 {
            server.delete("/v1/gates/g", &admin).await.expect(204);
        } else {
            server.put("/v1/gates/g", &admin, json!({"kind": "service"})).await.expect(200);
        }
        round.fetch_add(1, Ordering::SeqCst);
        server.get("/gate/g", &Cred::None).await;
    }
    round.store(u32::MAX, Ordering::SeqCst);
    let mut counts = (0, 0);
    for asker in askers {
        let (passed, stopped) = asker.await.unwrap();
        counts = (counts.0 + passed, counts.1 + stopped);
    }
    assert!(counts.0 > 0 && counts.1 > 0, "both were met: {counts:?}");
}
