//! Asking a URL for a JWK Set: one answer, from there and nowhere else, bounded in size and time.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};

use super::key_set::{MAX_BYTES, too_large};

const CONNECT: Duration = Duration::from_secs(2);
const WHOLE: Duration = Duration::from_secs(5);

/// What asks a URL.
pub(super) struct Fetcher(Client);

impl Fetcher {
    /// For this URL.
    pub(super) fn new(url: &Url) -> Result<Self, String> {
        let client = Client::builder()
            .user_agent(concat!("keybearer/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // Wherever it may lead, nobody has said that the keys of that place count.
            .redirect(Policy::none());
        // Plain HTTP is for this machine alone: through no proxy, and without certificates, which not every machine has.
        let client = if url.scheme() == "http" { client.no_proxy().tls_certs_only([]) } else { client.https_only(true) };
        client.build().map(Self).map_err(|error| format!("TLS cannot be used: {}", innermost(&error)))
    }

    /// What is there.
    pub(super) async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        let failed = |error: reqwest::Error| format!("{url} cannot be read: {}", innermost(&error));
        let mut response = self.0.get(url.clone()).send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(format!("{url} answers {}, and redirects are not followed", response.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(format!("{url}: {}", too_large()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// The words of the cause behind all causes, which has those that help.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
