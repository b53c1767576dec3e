//! What all layers of a service share: the way to the server, once there is one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use keybearer_api::Verify;

use crate::ask::{Asker, Doubt};
use crate::grant::Grant;
use crate::refuse::Refusal;

/// From the layers to the server. Nothing passes before the service was started.
pub(crate) struct Link {
    service: Arc<str>,
    asker: OnceLock<Asker>,
    in_doubt: AtomicBool,
}

impl Link {
    pub(crate) fn new(service: &str) -> Self {
        Self { service: service.into(), asker: OnceLock::new(), in_doubt: AtomicBool::new(false) }
    }

    /// The name of the service.
    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// Opens the way. It stays open.
    pub(crate) fn open(&self, asker: Asker) {
        // A service is started once: starting takes it.
        drop(self.asker.set(asker));
    }

    /// The grant, or why there is none.
    pub(crate) async fn ask(&self, question: &Verify<'_>) -> Result<Grant, Refusal> {
        let answer = match self.asker.get() {
            Some(asker) => asker.ask(question).await,
            None => Err(Doubt::NotStarted),
        };
        self.note(answer.as_ref().err());
        match answer {
            Ok(verdict) => verdict.map(|key| Grant::new(Arc::clone(&self.service), key)),
            Err(doubt) => Err(doubt.refusal()),
        }
    }

    /// Tells the log when doubt begins and when it ends: while the server is away, a line for each request would help nobody.
    fn note(&self, doubt: Option<&Doubt>) {
        let before = self.in_doubt.swap(doubt.is_some(), Ordering::Relaxed);
        let service = &*self.service;
        match doubt {
            // As a quoted text: part of it may come from a stranger at the server's address, who could forge lines with it.
            Some(doubt) if !before => {
                tracing::error!(service, doubt = ?doubt.to_string(), "keys cannot be verified: requests are refused with 503");
            }
            Some(doubt) => tracing::debug!(service, doubt = ?doubt.to_string(), "a key was not verified"),
            None if before => tracing::info!(service, "keys are verified again"),
            None => {}
        }
    }
}
