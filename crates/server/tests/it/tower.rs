//! Services with `keybearer-tower` beside a real server: the example of `examples/catalog`, and others.

mod catalog;
mod concurrency;
mod names;
mod start;

use axum::Router;
use keybearer_tower::{Credential, Keybearer, StartError};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{Cred, Made, Server, made};

/// What a service needs in its own policy.
const OWN: [&str; 2] = ["keybearer:permissions.declare", "keybearer:verify"];

/// A service that runs. It ends with the test.
struct Running {
    url: String,
    http: reqwest::Client,
    task: JoinHandle<()>,
}

/// What it answered.
#[derive(Debug)]
struct Answer {
    status: u16,
    challenge: String,
    text: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    async fn new(routes: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { url, http, task }
    }

    async fn ask(&self, method: &str, path: &str, cred: &Cred, body: &str) -> Answer {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.url)).body(body.to_owned());
        let request = match cred {
            Cred::None => request,
            Cred::Bearer(token) => request.bearer_auth(token),
            Cred::Basic(id, secret) => request.basic_auth(id, Some(secret)),
            Cred::XApiKey(token) => request.header("x-api-key", token),
            Cred::CatenaKey(token) => request.header("catena-api-key", token),
            Cred::CatenaSession(token) => request.header("catena-session-id", token),
        };
        let response = request.send().await.unwrap();
        let challenge = response.headers().get("www-authenticate").map_or("", |value| value.to_str().unwrap()).to_owned();
        Answer { status: response.status().as_u16(), challenge, text: response.text().await.unwrap() }
    }

    async fn get(&self, path: &str, cred: &Cred) -> Answer {
        self.ask("GET", path, cred, "").await
    }
}

impl Answer {
    #[track_caller]
    fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.challenge.starts_with("Bearer realm="), status == 401, "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    #[track_caller]
    fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{self:?}");
        body
    }
}

/// A key that is bound to a service, with a policy of its own.
async fn bound_key(server: &Server, service: &str, permissions: &[&str]) -> Made {
    let policy = server.policy(&format!("the service {service}"), permissions).await;
    let key = json!({"name": format!("the service {service}"), "policy_id": policy, "service": service});
    made(&server.post("/v1/keys", &server.admin().await, key).await.expect(201))
}

/// The way to the server for a service with this key, with all the time that a busy machine may need.
fn keybearer(url: &str, key: &Made) -> Keybearer {
    Keybearer::at(url, Credential::bearer(&key.token).unwrap()).deadline(std::time::Duration::from_secs(20))
}

/// The example, started.
async fn start_catalog(url: &str, key: &Made) -> Result<Running, StartError> {
    let (service, routes) = ::catalog::catalog();
    service.start(keybearer(url, key)).await?;
    Ok(Running::new(routes).await)
}
