//! From a declaration to a service that may run: checked, allowed to ask, registered. Whatever fails, its layers keep answering 503.

use keybearer_api::client::{BuildError, Client, Error};
use keybearer_api::{VerdictCode, Verify};

use crate::ask::Keybearer;
use crate::declare::Service;
use crate::fault::Faults;

/// What no key looks like: to ask whether the service may ask.
const NO_KEY: &str = "is-anybody-there";

/// Why a service does not start. No text holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// What is declared and what is required do not fit.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// There is no client for this URL or these certificates.
    #[error(transparent)]
    Connection(#[from] BuildError),
    /// The server does not verify keys for this credential, or does not answer.
    #[error("Keybearer verifies no keys for this service: {}", told(.0))]
    Verify(#[source] Error),
    /// The server does not take the manifest.
    #[error("Keybearer does not take the manifest of this service: {}", told(.0))]
    Register(#[source] Error),
    /// Something answers, but not as Keybearer does.
    #[error("what answers at this URL does not answer as Keybearer: {0}")]
    Stranger(&'static str),
}

/// The error, with a line for each wrong field.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    if let Error::Problem { problem, .. } = error {
        for field in &problem.errors {
            text += &format!("\n- {}: {}", field.pointer, field.message);
        }
    }
    text
}

impl Service {
    /// Starts it: compares what is declared with what is required, asks whether the server verifies keys for this service, and registers
    /// the manifest. Then its layers begin to ask. Call it once all routes are put together, and before the first connection is accepted.
    ///
    /// Nothing is tried twice: where the server may come up later than the service, let the service end and be started again.
    ///
    /// # Errors
    /// [`StartError`]; the layers then answer 503 for ever.
    pub async fn start(self, keybearer: Keybearer) -> Result<(), StartError> {
        self.check()?;
        let client = keybearer.client()?;
        let asker = keybearer.asker()?;
        may_ask(&client).await?;
        self.register(&client).await?;
        self.link.open(asker);
        tracing::info!(service = self.name, permissions = self.declared.len(), "the permissions are registered, and keys are verified");
        Ok(())
    }

    async fn register(&self, client: &Client) -> Result<(), StartError> {
        let taken = client.permissions().declare(&self.name, &self.declared).await.map_err(StartError::Register)?;
        let is_taken = |name: &str| taken.iter().any(|one| one.declared && one.service == self.name && one.name == name);
        if self.declared.iter().all(|one| is_taken(&one.name)) {
            Ok(())
        } else {
            Err(StartError::Stranger("it took the manifest, and does not have the permissions"))
        }
    }
}

async fn may_ask(client: &Client) -> Result<(), StartError> {
    let question = Verify { key: NO_KEY.into(), any_of: Vec::new(), all_of: Vec::new(), level: None, kind: None };
    let verdict = client.verify(&question).await.map_err(StartError::Verify)?;
    match (verdict.valid, verdict.code) {
        (false, VerdictCode::Malformed) => Ok(()),
        _ => Err(StartError::Stranger("it takes any text for a key")),
    }
}
