//! An application, or a gate, that keeps what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, as they were written.
    pub target: String,
    pub headers: HeaderMap,
    /// How long its body was.
    pub body: usize,
}

impl Seen {
    /// All lines of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// What an application reads under this name that takes `_` and the like for `-`, as CGI and its heirs do.
    pub fn read_loosely(&self, name: &str) -> Vec<&str> {
        let plain = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_ascii_lowercase();
        let lines = self.headers.iter().filter(|(header, _)| plain(header.as_str()) == plain(name));
        lines.map(|(_, value)| value.to_str().unwrap()).collect()
    }
}

/// It ends with the test.
pub struct Site {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

impl Site {
    /// One that answers everything so.
    pub async fn answering(status: u16, headers: &'static [(&'static str, &'static str)]) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().fallback({
            let seen = Arc::clone(&seen);
            async move |request: Request| {
                let (head, body) = request.into_parts();
                let target = head.uri.path_and_query().map_or("*", |target| target.as_str()).to_owned();
                let body = to_bytes(body, usize::MAX).await.unwrap().len();
                seen.lock().unwrap().push(Seen { method: head.method.to_string(), target, headers: head.headers, body });
                let mut answer = (StatusCode::from_u16(status).unwrap(), "from the site\n").into_response();
                let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
                answer.headers_mut().extend(headers);
                answer
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, serving }
    }

    /// One that takes connections, says these bytes on each, and nothing more.
    pub async fn saying(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                kept.push(tokio::spawn(async move {
                    stream.write_all(bytes).await.ok();
                    stream.read_to_end(&mut Vec::new()).await.ok();
                }));
            }
        });
        Self { address, seen: Arc::default(), serving }
    }

    /// What arrived since it was asked last.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The one request that arrived since it was asked last.
    #[track_caller]
    pub fn take_one(&self) -> Seen {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
