//! The way to the collector. The library sends from a thread of its own, and its HTTP client needs a runtime: this puts the two together,
//! and tells the log when the collector stops or begins to take what is sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// How long one attempt may take; the library's own limit, `OTEL_EXPORTER_OTLP_TIMEOUT`, goes around it.
const LIMIT: Duration = Duration::from_secs(10);

/// A client on the runtime in which it was made.
#[derive(Clone)]
pub(super) struct Collector {
    client: HyperClient,
    runtime: Handle,
    fails: Arc<AtomicBool>,
}

impl Default for Collector {
    fn default() -> Self {
        Self { client: HyperClient::with_default_connector(LIMIT, None), runtime: Handle::current(), fails: Arc::default() }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await }).await;
        let answer = sent.map_err(HttpError::from).and_then(|answer| answer);
        let problem = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        // Once for each turn, not for each batch.
        if self.fails.swap(problem.is_some(), Ordering::Relaxed) != problem.is_some() {
            match problem {
                Some(problem) => tracing::warn!(problem, "the collector does not take traces; they are dropped until it does"),
                None => tracing::info!("the collector takes traces again"),
            }
        }
        answer
    }
}
