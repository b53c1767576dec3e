//! Questions over HTTP, each with the moments at which it was asked and answered.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value as Json;

use crate::history::{Clock, Moment};
use crate::processes::Node;

/// A node that is cut off takes no connection; there is no use in waiting long for one.
const CONNECT: Duration = Duration::from_secs(1);

/// Who asks.
#[derive(Clone)]
pub(crate) enum Credential {
    /// Nobody in particular.
    None,
    /// A token of a key or of a session.
    Bearer(String),
}

/// What came back.
pub(crate) enum Reply {
    /// An answer, complete.
    Answer {
        /// Its status.
        status: u16,
        /// Its body, or null where it is not JSON.
        body: Json,
        /// The version that it names.
        etag: Option<String>,
    },
    /// Nothing, or not all of it.
    Silence,
}

/// What came back, and when.
pub(crate) struct Timed {
    /// When it was asked.
    pub(crate) invoked: Moment,
    /// When the answer was complete, or was waited for no longer.
    pub(crate) returned: Moment,
    /// What it was.
    pub(crate) reply: Reply,
}

/// A request in the making.
#[derive(Clone)]
pub(crate) struct Request {
    method: Method,
    path: String,
    credential: Credential,
    body: Option<Json>,
    if_match: Option<String>,
}

impl Request {
    fn new(method: Method, path: impl Into<String>, credential: &Credential) -> Self {
        Self { method, path: path.into(), credential: credential.clone(), body: None, if_match: None }
    }

    /// `GET`.
    pub(crate) fn get(path: impl Into<String>, credential: &Credential) -> Self {
        Self::new(Method::GET, path, credential)
    }

    /// `DELETE`.
    pub(crate) fn delete(path: impl Into<String>, credential: &Credential) -> Self {
        Self::new(Method::DELETE, path, credential)
    }

    /// `POST`.
    pub(crate) fn post(path: impl Into<String>, credential: &Credential, body: Json) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path, credential) }
    }

    /// `PUT`.
    pub(crate) fn put(path: impl Into<String>, credential: &Credential, body: Json) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, path, credential) }
    }

    /// `PATCH`.
    pub(crate) fn patch(path: impl Into<String>, credential: &Credential, body: Json) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, path, credential) }
    }

    /// Only if it is still this version.
    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        self.if_match = Some(etag.to_owned());
        self
    }
}

/// Asks the nodes. It never asks twice by itself: what it says was asked once was asked once.
pub(crate) struct Client {
    http: reqwest::Client,
    clock: Clock,
}

impl Client {
    /// With this clock.
    ///
    /// # Errors
    /// If there can be no client.
    pub(crate) fn new(clock: Clock) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).retry(reqwest::retry::never()).build()?;
        Ok(Self { http, clock })
    }

    /// Asks a node, and waits so long.
    pub(crate) async fn ask(&self, node: usize, request: Request, patience: Duration) -> Timed {
        let prepared = self.prepare(node, request).timeout(patience);
        let invoked = self.clock.now();
        let answer = complete(prepared).await;
        let returned = self.clock.now();
        Timed { invoked, returned, reply: answer.unwrap_or(Reply::Silence) }
    }

    fn prepare(&self, node: usize, request: Request) -> RequestBuilder {
        let mut builder = self.http.request(request.method, format!("{}{}", Node::url(node), request.path));
        if let Credential::Bearer(token) = &request.credential {
            builder = builder.bearer_auth(token);
        }
        if let Some(etag) = request.if_match {
            builder = builder.header("If-Match", etag);
        }
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        builder
    }
}

async fn complete(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let etag = response.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.bytes().await?;
    Ok(Reply::Answer { status, body: serde_json::from_slice(&body).unwrap_or(Json::Null), etag })
}
