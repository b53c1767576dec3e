//! A server to talk to, and what tests say to it.

pub mod bouncer;
pub mod child;
pub mod command;
pub mod database;
pub mod slow;
#[path = "../../../store/tests/contract/small_disk.rs"]
pub mod small_disk;
pub mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use keybearer::app::App;
use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer::{http, start};
use keybearer_core::time::UnixMillis;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The password of every account that tests make.
pub const PASSWORD: &str = "plume otter lantern gravel";
/// The moment at which the clock of a test stands: 2026-01-01T00:00:00Z.
pub const NOW: UnixMillis = UnixMillis(1_767_225_600_000);
/// Milliseconds of a second and of a day.
pub const SECOND: i64 = 1_000;
pub const DAY: i64 = 86_400_000;

/// A client that tells all and follows nothing, and reads no certificates, which not every machine has.
fn http_client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    client.tls_certs_only([]).build().unwrap()
}

/// A server on a free port, with a data directory of its own.
pub struct Server {
    pub app: Arc<App>,
    pub address: SocketAddr,
    /// The setup link, if there was no administrator.
    pub setup_link: Option<String>,
    pub http: reqwest::Client,
    dir: TempDir,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    admin: tokio::sync::OnceCell<Cred>,
}

/// A credential as a client sends it.
#[derive(Clone, Debug)]
pub enum Cred {
    None,
    Bearer(String),
    Basic(String, String),
    XApiKey(String),
    CatenaKey(String),
    CatenaSession(String),
}

/// A key that a test made, with its secret.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: String,
    pub token: String,
    pub secret: String,
}

impl Made {
    pub fn bearer(&self) -> Cred {
        Cred::Bearer(self.token.clone())
    }

    pub fn pair(&self) -> Cred {
        Cred::Basic(self.id.clone(), self.secret.clone())
    }

    pub fn catena(&self) -> Cred {
        Cred::CatenaKey(self.token.clone())
    }
}

/// A person that a test made, signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: i64,
    pub username: String,
    /// A session token.
    pub token: String,
}

impl Person {
    pub fn session(&self) -> Cred {
        Cred::Bearer(self.token.clone())
    }
}

/// What the document says of each status that many operations may answer, with the codes of the problems behind it.
static PROBLEMS: LazyLock<BTreeMap<u16, String>> = LazyLock::new(|| {
    let document = serde_json::to_value(keybearer::http::native::document()).unwrap();
    let responses = document["paths"]["/v1/whoami"]["get"]["responses"].as_object().unwrap();
    let told = |(status, response): (&String, &Value)| (status.parse().unwrap(), response["description"].as_str().unwrap().to_owned());
    responses.iter().filter(|(status, _)| *status != "200").map(told).collect()
});

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub what: String,
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON, once the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The body, once status and body are the expected ones.
    #[track_caller]
    pub fn expect_text(&self, status: u16, text: &str) {
        assert_eq!((self.status.as_u16(), &*self.text), (status, text), "{}", self.what);
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text))
    }

    /// Status and problem code of a `/v1` error.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{}: {}", self.what, self.text);
        assert_eq!(self.header("content-type"), "application/problem+json; charset=utf-8", "{}", self.what);
        assert_eq!(body["request_id"], self.header("x-request-id"), "{}", self.what);
        if let Some(told) = PROBLEMS.get(&status) {
            assert!(told.contains(&format!("`{code}`")), "the document does not tell of {code} with {status}: {told}");
        }
        body
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A request under construction.
pub struct Ask {
    what: String,
    request: reqwest::RequestBuilder,
}

impl Ask {
    pub fn with(mut self, cred: &Cred) -> Self {
        self.request = match cred {
            Cred::None => self.request,
            Cred::Bearer(token) => self.request.bearer_auth(token),
            Cred::Basic(id, secret) => self.request.basic_auth(id, Some(secret)),
            Cred::XApiKey(token) => self.request.header("x-api-key", token),
            Cred::CatenaKey(token) => self.request.header("catena-api-key", token),
            Cred::CatenaSession(token) => self.request.header("catena-session-id", token),
        };
        self
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, header::HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header(header::CONTENT_TYPE, content_type).body(body);
        self
    }

    pub async fn send(self) -> Answer {
        let what = self.what.clone();
        self.try_send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    /// The answer, if one came whole: a server that is killed gives none.
    pub async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        assert!(headers.contains_key("x-request-id"), "{}: every answer carries a request id", self.what);
        Ok(Answer { what: self.what, status, headers, text: response.text().await? })
    }
}

impl Server {
    /// A server with an administrator.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server with an administrator and other settings.
    pub async fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        let server = Self::start_bare(set).await;
        let link = server.setup_link.clone().unwrap();
        let form = [("username", "admin"), ("password", PASSWORD)];
        let created = server.http.post(link).form(&form).send().await.unwrap();
        assert_eq!(created.status(), StatusCode::CREATED);
        server
    }

    /// A server that nobody has set up.
    pub async fn start_bare(set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::for_data_dir(dir.path());
        set(&mut config);
        database::choose(&mut config);
        Self::open(config, Clock::manual(NOW), dir).await
    }

    /// Another node over the same database, with the same keyring and time.
    pub async fn join(&self, set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: dir.path().into(), keyring: Some(self.app.config.keyring_path()), ..self.app.config.clone() };
        set(&mut config);
        let node = Self::open(config, self.app.clock.clone(), dir).await;
        node.admin.set(self.admin().await).unwrap();
        node
    }

    async fn open(config: Config, clock: Clock, dir: TempDir) -> Self {
        watch::begin();
        let app = App::open(config, clock).await.unwrap_or_else(|error| panic!("{error}"));
        let listener = TcpListener::bind(app.config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let setup_link = start::first_admin(&app, address).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn({
            let app = Arc::clone(&app);
            async move { http::serve(app, listener, async { drop(stopped.await) }).await }
        });
        let http = http_client();
        Self { app, address, setup_link, http, dir, stop: Some(stop), serving, admin: tokio::sync::OnceCell::new() }
    }

    /// The same data, configuration and time under a new process, as far as one process can tell.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// As [`Server::restart`], with other settings.
    pub async fn restart_with(mut self, set: impl FnOnce(&mut Config)) -> Self {
        drop(self.stop.take());
        // Connections that are kept alive would hold the old server.
        self.http = http_client();
        (&mut self.serving).await.unwrap();
        let (mut config, clock) = (self.app.config.clone(), self.app.clock.clone());
        set(&mut config);
        let Self { app, dir, .. } = self;
        let app = Arc::into_inner(app).expect("nothing of the old server is left");
        drop(app);
        Self::open(config, clock, dir).await
    }

    /// Stops it as an operator does.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        self.http = http_client();
        (&mut self.serving).await.unwrap();
    }

    /// Moves the clock.
    pub fn advance(&self, milliseconds: i64) {
        self.app.clock.advance(milliseconds);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let method: Method = method.parse().unwrap();
        Ask { what: format!("{method} {path}"), request: self.http.request(method, self.url(path)) }
    }

    pub async fn get(&self, path: &str, cred: &Cred) -> Answer {
        self.ask("GET", path).with(cred).send().await
    }

    pub async fn post(&self, path: &str, cred: &Cred, body: Value) -> Answer {
        self.ask("POST", path).with(cred).json(&body).send().await
    }

    pub async fn patch(&self, path: &str, cred: &Cred, body: Value) -> Answer {
        self.ask("PATCH", path).with(cred).json(&body).send().await
    }

    pub async fn put(&self, path: &str, cred: &Cred, body: Value) -> Answer {
        self.ask("PUT", path).with(cred).json(&body).send().await
    }

    pub async fn delete(&self, path: &str, cred: &Cred) -> Answer {
        self.ask("DELETE", path).with(cred).send().await
    }

    /// Signs in; the token of the session.
    pub async fn sign_in(&self, username: &str, password: &str) -> String {
        let body = self.post("/v1/sessions", &Cred::None, json!({"username": username, "password": password})).await.expect(201);
        body["token"].as_str().unwrap().to_owned()
    }

    /// A session of the administrator.
    pub async fn admin(&self) -> Cred {
        self.admin.get_or_init(|| async { Cred::Bearer(self.sign_in("admin", PASSWORD).await) }).await.clone()
    }

    /// A new account with this role, signed in.
    pub async fn person(&self, username: &str, role: &str) -> Person {
        let body = json!({"username": username, "password": PASSWORD, "role": role});
        let account = self.post("/v1/accounts", &self.admin().await, body).await.expect(201);
        let token = self.sign_in(username, PASSWORD).await;
        Person { id: account["id"].as_i64().unwrap(), username: username.to_owned(), token }
    }

    /// A key that this credential makes for itself.
    pub async fn account_key(&self, cred: &Cred, level: u8) -> Made {
        made(&self.post("/v1/keys", cred, json!({"name": "a key", "level": level})).await.expect(201))
    }

    /// Declares permissions of a service: bare names.
    pub async fn declare(&self, service: &str, names: &[&str]) {
        let manifest: Vec<Value> = names.iter().map(|name| json!({"name": name, "description": format!("To {name}")})).collect();
        self.put(&format!("/v1/services/{service}/permissions"), &self.admin().await, json!(manifest)).await.expect(200);
    }

    /// A policy of full names; its id.
    pub async fn policy(&self, name: &str, permissions: &[&str]) -> String {
        let body = json!({"name": name, "permissions": permissions});
        let policy = self.post("/v1/policies", &self.admin().await, body).await.expect(201);
        policy["id"].as_str().unwrap().to_owned()
    }

    /// A service key with a policy of its own.
    pub async fn service_key(&self, name: &str, permissions: &[&str]) -> Made {
        let policy = self.policy(&format!("policy of {name}"), permissions).await;
        self.service_key_with(name, &policy).await
    }

    /// A service key with this policy.
    pub async fn service_key_with(&self, name: &str, policy: &str) -> Made {
        made(&self.post("/v1/keys", &self.admin().await, json!({"name": name, "policy_id": policy})).await.expect(201))
    }

    /// The code of a verification of this token without further requirement.
    pub async fn verdict(&self, token: &str) -> String {
        let body = self.post("/v1/verify", &self.admin().await, json!({"key": token})).await.expect(200);
        body["code"].as_str().unwrap().to_owned()
    }
}

pub fn made(body: &Value) -> Made {
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    Made { id: text("id"), token: text("token"), secret: text("secret") }
}
