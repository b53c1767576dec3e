//! Revocation, by every trigger of section 3 of the design: the very next request with the key is refused on every face, and nothing brings
//! it back.

mod account;
mod key;
mod rights;

use serde_json::{Value, json};

use crate::support::{Cred, Made, Server};

/// Tells every service key from every other credential.
const CATENA_TEST: &str = "/api/v1/api_keys/test";
/// Tells who presents a pair.
const WHOAMI: &str = "/whoami/key";

/// A key under test.
#[derive(Clone, Debug)]
enum Held {
    /// A person's.
    Account(Made),
    /// A service's.
    Service(Made),
}

/// A request with a key in one of its spellings, and the status that it gets while the key is alive and once it is dead.
struct Door {
    path: &'static str,
    cred: Cred,
    alive: u16,
    dead: u16,
}

impl Held {
    fn made(&self) -> &Made {
        match self {
            Self::Account(made) | Self::Service(made) => made,
        }
    }

    /// All faces, in all spellings. The Catena face knows a person's key, and tells it that only those of services will do.
    fn doors(&self) -> Vec<Door> {
        let key = self.made();
        let native = [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone())];
        let mut doors = Vec::from(native.map(|cred| Door { path: "/v1/whoami", cred, alive: 200, dead: 401 }));
        match self {
            Self::Account(_) => doors.extend([
                Door { path: WHOAMI, cred: key.pair(), alive: 200, dead: 403 },
                Door { path: CATENA_TEST, cred: key.catena(), alive: 403, dead: 401 },
            ]),
            Self::Service(_) => doors.push(Door { path: CATENA_TEST, cred: key.catena(), alive: 200, dead: 401 }),
        }
        doors
    }

    /// The request to each face that comes first after a change finds the key dead.
    async fn assert_dead_at_once(&self, server: &Server, why: &str) {
        for Door { path, cred, dead, .. } in self.doors() {
            let answer = server.get(path, &cred).await;
            assert_eq!(answer.status, dead, "{why}: {}: {}", answer.what, answer.text);
        }
    }
}

/// Every face lets the key in, and says that it is valid.
async fn assert_accepted(server: &Server, key: &Held) {
    for Door { path, cred, alive, .. } in key.doors() {
        let answer = server.get(path, &cred).await;
        assert_eq!(answer.status, alive, "{}: {}", answer.what, answer.text);
    }
    for text in spellings(key.made()) {
        assert_eq!(server.verdict(&text).await, "VALID", "{}", key.made().id);
    }
}

/// Every face turns the key away, `/v1` tells its bearer why, and an administrator sees why. The older faces show it to nobody.
async fn assert_refused(server: &Server, key: &Held, reason: &str) {
    let made = key.made();
    for Door { path, cred, dead, .. } in key.doors() {
        let answer = server.get(path, &cred).await;
        assert_eq!(answer.status, dead, "{reason}: {}: {}", answer.what, answer.text);
        match path {
            WHOAMI => assert_eq!(answer.json(), json!({"result": "error", "error": "authenticationFailed"})),
            CATENA_TEST => assert_eq!(answer.json()["code"], 16),
            _ => {
                let body = answer.problem(401, "credential_revoked");
                assert_eq!(body["detail"], format!("The key was revoked: {}.", in_words(reason)));
            }
        }
    }
    let admin = server.admin().await;
    let questions: Vec<Value> = spellings(made).iter().map(|text| json!({"key": text})).collect();
    let batch = server.post("/v1/verify/batch", &admin, json!({"items": questions})).await.expect(200);
    for verdict in batch["results"].as_array().unwrap() {
        assert_eq!((&verdict["valid"], &verdict["code"]), (&json!(false), &json!("REVOKED")), "{reason}");
    }
    for text in spellings(made) {
        assert_eq!(server.verdict(&text).await, "REVOKED", "{reason}");
    }
    let explained = server.post("/v1/explain", &admin, json!({"key_id": made.id})).await.expect(200);
    assert_eq!(explained["code"], "REVOKED", "{reason}");
    let read = server.get(&format!("/v1/keys/{}", made.id), &admin).await.expect(200);
    assert_eq!((&read["state"], &read["reason"]), (&json!("revoked"), &json!(reason)));
    assert!(read["revoked_at"].is_string());
    let gone = server.get(&format!("/apikeys/{}/jwt", made.id), &admin).await.expect(404);
    assert_eq!(gone["error"], "apikeyNotFound");
    let shown = server.get("/api/v1/api_keys", &admin).await.expect(200);
    assert!(shown["apiKeys"].as_array().unwrap().iter().all(|one| one["id"] != *made.id));
}

/// The token, and the pair.
fn spellings(key: &Made) -> [String; 2] {
    [key.token.clone(), format!("{}:{}", key.id, key.secret)]
}

/// What whoever presents a revoked key is told.
fn in_words(reason: &str) -> &'static str {
    match reason {
        "deleted" => "somebody deleted it",
        "role_downgraded" => "its owner's role was lowered",
        "account_locked" => "its owner's account was locked",
        "account_blocked" => "its owner's account was blocked",
        "account_deleted" => "its owner's account was deleted",
        "consent_revoked" => "its owner withdrew consent",
        "excessive_use" => "its owner's use was found excessive",
        "policy_deleted" => "its policy was deleted",
        other => panic!("no such reason: {other}"),
    }
}

/// The newest event about this target.
async fn last_event(server: &Server, target: &str) -> Value {
    let page = server.get(&format!("/v1/events?target={target}&limit=1"), &server.admin().await).await.expect(200);
    page["items"][0].clone()
}

/// Whether an event tells that it touched exactly these, in whatever order.
#[track_caller]
fn assert_touched(event: &Value, mut expected: Vec<String>) {
    let mut touched: Vec<&str> = event["touched"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    touched.sort_unstable();
    expected.sort_unstable();
    assert_eq!(touched, expected);
}
