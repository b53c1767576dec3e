//! Known secrets go everywhere, also where none belongs, while the real binary logs at TRACE. Afterwards they stand nowhere but where they
//! were shown once.

mod secrets;

use std::path::Path;

use keybearer::catena::v1::{TestApiKeyRequest, TestApiKeyResponse};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;

use self::secrets::Secrets;
use crate::corpus::routes::{self, Things};
use crate::oauth2::FORM;
use crate::support::child::{Program, Running};
use crate::support::watch::secret_in;
use crate::support::{Answer, Ask, Cred, Made, PASSWORD, made};

/// How often everything is asked, each time with other secrets in the same wrong places.
const ROUNDS: usize = 3;
/// Passwords that nothing keeps: one of a person, one of the configuration, one that is wrong.
const THEIRS: &str = "copper violin meadow thirteen";
const CONFIGURED: &str = "harbor lattice pepper monday";
const WRONG: &str = "a password that nobody has";

/// A server, what it is asked about, and all that must stay secret.
struct Canary {
    running: Running,
    things: Things,
    secrets: Secrets,
}

impl Canary {
    /// Sends it and looks at the answer. What it shows for the first and last time is a secret from then on.
    async fn send(&mut self, ask: Ask) -> Answer {
        let answer = ask.send().await;
        let headers: Vec<String> = answer.headers.values().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        let text = format!("{}\n{}", headers.join("\n"), answer.text);
        assert_eq!(self.secrets.found_in(text.as_bytes()), None, "{}: {text}", answer.what);
        let shown = answer.status.is_success().then(|| serde_json::from_str(&answer.text).ok()).flatten().map(|body: Value| shown(&body));
        match shown.unwrap_or_default() {
            born if born.is_empty() => assert_eq!(secret_in(&text), None, "{}: {text}", answer.what),
            born => {
                assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.what);
                born.iter().for_each(|secret| self.secrets.add(secret));
            }
        }
        answer
    }

    /// Asks an operation well, and then with a secret in each place where none belongs.
    async fn drive(&mut self, operation: &str, body: Option<(String, Cred)>, round: usize) {
        let (method, template) = operation.split_once(' ').unwrap();
        let path = self.things.path(template);
        let (good, cred) = match body {
            Some((body, cred)) => (Some(body), cred),
            None if path.ends_with("/key") => (None, self.things.pair.clone()),
            None => (None, self.things.admin.clone()),
        };
        let ask = |running: &Running, path: &str| running.ask(method, path);
        if let Some(body) = &good {
            let request = ask(&self.running, &path).with(&cred).body("application/json", body.clone());
            self.send(request).await;
        } else {
            let request = ask(&self.running, &path).with(&cred);
            self.send(request).await;
        }
        for (number, name) in [
            "authorization",
            "x-api-key",
            "catena-api-key",
            "catena-session-id",
            "proxy-authorization",
            "cookie",
            "x-request-id",
            "if-match",
            "accept",
            "referer",
            "user-agent",
            "content-type",
            "content-encoding",
            "traceparent",
        ]
        .into_iter()
        .enumerate()
        {
            for scheme in ["", "Bearer ", "Basic ", "Token "] {
                let secret = self.secrets.known(round + number + scheme.len());
                let request = ask(&self.running, &path).header(name, format!("{scheme}{secret}"));
                self.send(request).await;
            }
        }
        for place in 0..4 {
            let secret = self.secrets.known(round + place).replace(' ', "%20");
            let path = [format!("{path}/{secret}"), format!("{path}?{secret}"), format!("{path}?name={secret}"), format!("/{secret}")];
            let request = ask(&self.running, &path[place]).with(&cred);
            self.send(request).await;
        }
        if good.is_none() {
            return;
        }
        let bodies = [
            "SECRET",
            "\"SECRET",
            "\"SECRET\"",
            "[\"SECRET\"]",
            "{\"SECRET\": 1}",
            "{\"SECRET\": 1, \"SECRET\": 2}",
            "{\"metadata\": {\"SECRET\": 1, \"SECRET\": 2}}",
            "{\"name\": {\"SECRET\": 1}}",
            "{\"name\": SECRET}",
            "{\"name\": \"a\", \"level\": \"SECRET\"}",
            "{\"name\": \"a\", \"level\": 3, \"kind\": \"SECRET\"}",
            "{\"name\": \"a\", \"policy_id\": \"SECRET\", \"policyId\": \"SECRET\"}",
            "{\"name\": \"a\", \"expires_in\": \"SECRET\"}",
            "{\"name\": \"a\", \"permissions\": [\"SECRET\"]}",
            "{\"username\": \"SECRET\", \"password\": \"SECRET\", \"role\": \"SECRET\"}",
            "{\"username\": \"a\", \"password\": [\"SECRET\"]}",
            "{\"status\": \"SECRET\"}",
            "{\"key\": \"SECRET",
            "{\"ids\": [\"SECRET\"]}",
            "{\"key_id\": \"SECRET\"}",
            "{\"key\": \"a\", \"any_of\": [\"SECRET\"]}",
            "name=SECRET",
        ];
        for (number, body) in bodies.iter().enumerate() {
            let body = body.replace("SECRET", self.secrets.known(round + number));
            let request = ask(&self.running, &path).with(&cred).body("application/json", body);
            self.send(request).await;
        }
    }

    /// Sends forms with a secret in each place. Nobody may revoke by them what is still needed.
    async fn send_forms(&mut self, round: usize) {
        let bodies = [
            "token=SECRET",
            "token=x&token=SECRET",
            "token=x&token_type_hint=SECRET",
            "token=x&SECRET=SECRET",
            "SECRET",
            "token=SECRET&client_id=SECRET&client_secret=SECRET",
            "token=x&client_id=x&client_secret=SECRET",
        ];
        for (path, cred) in
            [("/oauth2/introspect", self.things.admin.clone()), ("/oauth2/introspect", Cred::None), ("/oauth2/revoke", Cred::None)]
        {
            for (number, body) in bodies.iter().enumerate() {
                let body = body.replace("SECRET", self.secrets.known(round + number));
                let request = self.running.ask("POST", path).with(&cred).body(FORM, body);
                self.send(request).await;
            }
        }
    }

    /// Every page of the audit log.
    async fn read_the_events(&mut self) {
        let mut path = "/v1/events?limit=200".to_owned();
        loop {
            let request = self.running.ask("GET", &path).with(&self.things.admin);
            let page = self.send(request).await.expect(200);
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/events?limit=200&cursor={cursor}"),
                None => return,
            }
        }
    }
}

/// The secrets in the answer to a creation.
fn shown(body: &Value) -> Vec<String> {
    match body {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(text) if ["token", "secret", "key"].contains(&&**name) && text.len() > 60 => vec![text.to_owned()],
                _ => shown(value),
            })
            .collect(),
        Value::Array(entries) => entries.iter().flat_map(shown).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Sets the server up by its link, which nobody but standard output tells. Returns the nonce and the log.
async fn set_up(dir: &Path) -> (String, String) {
    let running = Program::on(dir).arg("--log-level", "trace").start().await;
    let nonce = running.setup_link.as_ref().unwrap().rsplit('/').next().unwrap().to_owned();
    let form = format!("username=admin&password={}", PASSWORD.replace(' ', "+"));
    let created = running.ask("POST", &format!("/setup/{nonce}")).body("application/x-www-form-urlencoded", form).send().await;
    assert_eq!(created.status, 201);
    let ended = running.stop().await;
    assert_eq!(ended.output, "", "nothing is said behind the line that it is ready");
    (nonce, ended.errors)
}

async fn make(running: &Running, secrets: &mut Secrets) -> (Things, Made) {
    let admin = running.admin().await;
    let manifest = json!([{"name": "sell", "description": "To sell"}]);
    running.ask("PUT", "/v1/services/shop/permissions").with(&admin).json(&manifest).send().await.expect(200);
    let person = json!({"username": "somebody", "password": THEIRS});
    let account = running.post("/v1/accounts", &admin, person.clone()).await.expect(201)["id"].as_i64().unwrap();
    let session = running.post("/v1/sessions", &Cred::None, person).await.expect(201)["token"].as_str().unwrap().to_owned();
    let policy = running.post("/v1/policies", &admin, json!({"name": "p", "permissions": ["shop:sell"]})).await.expect(201);
    let policy = policy["id"].as_str().unwrap().to_owned();
    let service = made(&running.post("/v1/keys", &admin, json!({"name": "s", "policy_id": policy})).await.expect(201));
    let theirs = made(&running.post("/v1/keys", &Cred::Bearer(session.clone()), json!({"name": "t", "level": 4})).await.expect(201));
    let pair = made(&running.post("/v1/keys", &admin, json!({"name": "pair", "level": 8})).await.expect(201));
    let Cred::Bearer(own) = &admin else { panic!("a session") };
    for secret in [&session, &theirs.token, &theirs.secret, &service.token, &service.secret, own, &pair.token, &pair.secret] {
        secrets.add(secret);
    }
    secrets.add_pair(&theirs);
    secrets.add_pair(&pair);
    let things = Things { admin, pair: pair.pair(), account, policy, key: service.id.clone() };
    (things, service)
}

/// HTTP/2 has a log of its own.
async fn ask_by_grpc(running: &Running, key: &Made) {
    let channel = Channel::from_shared(format!("http://{}", running.address)).unwrap().connect().await.unwrap();
    for token in [&key.token, &key.secret] {
        let mut client = Grpc::new(channel.clone());
        client.ready().await.unwrap();
        let mut request = Request::new(TestApiKeyRequest {});
        request.metadata_mut().append("catena-api-key", token.parse().unwrap());
        let path = PathAndQuery::from_static("/keybearer.catena.v1.CatenaApiKeys/TestApiKey");
        let codec = tonic_prost::ProstCodec::<_, TestApiKeyResponse>::default();
        assert_eq!(client.unary(request, path, codec).await.is_ok(), *token == key.token);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_stands_where_it_was_not_shown() {
    let dir: TempDir = tempfile::tempdir().unwrap();
    let (nonce, first_log) = set_up(dir.path()).await;
    let mut secrets = Secrets::default();
    for secret in [PASSWORD, THEIRS, CONFIGURED, WRONG] {
        secrets.add(secret);
    }
    let program = Program::on(dir.path()).arg("--log-level", "trace").arg("--log-format", "json");
    let program = program.env("KEYBEARER_ADMIN_USERNAME", "other").env("KEYBEARER_ADMIN_PASSWORD", CONFIGURED);
    let running = program.env("KEYBEARER_KEYS_MAX_PER_ACCOUNT", "100000").start().await;
    let (things, service) = make(&running, &mut secrets).await;
    // It is spent, so that it is looked for, but put nowhere.
    secrets.add(&nonce);
    ask_by_grpc(&running, &service).await;
    let mut canary = Canary { running, things, secrets };
    for round in 0..ROUNDS {
        let routes = routes::all(&canary.things);
        for route in &routes {
            canary.drive(route.operation, Some((route.body.to_string(), route.cred.clone())), round).await;
        }
        let mut others = routes::operations();
        others.retain(|operation| !routes.iter().any(|route| route.operation == operation));
        // What deletes comes last.
        others.sort_by_key(|operation| operation.starts_with("DELETE"));
        for operation in others {
            canary.drive(&operation, None, round).await;
        }
        canary.send_forms(round).await;
    }
    canary.read_the_events().await;
    let Canary { running, secrets, .. } = canary;
    let ended = running.stop().await;
    assert!(ended.status.success());
    assert_eq!(ended.output, "", "nothing is said behind the line that it is ready");
    println!("{} secrets, {} bytes of log", secrets.len(), ended.errors.len());
    secrets.assert_nowhere(dir.path(), &[&first_log, &ended.errors], &service.token);
}
