//! The rows of `/v1`.

use std::sync::atomic::{AtomicU32, Ordering};

use keybearer_core::permission::OwnPermission::{
    self, AccountsRead, AccountsWrite, AuditRead, ClusterRead, KeysRead, KeysWrite, PermissionsDeclare, PoliciesRead, PoliciesWrite, Verify,
};
use serde_json::{Value, json};

use super::actors::SERVICE;
use super::{Actor, Actors, Expected, assert_complete};
use crate::support::{Cred, PASSWORD, Person, Server};

/// Who may.
#[derive(Clone, Copy)]
enum Who {
    /// With or without a credential.
    Anyone,
    /// Whoever has a good one.
    AnyCredential,
    /// Level 8, or the permission.
    Manager(OwnPermission),
    /// The same; to other people the thing looks absent.
    ManagerOrHidden(OwnPermission),
    /// Whoever has level 4, on what is theirs; or the permission.
    Owner(OwnPermission),
    /// Level 8 or the permission, on what is somebody else's; from level 4 on it looks absent.
    NotOwner(OwnPermission),
    /// Whoever has level 4, on what is theirs; no service key.
    OwnerOnly,
    /// Level 8, on what is somebody else's; from level 4 on it looks absent; no service key.
    NotOwnerOnly,
    /// Level 8; no service key.
    Admin,
    /// The holder by session, or level 8; no service key.
    HolderSession,
    /// Level 8, on what is another holder's; to other people it looks absent; no service key.
    NotHolder,
    /// The holder by session, level 8 by key, or the permission.
    Holder(OwnPermission),
    /// The holder by session, never by a key of theirs; or the permission.
    HolderNeverByKey(OwnPermission),
    /// Level 8, `policies.read` or `permissions.declare`.
    SeesPermissions,
}

impl Who {
    fn permission(self) -> Option<OwnPermission> {
        match self {
            Self::Manager(permission)
            | Self::ManagerOrHidden(permission)
            | Self::Owner(permission)
            | Self::NotOwner(permission)
            | Self::Holder(permission)
            | Self::HolderNeverByKey(permission) => Some(permission),
            Self::SeesPermissions => Some(PoliciesRead),
            _ => None,
        }
    }

    /// Written out, not derived from the rules under test.
    fn expects(self, actor: Actor) -> Expected {
        use Expected::{Done, Forbidden, Hidden, Unauthenticated};
        if let Self::Anyone = self {
            return Done;
        }
        if !actor.is_valid() {
            return Unauthenticated;
        }
        let Some(level) = actor.level() else {
            return match (self, actor) {
                (Self::AnyCredential, _) => Done,
                (_, Actor::ServiceWith) if self.permission().is_some() => Done,
                _ => Forbidden,
            };
        };
        let by_level = |least: u8, otherwise: Expected| if level >= least { Done } else { otherwise };
        match self {
            Self::Anyone | Self::AnyCredential => Done,
            Self::Manager(_) | Self::Admin | Self::SeesPermissions => by_level(8, Forbidden),
            Self::ManagerOrHidden(_) | Self::NotHolder => by_level(8, Hidden),
            Self::Owner(_) | Self::OwnerOnly => by_level(4, Forbidden),
            Self::NotOwner(_) | Self::NotOwnerOnly => by_level(8, if level >= 4 { Hidden } else { Forbidden }),
            Self::HolderSession | Self::Holder(_) => {
                if actor.is_session() {
                    Done
                } else {
                    by_level(8, Forbidden)
                }
            }
            Self::HolderNeverByKey(_) => {
                if actor.is_session() {
                    Done
                } else {
                    Forbidden
                }
            }
        }
    }
}

/// Operation, what it is done to, who may, and the status of success.
const ROWS: &[(&str, &str, Who, u16)] = &[
    ("POST /v1/sessions", "", Who::Anyone, 201),
    ("GET /v1/sessions", "own", Who::HolderSession, 200),
    ("GET /v1/sessions", "other", Who::NotHolder, 200),
    ("DELETE /v1/sessions/{id}", "own", Who::HolderSession, 204),
    ("DELETE /v1/sessions/{id}", "other", Who::NotHolder, 204),
    ("GET /v1/whoami", "", Who::AnyCredential, 200),
    ("POST /v1/accounts", "", Who::Manager(AccountsWrite), 201),
    ("GET /v1/accounts", "", Who::Manager(AccountsRead), 200),
    ("GET /v1/accounts/{id}", "own", Who::Holder(AccountsRead), 200),
    ("GET /v1/accounts/{id}", "other", Who::ManagerOrHidden(AccountsRead), 200),
    ("PATCH /v1/accounts/{id}", "own", Who::HolderNeverByKey(AccountsWrite), 200),
    ("PATCH /v1/accounts/{id}", "other", Who::ManagerOrHidden(AccountsWrite), 200),
    ("DELETE /v1/accounts/{id}", "other", Who::ManagerOrHidden(AccountsWrite), 204),
    ("POST /v1/accounts/{id}/revoke-keys", "", Who::Admin, 200),
    ("POST /v1/keys", "own", Who::Owner(KeysWrite), 201),
    ("POST /v1/keys", "other", Who::Manager(KeysWrite), 201),
    ("POST /v1/keys", "service", Who::Manager(KeysWrite), 201),
    ("GET /v1/keys", "", Who::Owner(KeysRead), 200),
    ("GET /v1/keys/{id}", "own", Who::Owner(KeysRead), 200),
    ("GET /v1/keys/{id}", "other", Who::NotOwner(KeysRead), 200),
    ("GET /v1/keys/{id}", "service", Who::NotOwner(KeysRead), 200),
    ("PATCH /v1/keys/{id}", "service", Who::NotOwner(KeysWrite), 200),
    ("DELETE /v1/keys/{id}", "own", Who::Owner(KeysWrite), 204),
    ("DELETE /v1/keys/{id}", "other", Who::NotOwner(KeysWrite), 204),
    ("DELETE /v1/keys/{id}", "service", Who::NotOwner(KeysWrite), 204),
    ("POST /v1/keys/revoke", "own", Who::Owner(KeysWrite), 200),
    ("POST /v1/policies", "", Who::Manager(PoliciesWrite), 201),
    ("GET /v1/policies", "", Who::Manager(PoliciesRead), 200),
    ("GET /v1/policies/{id}", "", Who::Manager(PoliciesRead), 200),
    ("PUT /v1/policies/{id}", "", Who::Manager(PoliciesWrite), 200),
    ("DELETE /v1/policies/{id}", "", Who::Manager(PoliciesWrite), 204),
    ("GET /v1/gates", "", Who::Manager(PoliciesRead), 200),
    ("GET /v1/gates/{name}", "", Who::Manager(PoliciesRead), 200),
    ("PUT /v1/gates/{name}", "", Who::Admin, 200),
    ("DELETE /v1/gates/{name}", "", Who::Admin, 204),
    ("GET /v1/permissions", "", Who::SeesPermissions, 200),
    ("PUT /v1/services/{service}/permissions", "", Who::Manager(PermissionsDeclare), 200),
    ("POST /v1/verify", "", Who::Manager(Verify), 200),
    ("POST /v1/verify/batch", "", Who::Manager(Verify), 200),
    ("POST /v1/explain", "own", Who::OwnerOnly, 200),
    ("POST /v1/explain", "other", Who::NotOwnerOnly, 200),
    ("GET /v1/events", "", Who::Manager(AuditRead), 200),
    ("GET /v1/stats", "", Who::Manager(AuditRead), 200),
    ("GET /v1/cluster", "", Who::Manager(ClusterRead), 200),
    ("GET /livez", "", Who::Anyone, 200),
    ("GET /readyz", "", Who::Anyone, 200),
    ("GET /metrics", "", Who::Anyone, 200),
    ("GET /openapi.json", "", Who::Anyone, 200),
];

#[test]
fn every_operation_has_a_row() {
    let document = serde_json::to_value(keybearer::http::native::document()).unwrap();
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase())));
    assert_complete(operations, ROWS.iter().map(|row| row.0.to_owned()));
}

#[tokio::test]
async fn everybody_is_answered_as_the_table_says() {
    let server = Server::start_with(|config| config.keys.max_per_account = 10_000).await;
    let actors = Actors::make(&server).await;
    let things = Things::make(&server).await;
    let mut wrong = Vec::new();
    for (operation, what, who, success) in ROWS {
        for actor in Actor::all() {
            let expected = who.expects(actor);
            let (method, path) = operation.split_once(' ').unwrap();
            let (path, body) = things.request(&server, &actors, (method, path, what), actor).await;
            let cred = match (who, actor) {
                (Who::SeesPermissions, Actor::ServiceWithout) => actors.service_blind.bearer(),
                _ => actors.cred(actor, who.permission()),
            };
            let ask = server.ask(method, &path).with(&cred);
            let answer = if body.is_null() { ask.send().await } else { ask.json(&body).send().await };
            let status = match expected {
                Expected::Unauthenticated => 401,
                Expected::Done => *success,
                Expected::Forbidden => 403,
                Expected::Hidden => 404,
            };
            if answer.status.as_u16() != status {
                wrong.push(format!("{operation} ({what}) by {actor:?}: {status} expected, got {}: {}", answer.status, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the operations are done to.
struct Things {
    admin: Cred,
    other: Person,
    empty_policy: String,
    counter: AtomicU32,
}

impl Things {
    async fn make(server: &Server) -> Self {
        Self {
            admin: server.admin().await,
            other: server.person("somebody else", "user").await,
            empty_policy: server.policy("empty", &[]).await,
            counter: AtomicU32::new(0),
        }
    }

    fn fresh(&self, what: &str) -> String {
        format!("{what} {}", self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// A new key of this account.
    async fn key_of(&self, server: &Server, person: &Person) -> String {
        let body = json!({"name": "a key", "level": 0, "owner": person.id});
        server.post("/v1/keys", &self.admin, body).await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    async fn service_key(&self, server: &Server) -> String {
        server.service_key_with(&self.fresh("service key"), &self.empty_policy).await.id
    }

    async fn gate(&self, server: &Server) -> String {
        let name = self.fresh("gate").replace(' ', "-");
        server.put(&format!("/v1/gates/{name}"), &self.admin, json!({})).await.expect(201);
        name
    }

    async fn account(&self, server: &Server) -> i64 {
        let body = json!({"username": self.fresh("account")});
        server.post("/v1/accounts", &self.admin, body).await.expect(201)["id"].as_i64().unwrap()
    }

    /// The newest session of an account, made for the purpose.
    async fn session_of(&self, server: &Server, person: &Person) -> String {
        server.advance(1);
        server.sign_in(&person.username, PASSWORD).await;
        let sessions = server.get(&format!("/v1/sessions?account={}", person.id), &self.admin).await.expect(200);
        sessions["items"][0]["id"].as_str().unwrap().to_owned()
    }

    /// A path and body that succeed for whoever may.
    async fn request(&self, server: &Server, actors: &Actors, row: (&str, &str, &str), actor: Actor) -> (String, Value) {
        let me = actors.person(actor);
        let body = |body: Value| (row.1.to_owned(), body);
        let bare = |path: String| (path, Value::Null);
        match row {
            ("POST", "/v1/sessions", _) => body(json!({"username": "somebody else", "password": PASSWORD})),
            ("GET", "/v1/sessions", "own") => bare(format!("/v1/sessions?account={}", me.id)),
            ("GET", "/v1/sessions", _) => bare(format!("/v1/sessions?account={}", self.other.id)),
            ("DELETE", "/v1/sessions/{id}", "own") => bare(format!("/v1/sessions/{}", self.session_of(server, me).await)),
            ("DELETE", "/v1/sessions/{id}", _) => bare(format!("/v1/sessions/{}", self.session_of(server, &self.other).await)),
            ("POST", "/v1/accounts", _) => body(json!({"username": self.fresh("made")})),
            ("GET", "/v1/accounts/{id}", "own") => bare(format!("/v1/accounts/{}", me.id)),
            ("GET", "/v1/accounts/{id}", _) => bare(format!("/v1/accounts/{}", self.other.id)),
            ("PATCH", "/v1/accounts/{id}", "own") => (format!("/v1/accounts/{}", me.id), json!({"consent": true})),
            ("PATCH", "/v1/accounts/{id}", _) => (format!("/v1/accounts/{}", self.other.id), json!({"metadata": {}})),
            ("DELETE", "/v1/accounts/{id}", _) => bare(format!("/v1/accounts/{}", self.account(server).await)),
            ("POST", "/v1/accounts/{id}/revoke-keys", _) => {
                (format!("/v1/accounts/{}/revoke-keys", self.account(server).await), json!({"reason": "too much"}))
            }
            ("POST", "/v1/keys", "own") => body(json!({"name": "mine", "level": 0, "owner": me.id})),
            ("POST", "/v1/keys", "other") => body(json!({"name": "theirs", "level": 0, "owner": self.other.id})),
            ("POST", "/v1/keys", _) => body(json!({"name": self.fresh("key"), "policy_id": self.empty_policy})),
            ("GET" | "DELETE", "/v1/keys/{id}", "own") => bare(format!("/v1/keys/{}", self.key_of(server, me).await)),
            ("GET" | "DELETE", "/v1/keys/{id}", "other") => bare(format!("/v1/keys/{}", self.key_of(server, &self.other).await)),
            ("GET" | "DELETE", "/v1/keys/{id}", _) => bare(format!("/v1/keys/{}", self.service_key(server).await)),
            ("PATCH", "/v1/keys/{id}", _) => {
                (format!("/v1/keys/{}", self.service_key(server).await), json!({"name": self.fresh("renamed")}))
            }
            ("POST", "/v1/keys/revoke", _) => body(json!({"ids": [self.key_of(server, me).await]})),
            ("POST", "/v1/policies", _) => body(json!({"name": self.fresh("policy"), "permissions": []})),
            ("GET" | "DELETE", "/v1/policies/{id}", _) => bare(format!("/v1/policies/{}", server.policy(&self.fresh("policy"), &[]).await)),
            ("PUT", "/v1/policies/{id}", _) => {
                let id = server.policy(&self.fresh("policy"), &[]).await;
                (format!("/v1/policies/{id}"), json!({"name": self.fresh("renamed"), "permissions": []}))
            }
            ("GET" | "DELETE", "/v1/gates/{name}", _) => bare(format!("/v1/gates/{}", self.gate(server).await)),
            ("PUT", "/v1/gates/{name}", _) => (format!("/v1/gates/{}", self.gate(server).await), json!({"level": 3})),
            ("PUT", "/v1/services/{service}/permissions", _) => {
                (format!("/v1/services/{SERVICE}/permissions"), json!([{"name": "sell", "description": "To sell"}]))
            }
            ("POST", "/v1/verify", _) => body(json!({"key": actors.bad.token})),
            ("POST", "/v1/verify/batch", _) => body(json!({"items": [{"key": actors.bad.token}]})),
            ("POST", "/v1/explain", "own") => body(json!({"key_id": self.key_of(server, me).await})),
            ("POST", "/v1/explain", _) => body(json!({"key_id": self.key_of(server, &self.other).await})),
            (_, path, _) => bare(path.to_owned()),
        }
    }
}
