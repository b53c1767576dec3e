//! `/gate/{name}`: what a proxy is told, the short way and by the router.

mod define;
mod ext_authz;
mod named;
mod request;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Answer, Cred, Made, Server};

async fn ask(server: &Server, cred: &Cred) -> Answer {
    server.get("/gate/any", cred).await
}

fn told(answer: &Answer) -> [&str; 4] {
    ["x-key-id", "x-owner-id", "x-key-level", "x-permissions"].map(|name| answer.header(name))
}

#[tokio::test]
async fn every_valid_key_passes_and_is_named() {
    let server = Server::start().await;
    let person = server.person("ada", "user").await;
    let own = server.account_key(&person.session(), 3).await;
    server.declare("shop", &["read"]).await;
    let service = server.service_key("storefront", &["shop:read"]).await;
    for cred in [own.bearer(), own.pair(), Cred::XApiKey(own.token.clone()), own.catena()] {
        let answer = ask(&server, &cred).await;
        answer.expect_text(200, "");
        assert_eq!(told(&answer), [&*own.id, &person.id.to_string(), "3", ""]);
    }
    let answer = ask(&server, &service.bearer()).await;
    assert_eq!((answer.status.as_u16(), told(&answer)), (200, [&*service.id, "", "", ""]), "always the same headers");
    for (method, path) in [("POST", "/gate/any"), ("DELETE", "/gate/any/orders/1"), ("PURGE", "/gate/any"), ("HEAD", "/gate/any")] {
        let answer = server.ask(method, path).with(&own.bearer()).send().await;
        assert_eq!((answer.status.as_u16(), told(&answer)[0]), (200, &*own.id), "{method} {path}");
    }
    let metrics = server.get("/metrics", &server.admin().await).await.text;
    assert!(metrics.contains("keybearer_verifications_total{kind=\"gate\",outcome=\"VALID\"} 9"), "{metrics}");
    assert!(metrics.contains("http_route=\"/gate/{name}\""), "{metrics}");
}

#[tokio::test]
async fn whatever_is_no_good_key_is_refused_with_the_reason() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let short: Value = server.post("/v1/keys", &admin, json!({"name": "short", "level": 1, "expires_in": 60})).await.expect(201);
    let short = crate::support::made(&short);
    server.advance(60_000);
    let Cred::Bearer(session) = &admin else { panic!("a session") };
    let unknown = Made { secret: "0".repeat(64), ..key.clone() };
    for (cred, reason) in [
        (Cred::None, "MISSING"),
        (Cred::Bearer("no key".into()), "MALFORMED"),
        (Cred::Bearer(session.clone()), "MALFORMED"),
        (unknown.pair(), "NOT_FOUND"),
        (short.bearer(), "EXPIRED"),
    ] {
        let answer = ask(&server, &cred).await;
        answer.expect_text(401, &format!("{reason}\n"));
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"keybearer\"");
    }
    ask(&server, &key.bearer()).await.expect_text(200, "");
    server.delete(&format!("/v1/keys/{}", key.id), &admin).await.expect(204);
    ask(&server, &key.bearer()).await.expect_text(401, "REVOKED\n");
    server.get("/gate/other", &short.bearer()).await.expect_text(403, "NO_SUCH_GATE\n");
    server.get("/gate/%61ny", &short.bearer()).await.expect_text(403, "NO_SUCH_GATE\n");
    server.get("/gate", &short.bearer()).await.expect_text(403, "NO_SUCH_GATE\n");
    server.get(&format!("/gate/any/{}", short.token), &Cred::None).await.expect_text(403, "KEY_IN_URL\n");
    let both = server.ask("GET", "/gate/any").with(&short.bearer()).header("x-api-key", &short.token).send().await;
    both.expect_text(401, "AMBIGUOUS\n");
}

/// What is answered to this, byte for byte, but for what is never the same; and whether the connection ends.
pub(crate) async fn answered(server: &Server, request: &str) -> (Vec<String>, String) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // What comes after tells whether the connection goes on.
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.ok();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut id = "";
    let mut lines = Vec::new();
    for line in head.lines() {
        match line.split_once(": ") {
            Some(("x-request-id", value)) => id = value,
            Some(("date", _)) => {}
            _ => lines.push(line.to_owned()),
        }
    }
    lines.sort();
    let body: String = body.split("date: ").map(|part| part.split_once("GMT").map_or(part, |(_, rest)| rest)).collect();
    let body = body.split("x-request-id: ").map(|part| part.split_once("\r\n").map_or(part, |(_, rest)| rest)).collect::<String>();
    (lines, if id.is_empty() { body } else { body.replace(id, "id") })
}

#[tokio::test]
async fn the_short_way_and_the_router_answer_alike() {
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let verifier = server.service_key("gateway", &["keybearer:verify"]).await;
    server.put("/v1/gates/strict", &admin, json!({"level": 5})).await.expect(201);
    server.put("/v1/gates/ruled", &admin, json!({"level": 4, "rules": [{"path": "/orders"}], "carriers": ["bearer"]})).await.expect(201);
    let bearer = format!("authorization: Bearer {}\r\n", key.token);
    let mut requests = Vec::new();
    for line in [
        "GET /gate/any",
        "HEAD /gate/any",
        "POST /gate/any",
        "GET /gate/any?x=1",
        "GET /gate/any/",
        "GET /gate/other",
        "GET /gate/strict",
        "GET /gate/ruled",
        "GET /gate/ruled/orders",
        "GET http://a/gate/any",
    ] {
        for host in ["host: a\r\n", "host: a:80\r\n", "host: u@a\r\n", "host: [::1]:5\r\n", "host: \r\n", "host: a\r\nhost: b\r\n", ""] {
            for cred in [&*bearer, "", "x-api-key: kb_x\r\n", "authorization: Basic %%\r\n", &format!("{bearer}catena-api-key: x\r\n")] {
                requests.push(format!("{line} HTTP/1.1\r\n{host}{cred}\r\n"));
                requests.push(format!("{line} HTTP/1.1\r\n{host}x-forwarded-uri: /orders/1\r\n{cred}\r\n"));
            }
        }
    }
    for body in [
        json!({"key": key.token}),
        json!({"key": key.token, "level": 8}),
        json!({"key": 1}),
        json!([key.token]),
        json!({"key": "x", "y": 1}),
    ] {
        for cred in [format!("authorization: Bearer {}\r\n", verifier.token), bearer.clone(), String::new(), format!("{bearer}{bearer}")] {
            for more in [
                "content-type: application/json\r\n",
                "",
                "content-type: application/json\r\ncontent-encoding: gzip\r\n",
                "content-type: application/json\r\norigin: https://a.example\r\n",
            ] {
                let body = body.to_string();
                let length = body.len();
                requests.push(format!("POST /v1/verify HTTP/1.1\r\nhost: a\r\n{cred}{more}content-length: {length}\r\n\r\n{body}"));
            }
        }
    }
    requests.push(format!("POST /v1/verify HTTP/1.1\r\nhost: a\r\n{bearer}content-length: 70000\r\n\r\n"));
    requests.push(format!("POST /v1/verify HTTP/1.1\r\nhost: a\r\n{bearer}content-length: 5\r\nx-request-id: mine\r\n\r\n12345"));
    let mut short = Vec::new();
    for request in &requests {
        short.push(answered(&server, request).await);
    }
    assert!(short.iter().any(|(head, _)| head.iter().any(|line| line.starts_with("HTTP/1.1 200"))));
    let server = server.restart_with(|config| config.http.shortcuts = false).await;
    for (request, short) in requests.iter().zip(short) {
        assert_eq!(answered(&server, request).await, short, "{request}");
    }
}
