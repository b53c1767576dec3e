//! Stopping.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::child::Program;
use crate::support::slow::SlowPost;
use crate::support::{Cred, made};

/// What it takes to believe that it never comes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let address = running.address;
    let admin = running.admin().await;
    let Cred::Bearer(token) = &admin else { panic!("a session") };
    let slow = SlowPost::begin(address, "/v1/keys", token, &json!({"name": "the last", "level": 4})).await;

    running.tell_to_stop();
    let deaf = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, deaf).await.expect("it takes no new connection");
    let (status, body) = slow.finish().await;
    assert_eq!(status, 201, "{body}");
    let ended = running.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);

    let running = Program::on(dir.path()).start().await;
    running.get("/v1/whoami", &made(&body).bearer()).await.expect(200);
}

#[tokio::test]
async fn it_may_be_told_to_stop_as_soon_as_it_is_ready() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..10 {
        let mut program = Program::on(dir.path()).with_admin().spawn();
        Program::wait_for_the_ready_line(&mut program).await;
        Program::signal(&program, Signal::TERM);
        let ended = timeout(PATIENCE, program.wait()).await.expect("it ends").unwrap();
        assert_eq!(ended.code(), Some(0), "{ended}");
    }
}

#[tokio::test]
async fn connections_that_are_kept_alive_do_not_hold_it_up() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    running.admin().await;
    running.tell_to_stop();
    let ended = timeout(PATIENCE, running.ended()).await.expect("idle connections are closed");
    assert_eq!(ended.status.code(), Some(0));
    drop(idle);
}

#[tokio::test]
async fn a_client_of_http_2_that_does_not_listen_holds_it_up_for_a_moment_only() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let mut deaf = TcpStream::connect(running.address).await.unwrap();
    // The preface and empty settings; no GOAWAY is ever taken notice of.
    deaf.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    running.admin().await;
    let began = Instant::now();
    let ended = running.stop().await;
    assert_eq!(ended.status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    assert!(!ended.errors.contains("dropped"), "{}", ended.errors);
    drop(deaf);
}
