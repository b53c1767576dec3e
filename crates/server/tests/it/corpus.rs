//! Thousands of bodies that nobody should send, to every operation that reads one: never a 5xx, never done what was not asked for, always an
//! answer in the words of the face, on a connection that goes on.

mod forms;
pub mod mutants;
pub mod routes;
mod wire;

use serde_json::Value;

use self::mutants::{Fate, Mutant, fresh};
use self::routes::{Face, Route, World};
use self::wire::{Reply, Wire};
use crate::support::Cred;

/// One in so many is also sent without a credential.
const WITHOUT: usize = 9;
/// The least size of the corpus.
const LEAST: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_brings_the_server_down_or_gets_more_than_it_asks_for() {
    let world = World::make().await;
    let mut sent = 0;
    for route in routes::all(&world.things) {
        let mut wire = Wire::open(world.server.address);
        let control = wire.send(&route, &route.cred, &Mutant::control(&route)).await;
        assert_eq!(control.status, route.done, "{route}: {}", control.body);

        let (good, bad): (Vec<_>, Vec<_>) = mutants::of(&route).into_iter().partition(|mutant| mutant.fate == Fate::Open);
        assert!(bad.len() > 100, "{route}: {}", bad.len());
        let before = world.counts().await;
        for (number, mutant) in bad.iter().enumerate() {
            let reply = wire.send(&route, &route.cred, &mutant.with(&fresh())).await;
            assert_refused(&route, mutant, &reply);
            if number % WITHOUT == 0 && !route.is_open {
                let reply = wire.send(&route, &Cred::None, &mutant.with(&fresh())).await;
                assert_refused(&route, mutant, &reply);
                let unread = matches!(reply.status, 413 | 401);
                assert!(unread, "{route}: only who is known hears what is wrong with {mutant}: {} {}", reply.status, reply.body);
                sent += 1;
            }
        }
        assert_eq!(world.counts().await, before, "{route}: what was refused left something behind");

        let mut done = 0;
        for mutant in &good {
            let reply = wire.send(&route, &route.cred, &mutant.with(&fresh())).await;
            if reply.status == route.done {
                done += 1;
            } else {
                assert_refused(&route, mutant, &reply);
            }
            if !route.is_open {
                let reply = wire.send(&route, &Cred::None, &mutant.with(&fresh())).await;
                assert_refused(&route, mutant, &reply);
                sent += 1;
            }
        }
        let changes = world.counts().await["revision"].as_i64().unwrap() - before["revision"].as_i64().unwrap();
        assert!((0..=done).contains(&changes), "{route}: {changes} changes by {done} answers");
        sent += bad.len() + good.len();
    }
    assert!(sent >= LEAST, "{sent} bodies");
    println!("{sent} bodies");
    world.assert_well().await;
}

/// What is answered to every body for verify, but for what is never the same.
async fn answers(world: &World) -> Vec<(String, u16, Option<String>, String)> {
    let route = routes::all(&world.things).into_iter().find(|route| route.operation == "POST /v1/verify").unwrap();
    let mut wire = Wire::open(world.server.address);
    let mut answers = Vec::new();
    for mutant in mutants::of(&route) {
        // A session goes another way than a key.
        for cred in [&world.things.admin, &world.things.pair, &Cred::None] {
            let reply = wire.send(&route, cred, &mutant).await;
            let id = reply.header("x-request-id").unwrap();
            let kind = reply.header("content-type").map(str::to_owned);
            answers.push((mutant.to_string(), reply.status, kind, reply.body.replace(id, "id")));
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shortcut_to_verify_answers_as_the_router_does() {
    let world = World::make().await;
    let short = answers(&world).await;
    assert!(short.len() > 600 && short.iter().any(|answer| answer.1 == 200) && short.iter().any(|answer| answer.1 == 413));
    let world = World { server: world.server.restart_with(|config| config.http.shortcuts = false).await, things: world.things };
    for (short, long) in short.into_iter().zip(answers(&world).await) {
        assert_eq!(short, long);
    }
}

/// A client error in the words of the face, which repeats no secret.
fn assert_refused(route: &Route, mutant: &Mutant, reply: &Reply) {
    let what = || format!("{route}: {mutant}: {} {}", reply.status, reply.body);
    assert!((400..500).contains(&reply.status), "{}", what());
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", what()));
    let id = reply.header("x-request-id").unwrap_or_else(|| panic!("no request id: {}", what()));
    let (kind, in_words) = match route.face {
        Face::Native => (
            "application/problem+json; charset=utf-8",
            body["request_id"] == id && body["status"] == reply.status && body["code"].is_string() && body["detail"].is_string(),
        ),
        Face::OAuth2 => (
            "application/json; charset=utf-8",
            body["error"].is_string() && body["error_description"].is_string() && body.as_object().is_some_and(|body| body.len() == 2),
        ),
        Face::FreeSewing => ("application/json; charset=utf-8", body["result"] == "error" && body["error"].is_string()),
        Face::Catena => (
            "application/json; charset=utf-8",
            body["code"].is_i64() && body["message"].is_string() && body["details"].as_array().is_some_and(Vec::is_empty),
        ),
    };
    assert!(in_words && reply.header("content-type") == Some(kind), "not in the words of the face: {}", what());
}
