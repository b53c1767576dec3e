//! What commands print: aligned, and harmless to the terminal and to whoever reads it.

use std::process::Stdio;

use keybearer::cli::Exit;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{ask, keybearer};
use crate::support::Server;

/// A server that says this, whatever it is asked.
async fn liar(status: &str, kind: &str, body: &Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = body.to_string();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.read(&mut [0; 4096]).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    url
}

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}kcart";

fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
}

#[tokio::test]
async fn no_name_plays_with_the_terminal() {
    // Control characters never get into a name of an honest server; those that turn the text around do.
    let server = Server::start().await;
    let admin = server.admin().await;
    server.post("/v1/keys", &admin, json!({"name": "a\u{202e}b", "level": 1})).await.expect(201);
    let table = ask(&server, &admin, "key list", &[]).await;
    assert!(is_harmless(table.expect(Exit::Done)) && table.out.contains(r"a\u{202e}b"), "{:?}", table.out);
    let listed = ask(&server, &admin, "key list --json", &[]).await;
    assert!(is_harmless(&listed.out), "{:?}", listed.out);
    assert_eq!(listed.json(Exit::Done)[0]["name"], "a\u{202e}b");

    let session = json!({"username": EVIL, "id": 1, "role": EVIL, "level": 1, "status": "active", "consent": true, "email": EVIL, "metadata": {EVIL: EVIL},
        "has_password": false, "created_at": "2026-01-01T00:00:00Z"});
    let list = liar("200 OK", "application/json", &json!({"items": [session]})).await;
    let one = liar("200 OK", "application/json", &session).await;
    for (words, url) in [("account list", &list), ("account list --json", &list), ("account get 1", &one), ("account get 1 --json", &one)] {
        let ran = keybearer(words.split(' ').chain(["--url", url])).run().await;
        assert!(is_harmless(ran.expect(Exit::Done)) && ran.out.contains("owned"), "{words}: {:?}", ran.out);
    }
    let problem = json!({"type": "t", "title": EVIL, "status": 409, "detail": EVIL, "code": EVIL, "request_id": EVIL,
        "errors": [{"pointer": EVIL, "message": EVIL}], "keys": [{"id": "0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11", "name": EVIL}]});
    let url = liar("409 Conflict", "application/problem+json", &problem).await;
    for words in ["account get 1", "account get 1 --json"] {
        let ran = keybearer(words.split(' ').chain(["--url", &url])).run().await;
        assert!(is_harmless(ran.error(Exit::Conflict)) && ran.err.contains("owned"), "{words}: {:?}", ran.err);
    }
}

#[tokio::test]
async fn what_is_no_keybearer_is_believed_nothing() {
    let page = liar("404 Not Found", "text/html", &json!("nothing here")).await;
    let empty = liar("200 OK", "application/json", &json!({})).await;
    for url in [&page, &empty] {
        let ran = keybearer(["account", "get", "1", "--url", url]).run().await;
        assert!(ran.error(Exit::Unavailable).contains("does not answer as Keybearer does"), "{}", ran.err);
    }
    keybearer(["healthcheck", "--url", &empty]).run().await.error(Exit::Unhealthy);
}

#[tokio::test]
async fn columns_stand_below_each_other_however_wide_the_letters_are() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["鍵束の番人", "plain", "Grüße"] {
        server.post("/v1/keys", &admin, json!({"name": name, "level": 1})).await.expect(201);
    }
    let ran = ask(&server, &admin, "key list --sort name", &[]).await;
    let table = ran.expect(Exit::Done);
    // Where the column after the names begins, counted as a terminal counts: each of these ideographs takes two places.
    let place = |line: &str, word: &str| -> usize {
        line.split(word).next().unwrap().chars().map(|c| if ('\u{3040}'..='\u{9fff}').contains(&c) { 2 } else { 1 }).sum()
    };
    let mut lines = table.lines();
    let state = place(lines.next().unwrap(), "STATE");
    let places: Vec<usize> = lines.map(|line| place(line, "active")).collect();
    assert_eq!(places, [state; 3], "{table}");
    assert!(table.lines().all(|line| line == line.trim_end()), "{table:?}");
    assert!(!table.contains('\u{1b}'), "no colours in a pipe");
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.account_key(&admin, 1).await;
    for words in ["events --json", "events", "key list", "whoami", "healthcheck"] {
        let mut asked = keybearer(words.split(' ')).on(&server).with(&admin);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = asked.command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        drop(asked);
        let done = child.wait_with_output().await.unwrap();
        assert_eq!((done.status.code(), &*String::from_utf8_lossy(&done.stderr)), (Some(0), ""), "{words}");
    }
    // The same on the other side: a failure with nobody to tell it to keeps its code.
    let mut asked = keybearer(["account", "get", "99"]).on(&server).with(&admin);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = asked.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    drop(asked);
    assert_eq!(child.wait_with_output().await.unwrap().status.code(), Some(i32::from(Exit::NotFound.code())));
}
