//! The question to the server: may this key do that? Whatever is no clear yes or no is a doubt, and lets nobody through.

use std::time::Duration;

use keybearer_api::client::{BuildError, Client, Credential, Error};
use keybearer_api::{VerdictCode, VerifiedKey, Verify};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::refuse::Refusal;
use crate::spelling::id_of;

/// The most bytes of a verdict. The key in it may have 200 permissions of 193 bytes, and 4 KiB of metadata.
const VERDICT: usize = 64 * 1024;
/// The most bytes of the answer to a manifest: a MiB of it, and the full names once more.
const MANIFEST: usize = 4 * 1024 * 1024;
/// How long one call may take while the service starts.
const START: Duration = Duration::from_secs(10);
/// What whoever was refused in doubt waits before trying again, in seconds: unless the server says otherwise, and at most.
const RETRY: u64 = 1;
const LATEST: u64 = 60;

/// Where Keybearer is, what the service authenticates with there, and how long it waits for an answer.
///
/// No `Debug`: it holds a secret.
#[derive(Clone)]
pub struct Keybearer {
    url: String,
    credential: Credential,
    authorities: Option<Vec<u8>>,
    deadline: Duration,
    questions: usize,
}

impl Keybearer {
    /// The server at this URL (`https://keys.example.com`), and a key of the service: one that is bound to it, whose policy grants
    /// `keybearer:permissions.declare` and `keybearer:verify`.
    #[must_use]
    pub fn at(url: &str, credential: Credential) -> Self {
        Self { url: url.to_owned(), credential, authorities: None, deadline: Duration::from_secs(1), questions: 64 }
    }

    /// How long a request waits for the verdict on its key, at most; one second unless told otherwise. Then it is refused, with 503.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many questions are on their way at once, each on a connection of its own; 64 unless told otherwise, and at least 1. Others wait
    /// for their turn, within their deadline.
    #[must_use]
    pub fn questions_at_once(mut self, questions: usize) -> Self {
        self.questions = questions.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// The authorities to trust instead of those of the system: certificates in PEM form.
    #[must_use]
    pub fn authorities(mut self, pem: Vec<u8>) -> Self {
        self.authorities = Some(pem);
        self
    }

    /// A client that takes its time: for the start, and with room for a manifest.
    pub(crate) fn client(&self) -> Result<Client, BuildError> {
        self.client_of(START, MANIFEST)
    }

    /// What asks on behalf of requests.
    pub(crate) fn asker(&self) -> Result<Asker, BuildError> {
        let client = self.client_of(self.deadline, VERDICT)?;
        Ok(Asker { client, deadline: self.deadline, turns: Semaphore::new(self.questions) })
    }

    fn client_of(&self, patience: Duration, answer_limit: usize) -> Result<Client, BuildError> {
        let client = Client::builder(&self.url).credential(self.credential.clone()).timeout(patience).answer_limit(answer_limit);
        let client = client.user_agent(concat!("keybearer-tower/", env!("CARGO_PKG_VERSION")));
        match &self.authorities {
            Some(pem) => client.authorities(pem.clone()).build(),
            None => client.build(),
        }
    }
}

/// Why there is no verdict. No text holds a key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Doubt {
    /// The service was not started.
    #[error("the service was not started")]
    NotStarted,
    /// The server says something else, or nothing.
    #[error(transparent)]
    NoVerdict(#[from] Error),
    /// The time is over.
    #[error("no verdict came within {0:?}")]
    TooLate(Duration),
    /// The answer is none to what was asked.
    #[error("the answer contradicts itself or the question")]
    Contradiction,
}

impl Doubt {
    /// When to try again. A caller is told nothing else: what ails the service is not his business.
    pub(crate) fn refusal(&self) -> Refusal {
        let told = if let Self::NoVerdict(error) = self { error.retry_after() } else { None };
        Refusal::InDoubt { retry_after: told.map_or(RETRY, |told| told.as_secs().clamp(RETRY, LATEST)) }
    }
}

/// A pool of connections to the server. It keeps no verdict: an answer is good for the one request that it was asked for.
pub(crate) struct Asker {
    client: Client,
    deadline: Duration,
    turns: Semaphore,
}

impl Asker {
    /// What the key is if it may, or the refusal.
    pub(crate) async fn ask(&self, question: &Verify<'_>) -> Result<Result<VerifiedKey<'static>, Refusal>, Doubt> {
        timeout(self.deadline, self.in_turn(question)).await.map_err(|_| Doubt::TooLate(self.deadline))?
    }

    async fn in_turn(&self, question: &Verify<'_>) -> Result<Result<VerifiedKey<'static>, Refusal>, Doubt> {
        // The semaphore is never closed; if it were, nobody would have a turn.
        let _turn = self.turns.acquire().await.map_err(|_| Doubt::NotStarted)?;
        let verdict = match self.client.verify(question).await {
            // The server may close a connection at the moment when it is used again. A question changes nothing, so it may be asked twice.
            Err(Error::Broken(_)) => self.client.verify(question).await?,
            answer => answer?,
        };
        match (verdict.valid, verdict.code, verdict.key) {
            (true, VerdictCode::Valid, Some(key)) if fits(&key, question) => Ok(Ok(key)),
            (true, ..) | (false, VerdictCode::Valid, _) => Err(Doubt::Contradiction),
            (false, code @ (VerdictCode::InsufficientLevel | VerdictCode::InsufficientPermissions), _) => {
                Ok(Err(Refusal::Lacking(code, verdict.missing.unwrap_or_default())))
            }
            (false, code, _) => Ok(Err(Refusal::Bad(code))),
        }
    }
}

/// Whether a key that the server calls good is also described as one. The server has decided; this finds only what it cannot have said.
fn fits(key: &VerifiedKey<'_>, question: &Verify<'_>) -> bool {
    let held = key.permissions.as_deref().unwrap_or_default();
    let holds = |name: &String| held.iter().any(|one| one == name);
    // Something between here and there may mix up the answers to two questions.
    id_of(&question.key).is_none_or(|id| key.id == id)
        && (question.any_of.is_empty() || question.any_of.iter().any(holds))
        && question.all_of.iter().all(holds)
        && question.level.is_none_or(|least| key.level.is_some_and(|level| i64::from(level) >= least))
        && question.kind.is_none_or(|kind| key.kind == kind)
}
