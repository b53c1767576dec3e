//! An async client of `/v1`: one file a resource.
//!
//! ```no_run
//! use keybearer_api::client::{Client, Credential, KeyQuery};
//!
//! # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://keys.example.com").credential(Credential::bearer(token)?).build()?;
//! for key in client.keys().list(&KeyQuery { owner: Some(7), ..KeyQuery::default() }).all().await? {
//!     println!("{}", key.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It follows no redirect, so that a credential goes to the server that was named and to no other, and it tries nothing twice.

mod account;
mod builder;
mod cluster;
mod credential;
mod error;
mod event;
mod gate;
mod health;
mod key;
mod pages;
mod permission;
mod policy;
mod session;
mod verify;
mod whoami;

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, RETRY_AFTER};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::account::{AccountQuery, Accounts};
pub use self::builder::{BuildError, Builder};
pub use self::credential::{Credential, CredentialError};
pub use self::error::Error;
pub use self::event::{EventQuery, Events};
pub use self::gate::Gates;
pub use self::key::{KeyQuery, Keys};
pub use self::pages::Pages;
pub use self::permission::Permissions;
pub use self::policy::{Policies, Versioned};
pub use self::session::Sessions;
use crate::Problem;

/// A client of one server, with at most one credential.
// No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    credential: Option<Credential>,
    answer_limit: usize,
}

/// A request under construction.
struct Call {
    request: reqwest::RequestBuilder,
    answer_limit: usize,
}

/// What came back with a status of success.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// A client of the server at this URL: `http://` or `https://`, a host, perhaps a port and a path before `/v1`.
    #[must_use]
    pub fn builder(url: &str) -> Builder {
        Builder::new(url)
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of a path below the server's URL. Each segment is encoded.
    fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("the builder takes http and https only").pop_if_empty().extend(segments);
        url
    }

    fn call(&self, method: Method, segments: &[&str]) -> Call {
        self.call_at(method, self.at(segments))
    }

    fn call_at(&self, method: Method, url: Url) -> Call {
        let request = self.http.request(method, url);
        Call {
            request: match &self.credential {
                Some(credential) => credential.put_on(request),
                None => request,
            },
            answer_limit: self.answer_limit,
        }
    }
}

impl Call {
    fn query(self, query: &impl Serialize) -> Self {
        Self { request: self.request.query(query), ..self }
    }

    fn json(self, body: &impl Serialize) -> Self {
        Self { request: self.request.json(body), ..self }
    }

    /// Only if the thing still has this version.
    fn if_match(self, etag: Option<&str>) -> Self {
        match etag {
            Some(etag) => Self { request: self.request.header(IF_MATCH, etag), ..self },
            None => self,
        }
    }

    /// The address that the request would go to.
    fn address(self) -> Url {
        let request = self.request.build().expect("a query of words, numbers and texts can be written");
        request.url().clone()
    }

    async fn send(self) -> Result<Answer, Error> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response, self.answer_limit).await?;
        if status.is_success() {
            return Ok(Answer { status: status.as_u16(), headers, body });
        }
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let is_problem = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"));
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) if is_problem => Err(Error::Problem { problem: Box::new(problem), retry_after }),
            _ if status.is_redirection() => {
                Err(Error::unexpected(status, "a redirect, which is not followed: name the address that it leads to"))
            }
            _ => Err(Error::unexpected(status, "an error that is not worded as by Keybearer")),
        }
    }

    /// The answer as what it is documented to be.
    async fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.send().await?.read()
    }

    /// Whether it was done; the answer has nothing to read.
    async fn done(self) -> Result<(), Error> {
        self.send().await.map(drop)
    }
}

/// The body, unless it is longer than it may be.
async fn read(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, Error> {
    let status = response.status();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if piece.len() > limit - body.len() {
            return Err(Error::unexpected(status, &format!("longer than {limit} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

impl Answer {
    fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // Only the place: the text of the error may repeat a piece of the answer, which may be a secret.
        serde_json::from_slice(&self.body).map_err(|error| Error::Unexpected {
            status: self.status,
            what: format!("a body that is not the documented JSON, at line {} column {}", error.line(), error.column()),
        })
    }

    fn etag(&self) -> Option<String> {
        self.headers.get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests;
