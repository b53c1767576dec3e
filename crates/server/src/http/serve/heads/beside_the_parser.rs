//! The reader and the parser, on the same bytes: they must see the same requests, or a second one could be smuggled in the body of a first.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncWriteExt, duplex};

use super::Heads;
use crate::config::HttpConfig;
use crate::http::serve::pace::Pace;
use crate::http::serve::stream::{Protocol, Stream};

/// The targets of the requests that the reader lets pass.
fn let_pass(bytes: &[u8]) -> Vec<String> {
    let mut heads = Heads::new();
    let (mut targets, mut begun) = (Vec::new(), None);
    for (place, byte) in bytes.iter().enumerate() {
        if heads.read(&[*byte]).is_some() {
            break;
        }
        if heads.in_head() {
            begun.get_or_insert(place);
        } else if let Some(begun) = begun.take() {
            let head = String::from_utf8_lossy(&bytes[begun..place]);
            targets.push(head.split(' ').nth(1).unwrap_or_default().to_owned());
        }
    }
    targets
}

/// The targets of the requests that the parser hands on, behind the reader.
fn handed_on(bytes: &[u8]) -> Vec<String> {
    let seconds = Duration::from_secs(10);
    let config = HttpConfig { header_timeout: seconds, body_timeout: seconds, idle_timeout: seconds, max_connections: 1, shortcuts: true };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        seen.lock().unwrap().push(request.uri().to_string());
        async {
            drop(request.into_body().collect().await);
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut client, server) = duplex(1024 * 1024);
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let io = TokioIo::new(Stream::new(server, Protocol::Http1, Bytes::new(), Pace::new(&config)));
        // What is refused ends it with an error.
        drop(http1::Builder::new().half_close(true).header_read_timeout(None).serve_connection(io, service).await);
    });
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// Mostly nothing, or something that does not belong into a line, or not so often.
fn padding() -> impl Strategy<Value = String> {
    let piece = select(vec![" ", "0", "\t", "\r", "\n", "\x0b", "+", ";", ",", "\u{e9}"]);
    prop_oneof![3 => Just(String::new()), 1 => (piece, select(vec![1, 2, 100, 130])).prop_map(|(piece, count)| piece.repeat(count))]
}

fn line_end() -> impl Strategy<Value = &'static str> {
    prop_oneof![20 => Just("\r\n"), 1 => select(vec!["\n", "\r", "\r\r\n", "\n\r\n"])]
}

fn header() -> impl Strategy<Value = String> {
    let name = select(vec!["Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "X", " Content-Length"]);
    let value = select(vec!["0", "5", "24", "1a", "chunked", "Chunked", "gzip, chunked", ""]);
    let after = select(vec!["", "", "", "", " "]);
    (name, after, padding(), value, padding(), line_end())
        .prop_map(|(name, after, left, value, right, end)| format!("{name}{after}:{left}{value}{right}{end}"))
}

/// Chunks, plain bytes, and what looks like a request.
fn body() -> impl Strategy<Value = String> {
    let chunk = (padding(), select(vec!["0", "5", "18", "x"]), padding(), line_end())
        .prop_map(|(left, size, right, end)| format!("{left}{size}{right}{end}"));
    let piece = prop_oneof![chunk, select(vec!["", "abcde", "abcde\r\n", "\r\n", "GET /inner HTTP/1.1\r\n\r\n"]).prop_map(str::to_owned)];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn request() -> impl Strategy<Value = String> {
    let target = select(vec!["/one", "/two", "/three"]);
    (target, line_end(), proptest::collection::vec(header(), 0..3), line_end(), body())
        .prop_map(|(target, end, headers, last, body)| format!("POST {target} HTTP/1.1{end}{}{last}{body}", headers.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_handed_on_is_what_was_let_pass(requests in proptest::collection::vec(request(), 1..4)) {
        let bytes = requests.concat();
        let (passed, handed) = (let_pass(bytes.as_bytes()), handed_on(bytes.as_bytes()));
        prop_assert!(passed.starts_with(&handed), "{handed:?} of {passed:?}");
    }
}

#[test]
fn plain_requests_are_all_handed_on() {
    let bytes = "POST /one HTTP/1.1\r\nContent-Length: 24\r\n\r\nGET /inner HTTP/1.1\r\n\r\n..POST /two HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nabcde\r\n0\r\n\r\nGET /three HTTP/1.1\r\n\r\n";
    assert_eq!(handed_on(bytes.as_bytes()), ["/one", "/two", "/three"]);
    assert_eq!(let_pass(bytes.as_bytes()), ["/one", "/two", "/three"]);
}
