//! HEAD: the head of what GET would answer, over both versions of HTTP.

use axum::http::{Method, StatusCode};
use tokio::time::timeout;

use super::http2::{Client, get};
use super::raw::{PATIENCE, Watched};

/// Found, without a credential in the words of two faces, not there, and with a method that the path does not have.
const ROWS: [(&str, u16); 5] = [("/livez", 200), ("/v1/keys", 401), ("/whoami/key", 401), ("/nowhere", 404), ("/v1/verify", 405)];

#[tokio::test]
async fn over_http2_head_is_answered_without_a_body() {
    let watched = Watched::start(|_| {}).await;
    let mut client = Client::connect(&watched).await;
    for (path, status) in ROWS {
        let (answer, _) = client.begin(get(path), true).await.unwrap();
        let mut whole = timeout(PATIENCE, answer).await.unwrap().unwrap().into_body();
        let mut length = 0;
        while let Some(data) = whole.data().await {
            length += data.unwrap().len();
        }
        let mut head = get(path);
        *head.method_mut() = Method::HEAD;
        let (answer, _) = client.begin(head, true).await.unwrap();
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap(), "{path}");
        assert_eq!(answer.headers()["content-length"], length.to_string(), "{path}");
        assert!(length > 0 && answer.into_body().is_end_stream(), "{path}");
    }
    drop(client);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn over_http1_a_connection_takes_any_number_of_heads() {
    let watched = Watched::start(|_| {}).await;
    for (path, status) in ROWS {
        let whole = watched.connect().await.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await.0;
        let length = whole.split_once("\r\n\r\n").unwrap().1.len();
        let request = |rest: &str| format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n{rest}\r\n");
        // More than could be given up on one connection.
        let said = request("").repeat(250) + &request("Connection: close\r\n");
        let heard = watched.connect().await.ask(said).await;
        assert_eq!(heard.statuses(), [status; 251], "{path}");
        let said = heard.0.to_lowercase();
        assert_eq!(said.matches(&format!("content-length: {length}\r\n")).count(), 251, "{path}: {said:.500}");
        assert!(said.ends_with("\r\n\r\n") && said.matches("\r\n\r\n").count() == 251, "{path}: nothing but heads");
    }
    watched.assert_unharmed().await;
}
