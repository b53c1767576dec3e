//! How large things may be.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

use super::raw::Watched;

#[tokio::test]
async fn a_head_has_a_largest_size() {
    let watched = Watched::start(|_| {}).await;
    let head = |rest: &str| format!("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{rest}\r\n");
    let rows = [
        ("90 headers", head(&"X: y\r\n".repeat(90)), 200),
        ("101 headers", head(&"X: y\r\n".repeat(101)), 431),
        ("10,000 headers", head(&"X: y\r\n".repeat(10_000)), 431),
        ("a header of 16 KiB", head(&format!("X: {}\r\n", "y".repeat(16 * 1024))), 200),
        ("a header of 100 KiB", head(&format!("X: {}\r\n", "y".repeat(100 * 1024))), 431),
        ("a name of 100 KiB", head(&format!("{}: y\r\n", "x".repeat(100 * 1024))), 431),
        ("a header without end", "GET /livez HTTP/1.1\r\nX: ".to_owned() + &"y".repeat(1024 * 1024), 431),
    ];
    for (what, said, status) in rows {
        let heard = watched.connect().await.ask(said).await;
        assert_eq!(heard.statuses(), [status], "{what}: {}", heard.0);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_url_has_a_largest_size() {
    let watched = Watched::start(|_| {}).await;
    for (length, status) in [(8 * 1024, 404), (8 * 1024 + 1, 414), (20 * 1024, 414), (60 * 1024, 431)] {
        let path = format!("/{}", "a".repeat(length - 1));
        let close = if status == 404 { "Connection: close\r\n" } else { "" };
        let heard = watched.connect().await.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{close}\r\n")).await;
        assert_eq!(heard.statuses(), [status], "{length}: {}", heard.0);
        assert_eq!(status == 414, heard.0.contains("\"code\":\"url_too_long\""), "{}", heard.0);
    }
    for (path, words) in [("/whoami/key", "urlTooLong"), ("/api/v1/api_keys/keys", "8192 bytes")] {
        let heard = watched.connect().await.ask(format!("GET {path}?{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8 * 1024))).await;
        assert_eq!(heard.statuses(), [414]);
        assert!(heard.0.contains(words), "{}", heard.0);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_waited_for() {
    let watched = Watched::start(|_| {}).await;
    let head = "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let announced = format!("{head}Content-Length: 1000000\r\n\r\n");
    let sent = format!("{announced}{}", "a".repeat(1_000_000));
    let chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", format!("1000\r\n{}\r\n", "a".repeat(4096)).repeat(40));
    for said in [announced, sent, chunks] {
        let heard = watched.connect().await.ask(said).await;
        assert_eq!(heard.statuses(), [413], "{}", heard.0);
        assert!(heard.0.contains("\"code\":\"too_large\"") && heard.0.contains("connection: close"), "{}", heard.0);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn what_is_still_on_its_way_does_not_cost_the_answer() {
    let watched = Watched::start(|_| {}).await;
    for (said, status) in [
        ("POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n".to_owned(), 413),
        (format!("GET /livez HTTP/1.1\r\nX: {}", "y".repeat(30_000)), 431),
    ] {
        let mut raw = watched.connect().await;
        raw.say(said).await;
        assert_eq!(raw.hear().await.statuses(), [status]);
        // A socket that was closed with this unread would be reset, and many systems then forget what they have heard.
        for _ in 0..5 {
            raw.0.write_all(&[b'a'; 1000]).await.unwrap();
            sleep(Duration::from_millis(10)).await;
        }
    }
    watched.assert_unharmed().await;
}
