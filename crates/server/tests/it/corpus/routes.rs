//! Every operation that reads a body, with one that is good.

use std::fmt;

use keybearer::http::{catena, freesewing, native};
use serde_json::{Value, json};

use super::mutants::FRESH;
use crate::matrix::assert_complete;
use crate::support::{Cred, PASSWORD, Server};

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    Native,
    FreeSewing,
    Catena,
}

/// An operation, and how it is asked well.
pub struct Route {
    pub face: Face,
    /// As the table of its face has it.
    pub operation: &'static str,
    pub method: &'static str,
    pub path: String,
    pub body: Value,
    /// Pointers to what may be absent or null.
    pub optional: &'static [&'static str],
    /// Pointers to what may be absent, but not null.
    pub defaulted: &'static [&'static str],
    /// The status of success.
    pub done: u16,
    pub cred: Cred,
    /// Whether it answers anyone.
    pub is_open: bool,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)
    }
}

/// What the operations are done to, and who asks.
pub struct Things {
    pub admin: Cred,
    /// The pair of a key of level 8.
    pub pair: Cred,
    pub account: i64,
    pub policy: String,
    /// The id of a service key.
    pub key: String,
}

impl Things {
    /// A path with a thing for each parameter.
    pub fn path(&self, template: &str) -> String {
        template
            .replace("/v1/accounts/{id}", &format!("/v1/accounts/{}", self.account))
            .replace("/policies/{id}", &format!("/policies/{}", self.policy))
            .replace("{service}", "corpus")
            .replace("{name}", GATE)
            .replace("{id}", &self.key)
            .replace("{key}", &self.key)
    }
}

/// A server with things.
pub struct World {
    pub server: Server,
    pub things: Things,
}

impl World {
    pub async fn make() -> Self {
        let server = Server::start_with(|config| config.keys.max_per_account = 100_000).await;
        let admin = server.admin().await;
        server.declare("shop", &["sell"]).await;
        let pair = server.account_key(&admin, 8).await.pair();
        let account = server.person("somebody", "user").await.id;
        let policy = server.policy("a policy", &["shop:sell"]).await;
        let key = server.service_key("a service key", &["shop:sell"]).await.id;
        server.put(&format!("/v1/gates/{GATE}"), &admin, json!({})).await.expect(201);
        Self { server, things: Things { admin, pair, account, policy, key } }
    }

    /// How many there are of everything. The revision stands still as long as nothing is written.
    pub async fn counts(&self) -> Value {
        let mut stats = self.server.get("/v1/stats", &self.things.admin).await.expect(200);
        // What was verified is no change, and is told when it was written: sometime.
        stats.as_object_mut().unwrap().remove("verifications");
        stats
    }

    /// It answers, in all its parts, and who could sign in still can.
    pub async fn assert_well(&self) {
        for path in ["/livez", "/readyz", "/openapi.json", "/api/v1/api_keys/healthz", "/v1/keys?limit=200", "/v1/events", "/v1/policies"] {
            assert_eq!(self.server.get(path, &self.things.admin).await.status, 200, "{path}");
        }
        self.server.get("/whoami/key", &self.things.pair).await.expect(200);
        assert_eq!(self.server.get(&format!("/v1/keys/{}", self.things.key), &self.things.admin).await.expect(200)["state"], "active");
        self.server.advance(crate::support::DAY / 4);
        self.server.sign_in("admin", PASSWORD).await;
    }
}

/// The gate that is there.
const GATE: &str = "corpus";

/// The operations of all tables.
pub fn operations() -> Vec<String> {
    let document = serde_json::to_value(native::document()).unwrap();
    let native = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    });
    let freesewing = freesewing::ROUTES.iter().map(|(method, path)| format!("{method} {path}"));
    let catena = catena::table().into_iter().map(|row| format!("{} {}", row.method, row.path));
    native.chain(freesewing).chain(catena).collect()
}

fn reads_a_body(operation: &str) -> bool {
    ["POST ", "PUT ", "PATCH "].iter().any(|method| operation.starts_with(method))
}

/// One row or more for each operation. One without a row, and a row without one, fails the test.
pub fn all(things: &Things) -> Vec<Route> {
    let metadata = json!({"colour": ["red", 7, {"deep": null}]});
    let native = |operation: &'static str, done: u16, body: Value| Route {
        face: Face::Native,
        operation,
        method: operation.split_once(' ').unwrap().0,
        path: things.path(operation.split_once(' ').unwrap().1),
        body,
        optional: &[],
        defaulted: &[],
        done,
        cred: things.admin.clone(),
        is_open: false,
    };
    let freesewing = |operation: &'static str, cred: &Cred| Route {
        face: Face::FreeSewing,
        optional: &["/expiresIn"],
        cred: cred.clone(),
        ..native(operation, 201, json!({"name": FRESH, "level": 3, "expiresIn": 60}))
    };
    let catena = |operation: &'static str, body: Value| Route { face: Face::Catena, ..native(operation, 200, body) };
    let person = json!({"name": FRESH, "level": 3, "expires_in": 60, "owner": things.account, "metadata": metadata});
    let service = json!({"name": FRESH, "policy_id": things.policy, "expires_in": 60, "service": "shop", "metadata": metadata});
    let policy = json!({"name": FRESH, "permissions": ["shop:sell"]});
    let rule = json!({"methods": ["GET"], "path": "/orders", "any_of": ["shop:sell"], "kind": "service"});
    let gate = json!({
        "any_of": ["shop:sell"], "all_of": ["shop:sell"], "kind": "service", "rules": [rule], "carriers": ["bearer"], "headers": ["x-key-id"]
    });
    let requirement = json!({"any_of": ["shop:sell"], "all_of": ["shop:sell"], "kind": "service"});
    let asked = |name: &str, value: &str| {
        let mut body = requirement.clone();
        body[name] = value.into();
        body
    };
    let holder = json!({
        "role": "user", "status": "active", "consent": true, "email": "a@example.org", "external_id": FRESH, "metadata": metadata
    });
    let account = json!({
        "username": FRESH, "password": PASSWORD, "role": "user", "email": "a@example.org", "external_id": FRESH, "metadata": metadata
    });
    let routes = vec![
        Route {
            is_open: true,
            cred: Cred::None,
            ..native("POST /v1/sessions", 201, json!({"username": "somebody", "password": PASSWORD}))
        },
        Route { optional: &["/password", "/role", "/email", "/external_id", "/metadata"], ..native("POST /v1/accounts", 201, account) },
        Route {
            optional: &["/role", "/status", "/consent", "/email", "/external_id", "/metadata"],
            ..native("PATCH /v1/accounts/{id}", 200, holder)
        },
        native("POST /v1/accounts/{id}/revoke-keys", 200, json!({"reason": FRESH})),
        Route { optional: &["/expires_in", "/owner", "/metadata"], ..native("POST /v1/keys", 201, person) },
        Route { optional: &["/expires_in", "/service", "/metadata"], ..native("POST /v1/keys", 201, service) },
        Route {
            optional: &["/name", "/policy_id", "/metadata"],
            ..native("PATCH /v1/keys/{id}", 200, json!({"name": FRESH, "policy_id": things.policy, "metadata": metadata}))
        },
        native("POST /v1/keys/revoke", 200, json!({"ids": [NOBODY]})),
        native("POST /v1/policies", 201, policy.clone()),
        native("PUT /v1/policies/{id}", 200, policy.clone()),
        Route {
            optional: &["/kind", "/carriers", "/headers", "/rules/0/path", "/rules/0/kind"],
            defaulted: &["/any_of", "/all_of", "/rules", "/rules/0/methods", "/rules/0/any_of"],
            ..native("PUT /v1/gates/{name}", 200, gate)
        },
        native("PUT /v1/services/{service}/permissions", 200, json!([{"name": "sell", "description": FRESH}])),
        Route { optional: &["/kind"], defaulted: &["/any_of", "/all_of"], ..native("POST /v1/verify", 200, asked("key", FRESH)) },
        Route { optional: &["/items/0/level"], ..native("POST /v1/verify/batch", 200, json!({"items": [{"key": FRESH, "level": 3}]})) },
        Route { optional: &["/kind"], defaulted: &["/any_of", "/all_of"], ..native("POST /v1/explain", 200, asked("key_id", &things.key)) },
        freesewing("POST /apikeys/jwt", &things.admin),
        freesewing("POST /apikeys/key", &things.pair),
        catena("POST /api/v1/api_keys", json!({"name": FRESH, "policyId": things.policy})),
        Route { optional: &["/permissions"], ..catena("POST /api/v1/api_keys/policies", policy.clone()) },
        Route { optional: &["/name", "/permissions"], ..catena("PUT /api/v1/api_keys/policies/{id}", policy) },
        Route {
            optional: &["/name", "/policyId"],
            ..catena("PUT /api/v1/api_keys/{key}", json!({"name": FRESH, "policyId": things.policy}))
        },
    ];
    assert_complete(
        operations().into_iter().filter(|operation| reads_a_body(operation)),
        routes.iter().map(|route| route.operation.to_owned()),
    );
    routes
}
