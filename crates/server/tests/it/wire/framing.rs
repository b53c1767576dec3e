//! Where one request ends, and whom it means.

use super::raw::Watched;

/// What stands after each: were it taken for a request, it would be answered.
const NEXT: &str = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

const LENGTH: &str = "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

async fn assert_refused(rows: &[(&str, &[u8])]) {
    // The time-outs are long here: what is refused is not only given up.
    let watched = Watched::start(|_| {}).await;
    for (what, bytes) in rows {
        let mut said = bytes.to_vec();
        said.extend_from_slice(NEXT.as_bytes());
        let heard = watched.connect().await.ask(&said).await;
        assert_eq!(heard.statuses(), [400], "{what}: {}", heard.0);
        // The same, byte by byte.
        let mut slow = watched.connect().await;
        slow.0.set_nodelay(true).unwrap();
        for byte in &said {
            slow.say([*byte]).await;
            tokio::task::yield_now().await;
        }
        let heard = slow.hear().await;
        assert_eq!(heard.statuses(), [400], "{what}, slowly: {}", heard.0);
        // The same after a request that is answered.
        let heard = watched.connect().await.ask([NEXT.as_bytes(), &said].concat()).await;
        assert_eq!(heard.statuses(), [200, 400], "{what}, as the second: {}", heard.0);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_has_one_length() {
    let post = |rest: &str| format!("{LENGTH}{rest}").into_bytes();
    let rows = [
        ("length, then chunks", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")),
        ("chunks, then length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n")),
        ("two lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc")),
        ("one length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc")),
        ("a list of lengths", post("Content-Length: 3, 3\r\n\r\nabc")),
        ("a signed length", post("Content-Length: +3\r\n\r\nabc")),
        ("a negative length", post("Content-Length: -3\r\n\r\nabc")),
        ("a length in hexadecimal", post("Content-Length: 0x3\r\n\r\nabc")),
        ("a length beyond all", post("Content-Length: 99999999999999999999\r\n\r\nabc")),
        ("an empty length", post("Content-Length:\r\n\r\nabc")),
        ("chunks twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        ("chunks of something", post("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")),
        ("chunks, then something", post("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")),
        ("something like chunks", post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("chunks in disguise", post("Transfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n")),
        ("a chunk that ends its line badly", post("Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n")),
        ("a chunk beyond all", post("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n")),
        ("a chunk of no size", post("Transfer-Encoding: chunked\r\n\r\nx\r\nabc\r\n0\r\n\r\n")),
        ("chunks of HTTP/1.0", b"POST /v1/sessions HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec()),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(what, bytes)| (*what, bytes.as_slice())).collect();
    assert_refused(&rows).await;
}

#[tokio::test]
async fn no_padding_hides_how_long_a_body_is() {
    let post = |rest: String| format!("{LENGTH}{rest}").into_bytes();
    let (spaces, zeros) = (" ".repeat(130), "0".repeat(130));
    let rows = [
        ("spaces before no length", post(format!("Content-Length:{spaces}0\r\n\r\n"))),
        ("spaces before a length", post(format!("Content-Length:{spaces}5\r\n\r\nabcde"))),
        ("spaces after a length", post(format!("Content-Length: 5{spaces}\r\n\r\nabcde"))),
        ("tabs before a length", post(format!("Content-Length:{}5\r\n\r\nabcde", "\t".repeat(130)))),
        ("zeros before a length", post(format!("Content-Length: {zeros}5\r\n\r\nabcde"))),
        ("only zeros", post(format!("Content-Length: {zeros}\r\n\r\n"))),
        ("spaces before the coding", post(format!("Transfer-Encoding:{spaces}chunked\r\n\r\n0\r\n\r\n"))),
        ("zeros before the size of a chunk", post(format!("Transfer-Encoding: chunked\r\n\r\n{zeros}5\r\nabcde\r\n0\r\n\r\n"))),
        ("spaces after the size of a chunk", post(format!("Transfer-Encoding: chunked\r\n\r\n5{spaces}\r\nabcde\r\n0\r\n\r\n"))),
        ("an endless extension of a chunk", post(format!("Transfer-Encoding: chunked\r\n\r\n5;{spaces}\r\nabcde\r\n0\r\n\r\n"))),
    ];
    let rows: Vec<(&str, &[u8])> = rows.iter().map(|(what, bytes)| (*what, bytes.as_slice())).collect();
    assert_refused(&rows).await;
}

#[tokio::test]
async fn lines_are_what_they_should_be() {
    let rows: [(&str, &[u8]); 14] = [
        ("bare line feeds", b"GET /livez HTTP/1.1\nHost: a\n\n"),
        ("a bare line feed after the first line", b"GET /livez HTTP/1.1\nHost: a\r\n\r\n"),
        ("a bare line feed after a header", b"GET /livez HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
        ("a bare line feed at the end", b"GET /livez HTTP/1.1\r\nHost: a\r\n\n"),
        ("a bare carriage return", b"GET /livez HTTP/1.1\r\nHost: a\r\nX: y\rZ: z\r\n\r\n"),
        ("a header that goes on in the next line", b"GET /livez HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n"),
        ("NUL in a header", b"GET /livez HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n"),
        ("NUL in the target", b"GET /liv\0ez HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space in the target", b"GET /liv ez HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space before the colon", b"GET /livez HTTP/1.1\r\nHost : a\r\n\r\n"),
        ("a header without a name", b"GET /livez HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n"),
        ("a header without a colon", b"GET /livez HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
        ("a version from elsewhere", b"GET /livez HTTP/3.7\r\nHost: a\r\n\r\n"),
        ("no version", b"GET /livez\r\n\r\n"),
    ];
    assert_refused(&rows).await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let rows: [(&str, &[u8]); 4] = [
        ("garbage", b"\x01\x02\x03\xff\xfe garbage \r\n\r\n"),
        ("the beginning of TLS", b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03\x01\x02\x03\x04\x05\x06\x07\x08\x09\r\n\r\n"),
        ("something like HTTP/2", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"),
        ("another protocol", b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    ];
    assert_refused(&rows).await;
}

#[tokio::test]
async fn a_request_names_one_host() {
    let rows: [(&str, &[u8]); 8] = [
        ("two hosts", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("one host twice", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        ("no host", b"GET /livez HTTP/1.1\r\nX: y\r\n\r\n"),
        ("an empty host", b"GET /livez HTTP/1.1\r\nHost:\r\n\r\n"),
        ("a host that is none", b"GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n"),
        ("a host with a user", b"GET /livez HTTP/1.1\r\nHost: me@a\r\n\r\n"),
        ("a target with another host", b"GET http://b/livez HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a target with a user", b"GET http://me@a/livez HTTP/1.1\r\nHost: a\r\n\r\n"),
    ];
    assert_refused(&rows).await;
}

#[tokio::test]
async fn a_refusal_of_the_host_is_in_the_words_of_the_face() {
    let watched = Watched::start(|_| {}).await;
    for (path, words) in
        [("/v1/keys", "\"code\":\"malformed\""), ("/whoami/key", "malformedBody"), ("/api/v1/api_keys/keys", "\"code\":3,")]
    {
        let heard = watched.connect().await.ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")).await;
        assert!(heard.0.contains(words) && heard.0.to_lowercase().contains("x-request-id: "), "{}", heard.0);
    }
}

#[tokio::test]
async fn what_is_unusual_but_plain_is_answered() {
    let watched = Watched::start(|_| {}).await;
    let rows = [
        ("a target with the same host", "GET http://A:80/livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("HTTP/1.0 without a host", "GET /livez HTTP/1.0\r\n\r\n", 200),
        ("an empty line before", "\r\nGET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        ("the server as a whole", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404),
        ("a tunnel", "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\nConnection: close\r\n\r\n", 404),
        (
            "chunks with extensions and trailers",
            "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\
             \r\n2;x=y\r\n{}\r\n0\r\nX: y\r\n\r\n",
            400,
        ),
    ];
    for (what, said, status) in rows {
        let heard = watched.connect().await.ask(said).await;
        assert_eq!(heard.statuses(), [status], "{what}: {}", heard.0);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn requests_that_come_together_are_answered_in_their_order() {
    let watched = Watched::start(|_| {}).await;
    let post = format!("{LENGTH}Content-Length: 2\r\n\r\n{{}}");
    let chunks = format!("{LENGTH}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    let missing = "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let heard = watched.connect().await.ask([NEXT, &post, missing, &chunks, NEXT, last].concat()).await;
    assert_eq!(heard.statuses(), [200, 400, 404, 400, 200, 200], "{}", heard.0);
    watched.assert_unharmed().await;
}
