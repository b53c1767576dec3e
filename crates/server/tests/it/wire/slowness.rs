//! How long things may take.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};

use super::raw::{BODY, GOOD, HEADER, IDLE, PATIENCE, Raw, Watched, hurried};

const POST: &str = "POST /v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";

/// It took about so long: not less, and not much more.
#[track_caller]
fn assert_about(began: Instant, least: Duration) {
    let took = began.elapsed();
    assert!(took >= least - Duration::from_millis(20) && took < least + Duration::from_secs(4), "{took:?} instead of {least:?}");
}

/// Says a byte now and then, until it is hung up on.
async fn trickle(raw: Raw, bytes: &[u8]) -> String {
    let (mut read, mut write) = raw.0.into_split();
    let speak = async {
        for byte in bytes.iter().cycle() {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let mut heard = Vec::new();
    let listen = timeout(PATIENCE, read.read_to_end(&mut heard));
    tokio::select! {
        () = speak => {}
        closed = listen => drop(closed.expect("it is closed")),
    }
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let watched = Watched::start(hurried).await;
    let began = Instant::now();
    let mut silent = watched.connect().await;
    watched.assert_healthy().await;
    assert_eq!(silent.hear().await.0, "");
    assert_about(began, HEADER);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_given_up() {
    let watched = Watched::start(hurried).await;
    let mut slow = watched.connect().await;
    let began = Instant::now();
    slow.say("GET /livez HTTP/1.1\r\nHost: a\r\nX: ").await;
    let (heard, ()) = tokio::join!(trickle(slow, b"y"), watched.assert_healthy());
    assert_eq!(heard, "");
    assert_about(began, HEADER);
    // Nor is it waited for what is spoken.
    for begun in ["P", "PRI * HTTP/2.0\r\n\r\n"] {
        let began = Instant::now();
        assert_eq!(watched.connect().await.ask(begun).await.0, "");
        assert_about(began, HEADER);
    }
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_second_head_has_no_more_time_than_the_first() {
    let watched = Watched::start(hurried).await;
    let mut slow = watched.connect().await;
    slow.say("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut answer = [0; 12];
    slow.0.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let began = Instant::now();
    slow.say("GET /livez HTTP/1.1\r\n").await;
    trickle(slow, b"X: y\r\n").await;
    assert_about(began, HEADER);
    assert!(began.elapsed() < IDLE, "it is not taken for an idle one");
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up_with_a_word() {
    let watched = Watched::start(hurried).await;
    let began = Instant::now();
    let mut never = watched.connect().await;
    never.say(format!("{POST}Content-Length: 10\r\n\r\n{{")).await;
    watched.assert_healthy().await;
    let heard = never.hear().await;
    assert_about(began, BODY);
    assert_eq!(heard.statuses(), [408], "{}", heard.0);
    assert!(heard.0.contains("\"code\":\"too_slow\"") && heard.0.contains("connection: close"), "{}", heard.0);

    let began = Instant::now();
    let mut slow = watched.connect().await;
    slow.say(format!("{POST}Content-Length: 10000\r\n\r\n")).await;
    let heard = trickle(slow, b" ").await;
    assert_about(began, BODY);
    assert!(heard.starts_with("HTTP/1.1 408"), "{heard}");

    let mut chunks = watched.connect().await;
    chunks.say("POST /apikeys/jwt HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab").await;
    let heard = chunks.hear().await;
    assert_eq!(heard.statuses(), [408], "{}", heard.0);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_kept_for_a_while() {
    let watched = Watched::start(hurried).await;
    let mut idle = watched.connect().await;
    let mut began = Instant::now();
    for round in 0..3 {
        if round > 0 {
            // Longer than a head may take.
            sleep(HEADER + Duration::from_millis(100)).await;
        }
        began = Instant::now();
        idle.say("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let mut answer = Vec::new();
        while !answer.ends_with(b"alive\n") {
            assert_ne!(timeout(PATIENCE, idle.0.read_buf(&mut answer)).await.unwrap().unwrap(), 0, "it is kept");
        }
    }
    assert_eq!(idle.hear().await.0, "");
    assert_about(began, IDLE);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn who_does_not_fetch_the_answers_is_hung_up_on() {
    let watched = Watched::start(hurried).await;
    let mut deaf = watched.connect().await;
    let asked = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1000);
    // As much as it takes; then it waits for us to listen.
    let _ = timeout(HEADER, deaf.0.write_all(asked.as_bytes())).await;
    watched.assert_unharmed().await;
    drop(deaf);
}

#[tokio::test]
async fn who_only_listens_any_more_leaves_nothing_behind() {
    let watched = Watched::start(|_| {}).await;
    for said in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", &format!("{POST}Content-Length: 10\r\n\r\n{{")] {
        let mut half = watched.connect().await;
        half.say(said).await;
        half.0.shutdown().await.unwrap();
        half.closed().await;
    }
    let mut gone = watched.connect().await;
    gone.say(GOOD).await;
    drop(gone);
    watched.assert_unharmed().await;
}
