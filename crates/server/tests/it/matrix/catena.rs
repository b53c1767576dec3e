//! The rows of `/api/v1/api_keys`.

use std::sync::atomic::{AtomicU32, Ordering};

use keybearer::http::catena::table;
use keybearer_core::permission::OwnPermission::{self, KeysRead, KeysWrite, PoliciesRead, PoliciesWrite};
use serde_json::{Value, json};

use super::{Actor, Actors, Expected, assert_complete};
use crate::support::{Cred, Made, Server};

/// Who may.
#[derive(Clone, Copy)]
enum Who {
    /// With or without a credential.
    Anyone,
    /// Whoever has a key of a service.
    AnyServiceKey,
    /// A session of level 8, or a key of a service with the permission.
    Manager(OwnPermission),
}

impl Who {
    /// Written out, not derived from the rules under test.
    fn expects(self, actor: Actor) -> Expected {
        use Expected::{Done, Forbidden, Unauthenticated};
        match (self, actor) {
            (Self::Anyone, _) => Done,
            (_, Actor::Nothing | Actor::BadKey | Actor::ExpiredKey | Actor::RevokedKey) => Unauthenticated,
            (Self::AnyServiceKey, Actor::Session(_)) => Unauthenticated,
            (Self::AnyServiceKey, Actor::ServiceWith | Actor::ServiceWithout) | (Self::Manager(_), Actor::ServiceWith) => Done,
            (Self::Manager(_), Actor::Session(_)) if actor.level() == Some(8) => Done,
            (_, Actor::AccountKey(_)) | (Self::Manager(_), Actor::Session(_) | Actor::ServiceWithout) => Forbidden,
        }
    }
}

const ROWS: &[(&str, Who)] = &[
    ("GET /api/v1/api_keys/test", Who::AnyServiceKey),
    ("GET /api/v1/api_keys/healthz", Who::Anyone),
    ("GET /api/v1/api_keys/permissions", Who::Manager(PoliciesRead)),
    ("GET /api/v1/api_keys/policies", Who::Manager(PoliciesRead)),
    ("POST /api/v1/api_keys/policies", Who::Manager(PoliciesWrite)),
    ("PUT /api/v1/api_keys/policies/{id}", Who::Manager(PoliciesWrite)),
    ("DELETE /api/v1/api_keys/policies/{id}", Who::Manager(PoliciesWrite)),
    ("GET /api/v1/api_keys", Who::Manager(KeysRead)),
    ("POST /api/v1/api_keys", Who::Manager(KeysWrite)),
    ("PUT /api/v1/api_keys/{key}", Who::Manager(KeysWrite)),
    ("DELETE /api/v1/api_keys/{key}", Who::Manager(KeysWrite)),
];

#[test]
fn every_operation_has_a_row() {
    let operations = table().into_iter().map(|row| format!("{} {}", row.method, row.path));
    assert_complete(operations, ROWS.iter().map(|row| row.0.to_owned()));
}

#[tokio::test]
async fn everybody_is_answered_as_the_table_says() {
    let server = Server::start().await;
    let actors = Actors::make(&server).await;
    let things = Things { empty_policy: server.policy("empty", &[]).await, counter: AtomicU32::new(0) };
    let mut wrong = Vec::new();
    for (operation, who) in ROWS {
        for actor in Actor::all() {
            let (status, code) = match who.expects(actor) {
                Expected::Done => (200, Value::Null),
                Expected::Unauthenticated => (401, json!(16)),
                Expected::Forbidden => (403, json!(7)),
                Expected::Hidden => panic!("nothing is hidden from anybody on this face"),
            };
            for cred in creds(&actors, actor, *who) {
                let (method, path) = operation.split_once(' ').unwrap();
                let (path, body) = things.request(&server, method, path).await;
                let ask = server.ask(method, &path).with(&cred);
                let answer = if body.is_null() { ask.send().await } else { ask.json(&body).send().await };
                if answer.status.as_u16() != status || answer.json()["code"] != code {
                    wrong.push(format!("{operation} by {actor:?}: {status} expected, got {}: {}", answer.status, answer.text));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a caller may send: keys by their one header, sessions by either.
fn creds(actors: &Actors, actor: Actor, who: Who) -> Vec<Cred> {
    let permission = match who {
        Who::Manager(permission) => Some(permission),
        Who::Anyone | Who::AnyServiceKey => None,
    };
    match actor {
        Actor::Nothing => vec![Cred::None],
        Actor::Session(role) => vec![actors.people[role].session(), Cred::CatenaSession(actors.people[role].token.clone())],
        _ => actors.key(actor, permission).map(Made::catena).into_iter().collect(),
    }
}

/// What the operations are done to.
struct Things {
    empty_policy: String,
    counter: AtomicU32,
}

impl Things {
    fn fresh(&self) -> String {
        format!("thing {}", self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// A path and body that succeed for whoever may.
    async fn request(&self, server: &Server, method: &str, path: &str) -> (String, Value) {
        let body = match (method, path) {
            ("POST", "/api/v1/api_keys") => json!({"name": self.fresh(), "policyId": self.empty_policy}),
            ("POST" | "PUT", _) => json!({"name": self.fresh()}),
            (_, _) => Value::Null,
        };
        let path = if path.ends_with("{id}") {
            path.replace("{id}", &server.policy(&self.fresh(), &[]).await)
        } else if path.ends_with("{key}") {
            path.replace("{key}", &server.service_key_with(&self.fresh(), &self.empty_policy).await.id)
        } else {
            path.to_owned()
        };
        (path, body)
    }
}
