//! The rows of `/apikeys` and `/whoami`.

use keybearer::http::freesewing::ROUTES;
use serde_json::{Value, json};

use super::{Actor, Actors, assert_complete};
use crate::support::{Cred, Made, Person, Server};

/// Operation without its last segment, what it is done to, the least level, and the status of success.
const ROWS: &[(&str, &str, u8, u16)] = &[
    ("POST /apikeys", "", 4, 201),
    ("GET /apikeys", "", 4, 200),
    ("GET /apikeys/{id}", "own", 4, 200),
    ("GET /apikeys/{id}", "other", 8, 200),
    ("GET /apikeys/{id}", "service", 9, 200),
    ("DELETE /apikeys/{id}", "own", 4, 204),
    ("DELETE /apikeys/{id}", "other", 8, 204),
    ("DELETE /apikeys/{id}", "service", 9, 204),
    ("GET /whoami", "", 0, 200),
];

/// Status and code, written out, not derived from the rules under test.
fn expected(actor: Actor, segment: &str, least: u8, done: u16) -> (u16, &'static str) {
    if actor == Actor::Nothing || actor.is_session() != (segment == "jwt") {
        return (401, "authenticationMissing");
    }
    match actor.level() {
        None => (403, "authenticationFailed"),
        Some(level) if level >= least => (done, ""),
        Some(level) if level >= 4 => (404, "apikeyNotFound"),
        Some(_) => (403, "insufficientAccessLevel"),
    }
}

/// A new key of this account.
async fn key_of(server: &Server, person: &Person) -> String {
    let body = json!({"name": "a key", "level": 0, "owner": person.id});
    server.post("/v1/keys", &server.admin().await, body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_operation_of_freesewing_asked_by_everyone() {
    let segments = ["jwt", "key"];
    let rows = ROWS.iter().flat_map(|(operation, ..)| segments.map(|segment| format!("{operation}/{segment}")));
    assert_complete(ROUTES.iter().map(|(method, path)| format!("{method} {path}")), rows);

    let server = Server::start().await;
    let actors = Actors::make(&server).await;
    let other = server.person("somebody else", "user").await;
    let service = server.service_key("untouched", &[]).await;
    for (operation, target, least, done) in ROWS {
        let (method, path) = operation.split_once(' ').unwrap();
        for actor in Actor::all() {
            for segment in segments {
                let id = match *target {
                    "own" => key_of(&server, actors.person(actor)).await,
                    "other" => key_of(&server, &other).await,
                    _ => service.id.clone(),
                };
                let cred =
                    if actor.is_session() { actors.cred(actor, None) } else { actors.key(actor, None).map_or(Cred::None, Made::pair) };
                let ask = server.ask(method, &format!("{}/{segment}", path.replace("{id}", &id))).with(&cred);
                let ask = if method == "POST" { ask.json(&json!({"name": "n", "level": 0})) } else { ask };
                let answer = ask.send().await;
                let (status, code) = expected(actor, segment, *least, *done);
                assert_eq!(answer.status.as_u16(), status, "{operation} {target} by {actor:?}: {}", answer.text);
                if !code.is_empty() {
                    assert_eq!(answer.json(), json!({"result": "error", "error": code}), "{operation} {target} by {actor:?}");
                } else if status != 204 {
                    assert_eq!(answer.json()["result"], Value::from("success"));
                }
            }
        }
    }
    assert_eq!(server.verdict(&service.token).await, "VALID");
}
