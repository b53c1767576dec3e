//! What cannot be read: an error in the envelope, never a 5xx, and nothing half-written.

use std::io::ErrorKind;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{delete, fails, key, listed};
use crate::support::{Cred, Server};

const GOOD: &str = r#"{"name": "n", "level": 0}"#;

#[tokio::test]
async fn a_body_that_is_no_json_object_is_malformed() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let bodies: Vec<Vec<u8>> = [
        "{",
        " ",
        "nothing",
        "null",
        "[]",
        "7",
        r#""text""#,
        "{}{}",
        r#"{"name": "n", "level": 0,}"#,
        r#"{"name": "n", "level": 03}"#,
        r#"{"name": "n", "level": 0, "level": 0}"#,
        r#"{"name": "n", "level": 0, "x": {"y": 1, "y": 1}}"#,
        r#"{"name": "n", "name": "n", "level": 0}"#,
        r#"{"name": "\ud800", "level": 0}"#,
        r#"{"name": "n", "level": NaN}"#,
        r#"{"name": "n", "level": 1e999}"#,
    ]
    .into_iter()
    .map(Into::into)
    .chain([b"{\"name\": \"\xff\", \"level\": 0}".to_vec(), "[".repeat(60_000).into(), r#"{"a":"#.repeat(12_000).into()])
    .collect();
    for body in bodies {
        let answer = server.ask("POST", "/apikeys/jwt").with(&ada).body("application/json", body).send().await;
        fails(&answer, 400, "malformedBody");
    }
    assert!(listed(&server, &ada).await.is_empty());
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_anything_else() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let long = json!({"name": "a".repeat(1 << 20), "level": 0}).to_string();
    let deep = "[".repeat(100_000);
    for body in [long, deep] {
        for cred in [&Cred::None, &ada] {
            let answer = server.ask("POST", "/apikeys/jwt").with(cred).body("application/json", body.clone()).send().await;
            fails(&answer, 413, "bodyTooLarge");
        }
    }
    let mut within = json!({"name": "n", "level": 0, "padding": ""});
    let room = 64 * 1024 - within.to_string().len();
    within["padding"] = Value::String("x".repeat(room));
    server.post("/apikeys/jwt", &ada, within.clone()).await.expect(201);
    within["padding"] = Value::String("x".repeat(room + 1));
    fails(&server.post("/apikeys/jwt", &ada, within).await, 413, "bodyTooLarge");
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "application/jsonp", ""] {
        let answer = server.ask("POST", "/apikeys/jwt").with(&ada).body(content_type, GOOD).send().await;
        fails(&answer, 415, "unsupportedMediaType");
    }
    let compressed = server.ask("POST", "/apikeys/jwt").with(&ada).header("content-encoding", "gzip").body("application/json", GOOD);
    fails(&compressed.send().await, 415, "unsupportedMediaType");
    let unasked = server.ask("POST", "/apikeys/jwt").body("text/plain", GOOD).send().await;
    fails(&unasked, 401, "authenticationMissing");
    assert!(listed(&server, &ada).await.is_empty());
    server.ask("POST", "/apikeys/jwt").with(&ada).body("Application/JSON; charset=UTF-8", GOOD).send().await.expect(201);
}

#[tokio::test]
async fn an_unknown_method_is_told_those_that_there_are() {
    let server = Server::start().await;
    let paths = [
        ("/apikeys/jwt", ["GET", "HEAD", "POST"].as_slice()),
        ("/apikeys/key", &["GET", "HEAD", "POST"]),
        ("/apikeys/x/jwt", &["DELETE", "GET", "HEAD"]),
        ("/apikeys/x/key", &["DELETE", "GET", "HEAD"]),
        ("/whoami/jwt", &["GET", "HEAD"]),
        ("/whoami/key", &["GET", "HEAD"]),
    ];
    for (path, allowed) in paths {
        for method in ["PUT", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let answer = server.ask(method, path).send().await;
            fails(&answer, 405, "methodNotAllowed");
            let mut told: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found_in_the_envelope() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    for path in [
        "/apikeys",
        "/apikeys/",
        "/apikeys/x",
        "/apikeys/x/y",
        "/apikeys/jwt/",
        "/apikeys/x/jwt/",
        "/apikeys/x/y/jwt",
        "/whoami",
        "/whoami/x",
    ] {
        for cred in [&Cred::None, &ada] {
            fails(&server.get(path, cred).await, 404, "notFound");
        }
    }
}

#[tokio::test]
async fn a_key_in_the_url_is_refused_and_named() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let made = server.account_key(&ada, 4).await;
    let paths = [
        format!("/apikeys/{}/jwt", made.token),
        format!("/apikeys/{}:{}/jwt", made.id, made.secret),
        format!("/apikeys/jwt?key={}", made.token),
        format!("/whoami/{}", made.token),
    ];
    for path in paths {
        let answer = server.get(&path, &ada).await;
        assert_eq!(answer.expect(400), json!({"result": "error", "error": "keyInUrl", "key": made.id}));
        assert!(!answer.text.contains(&made.secret));
    }
}

/// Sends all but the end of a create, does something else, sends the end, and returns the answer as text.
async fn slowly(server: &Server, authorization: &str, meanwhile: impl Future<Output = ()>) -> String {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /apikeys/key HTTP/1.1\r\nHost: {}\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        server.address,
        GOOD.len()
    );
    let (first, last) = GOOD.split_at(GOOD.len() - 1);
    send(&stream, &format!("{head}{first}")).await;
    meanwhile.await;
    send(&stream, last).await;
    let mut answer = Vec::new();
    loop {
        stream.readable().await.unwrap();
        match stream.try_read_buf(&mut answer) {
            Ok(0) => return String::from_utf8(answer).unwrap(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn send(stream: &TcpStream, text: &str) {
    stream.writable().await.unwrap();
    assert_eq!(stream.try_write(text.as_bytes()).unwrap(), text.len());
}

#[tokio::test]
async fn who_sends_slowly_keeps_no_right() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let doomed = key(&server, &ada, 4).await;
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", doomed.id, doomed.secret)));
    let answer = slowly(&server, &basic, async {}).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let revoke = async { drop(delete(&server, &ada, &doomed.id).await.expect(204)) };
    let answer = slowly(&server, &basic, revoke).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("authenticationFailed"), "{answer}");
    assert_eq!(listed(&server, &ada).await.len(), 1);
}
