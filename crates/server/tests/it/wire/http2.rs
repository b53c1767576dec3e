//! HTTP/2, as no good client speaks it, and as every one does.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{Ping, Reason, SendStream};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::raw::{BODY, HEADER, IDLE, PATIENCE, Watched, hurried};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// A frame without flags.
fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
}

/// A client, and its connection, which ends in the given way.
pub struct Client {
    pub send: SendRequest<Bytes>,
    pub connection: JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    pub async fn connect(watched: &Watched) -> Self {
        Self::reach(watched.address()).await
    }

    pub async fn reach(address: SocketAddr) -> Self {
        let (send, connection) = handshake(address).await;
        Self { send, connection: tokio::spawn(connection) }
    }

    pub async fn begin(&mut self, request: Request<()>, ends: bool) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut ready = self.send.clone().ready().await?;
        ready.send_request(request, ends)
    }

    pub async fn ask(&mut self, path: &str) -> StatusCode {
        let (answer, _) = self.begin(get(path), true).await.unwrap();
        timeout(PATIENCE, answer).await.unwrap().unwrap().status()
    }

    /// How the connection ended.
    pub async fn ended(self) -> Result<(), h2::Error> {
        let Self { send, connection } = self;
        let ended = timeout(PATIENCE, connection).await.expect("the connection is closed").unwrap();
        drop(send);
        ended
    }
}

pub async fn handshake(address: SocketAddr) -> (SendRequest<Bytes>, Connection<TcpStream, Bytes>) {
    let socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    h2::client::handshake(socket).await.unwrap()
}

pub fn get(path: &str) -> Request<()> {
    Request::get(format!("http://a{path}")).body(()).unwrap()
}

pub fn post(path: &str, content_type: &str) -> Request<()> {
    Request::post(format!("http://a{path}")).header("content-type", content_type).body(()).unwrap()
}

#[tokio::test]
async fn streams_that_are_opened_and_reset_end_the_connection() {
    let watched = Watched::start(|_| {}).await;
    let mut client = Client::connect(&watched).await;
    let mut begun = 0;
    while begun < 20_000 {
        let Ok((_, mut stream)) = client.begin(get("/livez"), false).await else { break };
        stream.send_reset(Reason::CANCEL);
        begun += 1;
        tokio::task::yield_now().await;
    }
    watched.assert_healthy().await;
    // It takes a moment until the client hears of it.
    assert!(begun < 10_000, "{begun} were taken");
    let ended = client.ended().await;
    assert!(ended.is_err(), "{ended:?}");
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn requests_that_are_given_up_while_they_are_answered_end_the_connection() {
    let watched = Watched::start(|_| {}).await;
    let mut client = Client::connect(&watched).await;
    let mut begun = 0;
    while begun < 2_000 {
        let Ok((_, mut stream)) = client.begin(post("/v1/sessions", "application/json"), false).await else { break };
        // Long enough for it to be handed to its handler, which waits for the body.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        stream.send_reset(Reason::CANCEL);
        begun += 1;
    }
    watched.assert_healthy().await;
    assert!(begun < 1_000, "{begun} were taken");
    let _ = client.ended().await;
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_few_requests_that_are_given_up_are_forgiven() {
    let watched = Watched::start(|_| {}).await;
    let mut client = Client::connect(&watched).await;
    for _ in 0..300 {
        let (_, mut stream) = client.begin(post("/v1/sessions", "application/json"), false).await.unwrap();
        sleep(Duration::from_micros(100)).await;
        stream.send_reset(Reason::CANCEL);
        assert_eq!(client.ask("/livez").await, 200);
    }
    drop(client);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn who_is_silent_after_the_preface_is_hung_up_on() {
    let watched = Watched::start(hurried).await;
    let settings = frame(SETTINGS, 0, &[]);
    for said in [PREFACE.to_vec(), [PREFACE, &settings].concat()] {
        let mut silent = watched.connect().await;
        let began = Instant::now();
        silent.say(said).await;
        watched.assert_healthy().await;
        silent.closed().await;
        assert!(began.elapsed() < IDLE + Duration::from_secs(4));
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_ends_in_peace() {
    let watched = Watched::start(hurried).await;
    let mut client = Client::connect(&watched).await;
    let mut began = Instant::now();
    for _ in 0..3 {
        sleep(HEADER + Duration::from_millis(100)).await;
        began = Instant::now();
        assert_eq!(client.ask("/livez").await, 200);
    }
    let ended = client.ended().await;
    assert!(ended.is_ok(), "{ended:?}");
    let took = began.elapsed();
    assert!(took >= IDLE - Duration::from_millis(20) && took < IDLE + Duration::from_secs(4), "{took:?}");
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn pings_do_not_keep_a_connection_on_which_nothing_is_asked() {
    let watched = Watched::start(hurried).await;
    let (send, mut connection) = handshake(watched.address()).await;
    let mut pings = connection.ping_pong().unwrap();
    let client = Client { send, connection: tokio::spawn(connection) };
    let began = Instant::now();
    let mut answered = 0;
    while pings.ping(Ping::opaque()).await.is_ok() {
        answered += 1;
        assert!(began.elapsed() < PATIENCE, "it is not closed");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(answered > 5, "{answered} were answered");
    assert!(client.ended().await.is_ok());
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_with_a_word() {
    let watched = Watched::start(hurried).await;
    let mut client = Client::connect(&watched).await;
    let began = Instant::now();
    let (answer, stream) = client.begin(post("/v1/sessions", "application/json"), false).await.unwrap();
    // The connection is for others, too.
    assert_eq!(client.ask("/livez").await, 200);
    let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
    assert_eq!(answer.status(), 408);
    assert!(began.elapsed() >= BODY - Duration::from_millis(20));
    assert_eq!(client.ask("/livez").await, 200);
    drop((stream, client));
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn headers_have_a_largest_size() {
    let watched = Watched::start(|_| {}).await;
    let mut client = Client::connect(&watched).await;
    let mut request = get("/livez");
    request.headers_mut().insert("x", "y".repeat(17 * 1024).parse().unwrap());
    let (answer, _) = client.begin(request, true).await.unwrap();
    assert_eq!(timeout(PATIENCE, answer).await.unwrap().unwrap().status(), 431);
    assert_eq!(client.ask(&format!("/{}", "a".repeat(9 * 1024))).await, 414);
    assert_eq!(client.ask("/livez").await, 200);
    drop(client);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_head_that_never_ends_ends_the_connection() {
    let watched = Watched::start(|_| {}).await;
    let mut flood = watched.connect().await;
    flood.say([PREFACE, &frame(SETTINGS, 0, &[])].concat()).await;
    // A literal header without a name in any table, `x: y`, again and again.
    flood.say(frame(HEADERS, 1, b"\x00\x01x\x01y")).await;
    let more = frame(CONTINUATION, 1, &b"\x00\x01x\x01y".repeat(200));
    let said = async {
        for sent in 0..10_000 {
            if flood.0.write_all(&more).await.is_err() {
                return sent;
            }
        }
        10_000
    };
    let sent = timeout(PATIENCE, said).await.unwrap();
    assert!(sent < 5_000, "{sent} frames were taken");
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn frames_that_make_no_sense_end_the_connection() {
    let watched = Watched::start(|_| {}).await;
    for (what, said) in [
        ("a frame of another size", frame(SETTINGS, 0, b"abc")),
        ("headers that cannot be unpacked", frame(HEADERS, 1, &[0xff; 64])),
        ("a frame beyond all", vec![0xff; 1024]),
        ("headers on the stream of the connection", frame(HEADERS, 0, b"\x82")),
    ] {
        let mut raw = watched.connect().await;
        raw.say([PREFACE, &frame(SETTINGS, 0, &[]), &said].concat()).await;
        let began = Instant::now();
        raw.closed().await;
        assert!(began.elapsed() < Duration::from_secs(5), "{what}");
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_request_names_one_host_here_too() {
    let watched = Watched::start(|_| {}).await;
    let mut client = Client::connect(&watched).await;
    for (host, status) in [("a", 200), ("A:80", 200), ("b", 400), ("me@a", 400)] {
        let mut request = get("/livez");
        request.headers_mut().insert("host", host.parse().unwrap());
        let (answer, _) = client.begin(request, true).await.unwrap();
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
    drop(client);
    watched.assert_unharmed().await;
}
