//! From a URL and options to a client.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Url};

use super::{Client, Credential};

/// How long connecting may take, at most.
const CONNECT: Duration = Duration::from_secs(10);

/// Options of a client. No `Debug`: it holds a secret.
pub struct Builder {
    url: String,
    credential: Option<Credential>,
    timeout: Duration,
    answer_limit: usize,
    authorities: Option<Vec<u8>>,
    agent: String,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The URL cannot be used. The text does not repeat it: it may hold a password.
    #[error("the URL of the server {0}")]
    Url(&'static str),
    /// What was given as certificates of authorities is none.
    #[error("no certificate can be read: give one or more in PEM form")]
    Authorities,
    /// The TLS library does not start.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
}

impl Builder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            credential: None,
            timeout: Duration::from_secs(30),
            answer_limit: usize::MAX,
            authorities: None,
            agent: concat!("keybearer-api/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// What to authenticate with.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// How long a call may take, from connecting to the last byte; 30 seconds unless told otherwise.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes the body of an answer may have; no limit unless told otherwise. A longer one is refused before it is in memory.
    #[must_use]
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// The authorities to trust instead of those of the system: certificates in PEM form.
    #[must_use]
    pub fn authorities(mut self, pem: Vec<u8>) -> Self {
        self.authorities = Some(pem);
        self
    }

    /// What to call oneself in `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, agent: &str) -> Self {
        agent.clone_into(&mut self.agent);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`BuildError`] where the URL, the certificates or the system's TLS cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = base(&self.url)?;
        let http = reqwest::Client::builder()
            .user_agent(self.agent)
            .timeout(self.timeout)
            .connect_timeout(self.timeout.min(CONNECT))
            .redirect(Policy::none());
        let http = if base.scheme() == "http" {
            // A proxy would see the credential. And a machine without certificates can still speak plain HTTP.
            http.no_proxy().tls_certs_only([])
        } else {
            match self.authorities {
                Some(pem) => http.tls_certs_only(certificates(&pem)?),
                None => http,
            }
        };
        let http = http.build().map_err(|error| BuildError::Tls(innermost(&error)))?;
        Ok(Client { http, base, credential: self.credential, answer_limit: self.answer_limit })
    }
}

fn base(text: &str) -> Result<Url, BuildError> {
    let url: Url = text.trim().parse().map_err(|_| BuildError::Url("cannot be read: write it like https://keys.example.com"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BuildError::Url("must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BuildError::Url("must not hold a user name or password: give the credential apart from it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BuildError::Url("must end with the host, the port or a path: without ? and #"));
    }
    Ok(url)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, BuildError> {
    match Certificate::from_pem_bundle(pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(BuildError::Authorities),
    }
}

/// The words of the cause behind all causes, which has those that help.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
