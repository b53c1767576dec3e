//! Answers that go on for as long as they like: who only listens to one must not hold a place for ever, nor the stop.

use std::time::Duration;

use prost::Message;
use tokio::time::{Instant, sleep, timeout};
use tonic_health::pb::HealthCheckRequest;

use super::http2::{Client, handshake, post};
use super::raw::{HEADER, IDLE, PATIENCE, Watched, hurried};
use crate::support::child::Program;

const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Watches the health of the server: an answer that goes on for ever.
async fn watch(client: &mut Client) -> h2::RecvStream {
    let (answer, mut send) = client.begin(post("/grpc.health.v1.Health/Watch", "application/grpc"), false).await.unwrap();
    let message = HealthCheckRequest { service: String::new() }.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    send.send_data([&[0], &length[..], &message].concat().into(), true).unwrap();
    let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    assert!(timeout(PATIENCE, body.data()).await.unwrap().unwrap().is_ok(), "it tells how it is at once");
    body
}

#[tokio::test]
async fn it_is_kept_while_its_client_asks_other_things() {
    let watched = Watched::start(hurried).await;
    let mut client = Client::connect(&watched).await;
    let mut body = watch(&mut client).await;
    for _ in 0..5 {
        sleep(IDLE / 2).await;
        assert_eq!(client.ask("/livez").await, 200);
    }
    let next = timeout(HEADER, body.data()).await;
    assert!(next.is_err(), "it goes on: {next:?}");
    // The client does not answer pings any more.
    client.connection.abort();
    let stalled = client.connection.await;
    assert!(stalled.is_err());
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn those_who_only_watch_lock_nobody_out() {
    let watched = Watched::start(|config| {
        hurried(config);
        config.http.max_connections = 4;
    })
    .await;
    let began = Instant::now();
    let mut watching = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(&watched).await;
        let body = watch(&mut client).await;
        watching.push((client, body));
    }
    assert_eq!(watched.server.app.connections.open(), 4);
    // Waits for a place.
    watched.assert_healthy().await;
    let took = began.elapsed();
    assert!(took >= IDLE - Duration::from_millis(20) && took < IDLE + Duration::from_secs(4), "{took:?}");
    for (client, mut body) in watching {
        let next = timeout(PATIENCE, body.data()).await.expect("it ends");
        assert!(!matches!(next, Some(Ok(_))), "{next:?}");
        drop(client);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn it_does_not_hold_up_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let mut client = Client::reach(running.address).await;
    let body = watch(&mut client).await;
    let began = Instant::now();
    let ended = running.stop().await;
    assert!(ended.status.success(), "{}", ended.errors);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(!ended.errors.contains("did not end in time"), "{}", ended.errors);
    drop((body, client));
}

#[tokio::test]
async fn over_http1_no_grpc_is_spoken() {
    let watched = Watched::start(|_| {}).await;
    let methods = [
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/keybearer.catena.v1.CatenaApiKeys/TestApiKey",
    ];
    for path in [WATCH].into_iter().chain(methods) {
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/grpc\r\nContent-Length: 5\r\n\r\n");
        let heard = watched.connect().await.ask([head.as_bytes(), &[0; 5]].concat()).await;
        assert_eq!(heard.statuses(), [505], "{path}: {}", heard.0);
        assert!(heard.0.contains("HTTP/2"), "{}", heard.0);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_given_up_with_what_it_asked() {
    let watched = Watched::start(hurried).await;
    let (send, mut connection) = handshake(watched.address()).await;
    // The connection is driven only until the answer has begun; the socket stays open.
    let asked = async {
        let mut client = Client { send, connection: tokio::spawn(std::future::pending()) };
        let body = watch(&mut client).await;
        (client, body)
    };
    let held = tokio::select! {
        held = asked => held,
        ended = &mut connection => panic!("{ended:?}"),
    };
    watched.until(|server| server.app.connections.open() == 0).await;
    held.0.connection.abort();
    drop((held, connection));
    watched.assert_unharmed().await;
}
