//! Named gates: requirements, carriers, headers.

use serde_json::json;

use super::told;
use crate::support::{Cred, Server};

#[tokio::test]
async fn a_key_passes_that_meets_the_requirement() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "write", "refund"]).await;
    for (name, gate) in [
        ("free", json!({})),
        ("level-3", json!({"level": 3})),
        ("people", json!({"kind": "account"})),
        ("services", json!({"kind": "service"})),
        ("readers", json!({"any_of": ["shop:read", "shop:write"]})),
        ("both", json!({"all_of": ["shop:read", "shop:write"]})),
        ("mixed", json!({"any_of": ["shop:refund", "shop:write"], "all_of": ["shop:read"]})),
    ] {
        server.put(&format!("/v1/gates/{name}"), &admin, gate).await.expect(201);
    }
    let person = server.person("ada", "user").await;
    let two = server.account_key(&person.session(), 2).await;
    let three = server.account_key(&person.session(), 3).await;
    let reader = server.service_key("reader", &["shop:read"]).await;
    let writer = server.service_key("writer", &["shop:read", "shop:write"]).await;
    let (low, lacking) = ("INSUFFICIENT_LEVEL", "INSUFFICIENT_PERMISSIONS");
    for (gate, answers) in [
        ("free", ["", "", "", ""]),
        ("level-3", [low, "", low, low]),
        ("people", ["", "", low, low]),
        ("services", [lacking, lacking, "", ""]),
        ("readers", [lacking, lacking, "", ""]),
        ("both", [lacking, lacking, lacking, ""]),
        ("mixed", [lacking, lacking, lacking, ""]),
    ] {
        for (key, why) in [&two, &three, &reader, &writer].into_iter().zip(answers) {
            let answer = server.get(&format!("/gate/{gate}"), &key.bearer()).await;
            if why.is_empty() { answer.expect_text(200, "") } else { answer.expect_text(403, &format!("{why}\n")) }
        }
        server.get(&format!("/gate/{gate}"), &Cred::None).await.expect_text(401, "MISSING\n");
        server.get(&format!("/gate/{gate}"), &admin).await.expect_text(401, "MALFORMED\n");
    }
    server.delete(&format!("/v1/keys/{}", writer.id), &admin).await.expect(204);
    server.get("/gate/both", &writer.bearer()).await.expect_text(401, "REVOKED\n");
    let metrics = server.get("/metrics", &admin).await.text;
    for line in [
        "keybearer_verifications_total{kind=\"gate\",outcome=\"INSUFFICIENT_LEVEL\"} 5",
        "keybearer_verifications_total{kind=\"gate\",outcome=\"VALID\"} 13",
        "keybearer_index_gates 7",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[tokio::test]
async fn the_four_headers_are_always_set_and_tell_what_the_gate_chose() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["a", "b", "c", "d"]).await;
    let rules = json!([{"path": "/x", "any_of": ["shop:c"]}, {}]);
    server.put("/v1/gates/all", &admin, json!({"any_of": ["shop:a", "shop:b"], "rules": rules})).await.expect(201);
    server.put("/v1/gates/some", &admin, json!({"headers": ["x-owner-id", "x-permissions"]})).await.expect(201);
    server.put("/v1/gates/none", &admin, json!({"headers": []})).await.expect(201);
    let person = server.person("ada", "user").await;
    let own = server.account_key(&person.session(), 2).await;
    let service = server.service_key("shopkeeper", &["shop:d", "shop:c", "shop:a"]).await;
    let owner = person.id.to_string();
    for (gate, key, expected) in [
        ("all/y", &service, [&*service.id, "", "", "shop:a shop:c"]),
        ("some", &service, ["", "", "", ""]),
        ("some", &own, ["", &owner, "", ""]),
        ("none", &own, ["", "", "", ""]),
        ("any", &own, [&*own.id, &owner, "2", ""]),
        ("any", &service, [&*service.id, "", "", ""]),
    ] {
        let mut ask = server.ask("GET", &format!("/gate/{gate}")).with(&key.bearer());
        for name in ["x-key-id", "x-owner-id", "x-key-level", "x-permissions"] {
            ask = ask.header(name, "forged");
        }
        let answer = ask.send().await;
        answer.expect_text(200, "");
        assert_eq!(told(&answer), expected, "{gate}");
        for name in ["x-key-id", "x-owner-id", "x-key-level", "x-permissions"] {
            assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
        }
    }
}

#[tokio::test]
async fn a_credential_elsewhere_than_where_the_gate_looks_is_absent() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let carriers = ["bearer", "basic", "x-api-key", "catena-api-key"];
    let sent = [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone()), key.catena()];
    for (place, name) in carriers.iter().enumerate() {
        server.put(&format!("/v1/gates/{name}"), &admin, json!({"carriers": [name]})).await.expect(201);
        for (other, cred) in sent.iter().enumerate() {
            let answer = server.get(&format!("/gate/{name}"), cred).await;
            if other == place { answer.expect_text(200, "") } else { answer.expect_text(401, "MISSING\n") }
        }
    }
    // The application's own credentials stand beside the key.
    let beside = server.ask("GET", "/gate/x-api-key").with(&sent[2]);
    let beside =
        beside.header("authorization", "Bearer eyJhbGciOi.J9.x").header("authorization", "Negotiate x").header("catena-session-id", "x");
    beside.send().await.expect_text(200, "");
    server.put("/v1/gates/two", &admin, json!({"carriers": ["bearer", "x-api-key"]})).await.expect(201);
    let two = |name: &str, value: &str| server.ask("GET", "/gate/two").with(&sent[2]).header(name, value).send();
    two("authorization", "Basic eDp5").await.expect_text(200, "");
    two("authorization", "Digest x").await.expect_text(200, "");
    two("catena-api-key", &key.token).await.expect_text(200, "");
    two("authorization", &format!("Bearer {}", key.token)).await.expect_text(401, "AMBIGUOUS\n");
    two("authorization", "bearer").await.expect_text(401, "AMBIGUOUS\n");
    two("x-api-key", &key.token).await.expect_text(401, "AMBIGUOUS\n");
    let twice = server.ask("GET", "/gate/bearer").header("authorization", format!("Bearer {}", key.token));
    twice.header("authorization", format!("Bearer {}", key.token)).send().await.expect_text(401, "AMBIGUOUS\n");
    for (value, why) in
        [("Bearer", "MALFORMED"), ("Bearer x", "MALFORMED"), ("Bearer a.b.c", "MALFORMED"), ("Basic x", "MISSING"), ("", "MISSING")]
    {
        server.ask("GET", "/gate/bearer").header("authorization", value).send().await.expect_text(401, &format!("{why}\n"));
    }
}

/// Whatever else a request brings, a proxy is told yes or no.
#[tokio::test]
async fn nothing_but_a_good_key_is_answered_200() {
    let server = Server::start_with(|config| config.cors_origins = vec!["https://app.example.com".parse().unwrap()]).await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    server.put("/v1/gates/g", &admin, json!({"level": 4, "rules": [{"path": "/a"}]})).await.expect(201);
    let long = "a".repeat(9_000);
    for path in
        ["/gate/any", "/gate/g/a", "/gate/g/b", "/gate/none", "/gate/", "/gate", "/gate//a", &format!("/gate/any?{long}"), "/gate/g/%ff"]
    {
        for method in ["GET", "POST", "OPTIONS", "HEAD", "PURGE", "TRACE"] {
            for headers in [
                &[][..],
                &[("content-type", "application/grpc")],
                &[("content-type", "application/grpc-web+proto"), ("te", "trailers")],
                &[("origin", "https://app.example.com"), ("access-control-request-method", "PUT")],
                &[("origin", "https://evil.example.com"), ("access-control-request-method", "PUT"), ("content-type", "application/grpc")],
                &[("authorization", "Bearer x"), ("x-api-key", "y"), ("accept-encoding", "gzip")],
                &[("if-match", "\"1\""), ("range", "bytes=0-1"), ("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")],
            ] {
                let ask = headers.iter().fold(server.ask(method, path), |ask, (name, value)| ask.header(name, value));
                let answer = ask.send().await;
                let status = answer.status.as_u16();
                assert!(matches!(status, 401 | 403), "{method} {path:.20} {headers:?}: {status}");
            }
        }
    }
    // And with one it is, whatever else the request brings.
    for headers in
        [&[("content-type", "application/grpc")][..], &[("origin", "https://app.example.com"), ("access-control-request-method", "PUT")]]
    {
        for (path, status) in [("/gate/any", 200), ("/gate/g/a", 200), ("/gate/g/b", 403)] {
            for method in ["GET", "OPTIONS", "POST"] {
                let ask = headers.iter().fold(server.ask(method, path).with(&key.bearer()), |ask, (name, value)| ask.header(name, value));
                assert_eq!(ask.send().await.status.as_u16(), status, "{method} {path} {headers:?}");
            }
        }
    }
}
