//! A server on a loopback socket that starts services as Keybearer does, and then does what a test wants; and a service beside it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use keybearer_tower::{Credential, Grant, Keybearer, Refusal, Require, Service, StartError, any_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// The secret of the service.
pub const OWN: &str = "kb_theServicesOwnSecret";
/// A key that somebody presents.
pub const KEY: &str = "kb_theCallersSecret";
/// How long anything may take, where it must only end at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the stub does with a question about a key.
#[derive(Clone)]
pub enum Manner {
    /// These bytes, and the connection stays.
    Say(String),
    /// These bytes, and the connection ends.
    SayAndLeave(String),
    /// Not a word.
    Silence,
    /// These bytes, one after another.
    Trickle(String),
    /// A body that never ends.
    Endless,
    /// The first question ends the connection, the others are answered.
    BreakOnce(String),
}

/// The stub.
pub struct Stub {
    pub url: String,
    pub manner: Arc<Mutex<Manner>>,
    /// What was asked: the head in lower case, and the body.
    pub asked: Arc<Mutex<Vec<(String, String)>>>,
    pub connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer as it goes over the wire.
pub fn response(status: &str, kind: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A verdict as it goes over the wire.
pub fn verdict(body: &str) -> String {
    response("200 OK", "application/json", body)
}

/// The verdict on a good service key with these permissions.
pub fn yes(permissions: &str) -> String {
    verdict(&format!(
        r#"{{"valid":true,"code":"VALID","key":{{"id":"0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11","kind":"service","name":"desk","permissions":[{permissions}],"metadata":{{}}}}}}"#
    ))
}

/// A problem as it goes over the wire.
pub fn problem(status: u16, more: &str) -> String {
    problem_saying(status, &format!("The stub says {status}."), more)
}

/// As [`problem`], with this detail, as it stands in JSON.
pub fn problem_saying(status: u16, detail: &str, more: &str) -> String {
    let body = format!(r#"{{"type":"t","title":"t","status":{status},"detail":"{detail}","code":"c","request_id":"r"{more}}}"#);
    response(&format!("{status} Stub"), "application/problem+json", &body)
}

impl Stub {
    pub async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let manner = Arc::new(Mutex::new(manner));
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let connections = Arc::<AtomicUsize>::default();
        let task = tokio::spawn({
            let (manner, asked, connections) = (Arc::clone(&manner), Arc::clone(&asked), Arc::clone(&connections));
            async move {
                // They end with this task.
                let mut talks = tokio::task::JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    connections.fetch_add(1, Ordering::Relaxed);
                    talks.spawn(talk(stream, Arc::clone(&manner), Arc::clone(&asked)));
                }
            }
        });
        Self { url, manner, asked, connections, task }
    }

    pub fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// The bodies of all questions about keys that were presented.
    pub fn questions(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let about_keys = asked.iter().filter(|(head, body)| head.starts_with("post /v1/verify") && !body.contains("is-anybody-there"));
        about_keys.map(|(_, body)| body.clone()).collect()
    }

    /// The way to it, with all the time that a busy machine may need.
    pub fn keybearer(&self) -> Keybearer {
        Keybearer::at(&self.url, Credential::bearer(OWN).unwrap()).deadline(PATIENCE / 2)
    }

    /// The way to it, for who expects no answer.
    pub fn in_a_hurry(&self) -> Keybearer {
        self.keybearer().deadline(Duration::from_millis(300))
    }
}

/// One connection: question after question.
async fn talk(mut stream: TcpStream, manner: Arc<Mutex<Manner>>, asked: Arc<Mutex<Vec<(String, String)>>>) {
    while let Some((head, body)) = read(&mut stream).await {
        asked.lock().unwrap().push((head.clone(), body.clone()));
        if head.starts_with("put ") {
            // The manifest comes back, each line with what the server adds to it.
            let service = head.split('/').nth(3).unwrap();
            let items = body.replace(r#"{"name":"#, &format!(r#"{{"permission":"","service":"{service}","declared":true,"name":"#));
            drop(stream.write_all(verdict(&format!(r#"{{"items":{items}}}"#)).as_bytes()).await);
            continue;
        }
        if body.contains("is-anybody-there") {
            drop(stream.write_all(verdict(r#"{"valid":false,"code":"MALFORMED"}"#).as_bytes()).await);
            continue;
        }
        let now = manner.lock().unwrap().clone();
        match now {
            Manner::Say(text) => drop(stream.write_all(text.as_bytes()).await),
            Manner::SayAndLeave(text) => return drop(stream.write_all(text.as_bytes()).await),
            Manner::Silence => std::future::pending().await,
            Manner::Trickle(text) => {
                for byte in text.bytes() {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Manner::Endless => {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await);
                let piece = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
                while stream.write_all(piece.as_bytes()).await.is_ok() {}
                return;
            }
            Manner::BreakOnce(text) => return *manner.lock().unwrap() = Manner::Say(text),
        }
    }
}

/// A request, if another one comes.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split_once("content-length: ").map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap());
            if body.len() >= length {
                return Some((head, body.to_owned()));
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(read @ 1..) => bytes.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}

/// A service with one route behind a requirement.
pub struct Door {
    pub routes: Router,
    /// How often its handler ran.
    pub entered: Arc<AtomicUsize>,
}

/// What the service answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub refusal: Option<Refusal>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body is a problem of this status and code.
    #[track_caller]
    pub fn expect(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        if status == 200 {
            return;
        }
        assert!(self.text.contains(&format!(r#""code":"{code}""#)), "{code} is not in {}", self.text);
        assert!(self.text.contains(&format!(r#""status":{status}"#)), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json; charset=utf-8");
        assert_eq!(self.refusal.as_ref().unwrap().code(), code);
        for secret in [OWN, KEY] {
            assert!(!self.text.contains(secret) && !format!("{:?}", self.headers).contains(secret), "{}", self.text);
        }
    }
}

/// The service `catalog`, which declares what most tests require.
pub fn catalog() -> Service {
    Service::new("catalog").permission("items.read", "See items").permission("items.write", "Change items")
}

impl Door {
    pub fn behind(layer: Require) -> Self {
        let entered = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&entered);
        let handler = async move |grant: Grant, headers: HeaderMap| {
            count.fetch_add(1, Ordering::Relaxed);
            assert!(!format!("{headers:?}").contains(KEY), "whoever prints the headers prints the key");
            grant.id().to_string()
        };
        Self { routes: Router::new().route("/", get(handler).layer(layer)), entered }
    }

    /// Behind `any_of(["items.read"])`, and started.
    pub async fn started(stub: &Stub) -> Self {
        Self::started_at(stub.keybearer()).await.unwrap()
    }

    pub async fn started_at(keybearer: Keybearer) -> Result<Self, StartError> {
        let catalog = catalog();
        let door = Self::behind(catalog.require(any_of(["items.read"])));
        drop(catalog.require(any_of(["items.write"])));
        catalog.start(keybearer).await?;
        Ok(door)
    }

    /// Knocks with these headers.
    pub async fn knock(&self, headers: &[(&str, &str)]) -> Answer {
        let request = headers.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
        let answered = self.routes.clone().oneshot(request.body(Body::empty()).unwrap());
        let (parts, body) = timeout(PATIENCE, answered).await.expect("it is answered").unwrap().into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, refusal: parts.extensions.get().cloned(), headers: parts.headers, text }
    }

    /// Knocks with the key as a Bearer token.
    pub async fn knock_with_the_key(&self) -> Answer {
        self.knock(&[("authorization", &format!("Bearer {KEY}"))]).await
    }

    pub fn entered(&self) -> usize {
        self.entered.load(Ordering::Relaxed)
    }
}
