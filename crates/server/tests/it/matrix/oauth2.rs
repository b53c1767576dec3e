//! The rows of `/oauth2`.

use keybearer::http::oauth2::ROUTES;
use keybearer_core::permission::OwnPermission;
use serde_json::json;

use super::{Actor, Actors, Expected, assert_complete};
use crate::oauth2::{assert_error, post};
use crate::support::{Cred, Made, Person, Server, made};

/// Operation, whose key is shown, and the permission that does as well as level 8.
const ROWS: &[(&str, &str, OwnPermission)] = &[
    ("POST /oauth2/introspect", "other", OwnPermission::Verify),
    ("POST /oauth2/introspect", "service", OwnPermission::Verify),
    ("POST /oauth2/introspect", "itself", OwnPermission::Verify),
    ("POST /oauth2/introspect", "nobody", OwnPermission::Verify),
    ("POST /oauth2/revoke", "own", OwnPermission::KeysWrite),
    ("POST /oauth2/revoke", "other", OwnPermission::KeysWrite),
    ("POST /oauth2/revoke", "service", OwnPermission::KeysWrite),
    ("POST /oauth2/revoke", "nobody", OwnPermission::KeysWrite),
    // Last, since it leaves no caller alive that is a key.
    ("POST /oauth2/revoke", "itself", OwnPermission::KeysWrite),
];

/// Written out, not derived from the rules under test.
fn expected(actor: Actor, operation: &str, whose: &str) -> Expected {
    let gives_itself_up = operation == "POST /oauth2/revoke" && whose == "itself" && !actor.is_session();
    match actor.level() {
        _ if !actor.is_valid() => Expected::Unauthenticated,
        _ if gives_itself_up => Expected::Done,
        Some(8) => Expected::Done,
        None if actor == Actor::ServiceWith => Expected::Done,
        _ => Expected::Forbidden,
    }
}

/// A new key of this account, of its lowest level.
async fn key_of(server: &Server, person: &Person) -> Made {
    made(&server.post("/v1/keys", &server.admin().await, json!({"name": "a key", "level": 0, "owner": person.id})).await.expect(201))
}

#[tokio::test]
async fn every_operation_of_oauth_asked_by_everyone() {
    assert_complete(ROUTES.iter().map(|(method, path)| format!("{method} {path}")), ROWS.iter().map(|row| row.0.to_owned()));

    let server = Server::start_with(|config| config.keys.max_per_account = 10_000).await;
    let actors = Actors::make(&server).await;
    let other = server.person("somebody else", "user").await;
    let empty = server.policy("empty", &[]).await;
    let mut wrong = Vec::new();
    for (operation, whose, permission) in ROWS {
        let path = operation.split_once(' ').unwrap().1;
        for (number, actor) in Actor::all().into_iter().enumerate() {
            let own = actors.key(actor, Some(*permission)).cloned();
            let shown = match *whose {
                "own" => key_of(&server, actors.person(actor)).await,
                "service" => server.service_key_with(&format!("{operation} {number}"), &empty).await,
                "nobody" => actors.bad.clone(),
                "itself" if own.is_some() => own.clone().unwrap(),
                _ => key_of(&server, &other).await,
            };
            let was = server.verdict(&shown.token).await;
            // As most libraries do: the pair of a key, by Basic.
            let cred = own.map_or_else(|| actors.cred(actor, None), |key| key.pair());
            let answer = post(&server, path, &cred, &[("token", &shown.token)]).await;
            let expected = expected(actor, operation, whose);
            let is = server.verdict(&shown.token).await;
            let revokes = path == "/oauth2/revoke" && expected == Expected::Done && was == "VALID";
            let good = match expected {
                Expected::Done if path == "/oauth2/introspect" => {
                    answer.status == 200
                        && answer.json()["active"] == (was == "VALID")
                        && (was == "VALID" || answer.text == "{\"active\":false}")
                }
                Expected::Done => answer.status == 200 && answer.text.is_empty(),
                Expected::Unauthenticated => answer.status == 401,
                Expected::Forbidden => answer.status == 403,
                Expected::Hidden => false,
            };
            if !good || is != if revokes { "REVOKED" } else { &*was } {
                wrong.push(format!("{operation} ({whose}) by {actor:?}: {}: {}: {was} became {is}", answer.status, answer.text));
            }
            match expected {
                Expected::Unauthenticated => assert_error(&answer, 401, "invalid_client"),
                Expected::Forbidden => assert_error(&answer, 403, "unauthorized_client"),
                Expected::Done | Expected::Hidden => assert!(!matches!(cred, Cred::None)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}
