//! Whatever is no clear answer lets nobody through.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use keybearer_tower::any_key;
use tokio::task::JoinSet;

use crate::stub::{Answer, Door, Manner, Stub, catalog, problem, response, verdict, yes};

const READ: &str = r#""catalog:items.read""#;

/// Every manner of a server that is ill, and when the caller is told to try again.
fn ills() -> Vec<(&'static str, Manner, &'static str)> {
    let say = |text: &str| Manner::Say(text.to_owned());
    let good = yes(READ);
    let (_, body) = good.split_once("\r\n\r\n").unwrap();
    vec![
        ("silent", Manner::Silence, "1"),
        ("slow", Manner::Trickle(good.clone()), "1"),
        ("endless", Manner::Endless, "1"),
        ("too long", Manner::Say(verdict(&format!("{body}{}", " ".repeat(64 * 1024)))), "1"),
        ("gone before the answer", Manner::SayAndLeave(String::new()), "1"),
        ("gone within the answer", Manner::SayAndLeave(good[..good.len() - 9].to_owned()), "1"),
        ("no HTTP", Manner::SayAndLeave("yes, of course\r\n\r\n".into()), "1"),
        ("a page", Manner::Say(response("200 OK", "text/html", "<h1>It works</h1>")), "1"),
        ("nothing", Manner::Say(verdict("")), "1"),
        ("null", Manner::Say(verdict("null")), "1"),
        ("true", Manner::Say(verdict("true")), "1"),
        ("an array", Manner::Say(verdict(&format!("[{body}]"))), "1"),
        ("a redirect", Manner::Say("HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".into()), "1"),
        ("no code", Manner::Say(verdict(r#"{"valid":true}"#)), "1"),
        ("no key", Manner::Say(verdict(r#"{"valid":true,"code":"VALID"}"#)), "1"),
        ("another code", Manner::Say(verdict(&body.replace("VALID", "KNOWN"))), "1"),
        ("yes and no", Manner::Say(verdict(&body.replace("VALID", "REVOKED"))), "1"),
        ("no and yes", Manner::Say(verdict(r#"{"valid":false,"code":"VALID"}"#)), "1"),
        ("valid in words", Manner::Say(verdict(&body.replace("true", "\"true\""))), "1"),
        ("a key without what was asked for", Manner::Say(yes(r#""catalog:items.write""#)), "1"),
        ("the permission of another service", Manner::Say(yes(r#""market:items.read""#)), "1"),
        ("our own key refused", Manner::Say(problem(401, "")), "1"),
        ("we may not ask", Manner::Say(problem(403, "")), "1"),
        ("it does not understand us", Manner::Say(problem(422, "")), "1"),
        ("it fails", Manner::Say(problem(500, "")), "1"),
        ("busy", Manner::Say(problem(503, "").replace("content-type", "retry-after: 7\r\ncontent-type")), "7"),
        ("busy for ever", Manner::Say(problem(503, "").replace("content-type", "retry-after: 86400\r\ncontent-type")), "60"),
        ("a gateway", say(&response("502 Bad Gateway", "text/html", "<h1>Bad Gateway</h1>")), "1"),
        ("a success in a problem's clothes", Manner::Say(good.replace("200 OK", "404 Not Found")), "1"),
    ]
}

#[tokio::test]
async fn nobody_passes_while_the_server_is_ill_and_everybody_as_soon_as_it_is_well() {
    let stub = Stub::new(Manner::Say(yes(READ))).await;
    let patient = Door::started(&stub).await;
    let hasty = Door::started_at(stub.in_a_hurry()).await.unwrap();
    for (what, manner, retry) in ills() {
        // Where the time has to end it, the time is short.
        let door = if matches!(manner, Manner::Silence | Manner::Trickle(_)) { &hasty } else { &patient };
        let before = (door.entered(), stub.questions().len());
        stub.set(manner);
        let answer = door.knock_with_the_key().await;
        assert_eq!(answer.status, 503, "{what}: {}", answer.text);
        answer.expect(503, "in_doubt");
        assert_eq!(answer.header("retry-after"), retry, "{what}");
        assert_eq!(door.entered(), before.0, "{what}: the handler ran");
        assert!(stub.questions().len() > before.1, "{what}: nobody was asked");
        // What was right before counts no more, and what was wrong before does not count for ever.
        stub.set(Manner::Say(yes(READ)));
        patient.knock_with_the_key().await.expect(200, "");
    }
}

#[tokio::test]
async fn a_verdict_on_another_key_lets_nobody_through() {
    let stub = Stub::new(Manner::Say(yes(READ))).await;
    let door = Door::started(&stub).await;
    let pair = |id: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:secret")));
    // The first two groups of digits are the id, and the stub speaks of one key alone.
    let token = |digits: &str| format!("Bearer kb_{digits}{}", "0".repeat(50));
    for (told, others) in [
        (pair("0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11"), pair("0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c12")),
        (token("08UxJv0H0VWDg3ubObisT3"), token("08UxJv0H0VWDg3ubObisT4")),
        (token("08UxJv0H0VWDg3ubObisT3"), token("18UxJv0H0VWDg3ubObisT3")),
    ] {
        door.knock(&[("authorization", &told)]).await.expect(200, "");
        door.knock(&[("authorization", &others)]).await.expect(503, "in_doubt");
    }
    assert_eq!(door.entered(), 3);
}

#[tokio::test]
async fn nobody_passes_once_the_server_is_gone() {
    let stub = Stub::new(Manner::Say(yes(READ))).await;
    let door = Door::started(&stub).await;
    door.knock_with_the_key().await.expect(200, "");
    drop(stub);
    for _ in 0..3 {
        door.knock_with_the_key().await.expect(503, "in_doubt");
    }
    assert_eq!(door.entered(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_when_it_is_used_again_costs_nobody_an_answer() {
    let stub = Stub::new(Manner::BreakOnce(yes(READ))).await;
    let door = Door::started(&stub).await;
    door.knock_with_the_key().await.expect(200, "");
    assert_eq!(stub.questions().len(), 2);
}

#[tokio::test]
async fn who_waits_for_a_turn_to_ask_waits_no_longer_than_the_deadline() {
    let stub = Stub::new(Manner::Silence).await;
    let door = Door::started_at(stub.in_a_hurry().questions_at_once(2)).await.unwrap();
    for answer in many(&door, 8).await {
        answer.expect(503, "in_doubt");
    }
    assert_eq!(door.entered(), 0);
}

async fn many(door: &Door, many: usize) -> Vec<Answer> {
    let mut set = JoinSet::new();
    for _ in 0..many {
        let door = Door { routes: door.routes.clone(), entered: Arc::clone(&door.entered) };
        set.spawn(async move { door.knock_with_the_key().await });
    }
    set.join_all().await
}

#[tokio::test]
async fn a_thousand_requests_share_a_few_connections() {
    let stub = Stub::new(Manner::Say(yes(READ))).await;
    let door = Door::started_at(stub.keybearer().questions_at_once(8)).await.unwrap();
    for answer in many(&door, 1_000).await {
        answer.expect(200, "");
    }
    assert_eq!((door.entered(), stub.questions().len()), (1_000, 1_000));
    // One more belonged to the start.
    assert!(stub.connections.load(Ordering::Relaxed) <= 9, "{:?} connections", stub.connections);
}

#[tokio::test]
async fn layers_of_a_service_that_was_not_started_let_nobody_through() {
    let stub = Stub::new(Manner::Say(yes(READ))).await;
    let service = catalog();
    let door = Door::behind(service.require(any_key()));
    door.knock_with_the_key().await.expect(503, "in_doubt");
    // The names that nothing requires end the start, and with it the service.
    service.start(stub.keybearer()).await.unwrap_err();
    door.knock_with_the_key().await.expect(503, "in_doubt");
    let nowhere = catalog();
    let forgotten = Door::behind(nowhere.require(any_key()));
    drop(nowhere);
    forgotten.knock_with_the_key().await.expect(503, "in_doubt");
    assert_eq!((door.entered(), forgotten.entered(), stub.asked.lock().unwrap().len()), (0, 0, 0));
}
