//! Applications that vouch for their people: the JWT that an application gives them is taken here as a session token of ours is.
//!
//! A token proves who somebody is and nothing else. What they may do is looked up in memory at every request, by the account of the pair
//! (`issuer`, `external_id`); neither name nor e-mail address ever leads to an account.

mod fetch;
mod key_set;
mod refusal;
mod source;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keybearer_core::time::UnixMillis;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use self::refusal::TokenRefusal;
use self::source::{Source, TICK};
pub use self::token::Vouched;
use self::token::{Header, Unproved};
use crate::clock::Clock;
use crate::config::IssuerConfig;
use crate::error::{AppError, AuthError};
use crate::session_token;

/// How long a start waits for keys that do not come.
const PATIENCE: Duration = Duration::from_secs(3);

/// The applications whose tokens are taken, by the name that these have as `iss`.
pub struct Issuers(BTreeMap<String, Arc<Source>>);

/// Keeps the keys of issuers up to date, until it is dropped.
pub struct Keeping(Vec<JoinHandle<()>>);

impl Drop for Keeping {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl Issuers {
    /// The issuers of the configuration. Their keys are not at hand yet.
    #[must_use]
    pub fn new(configured: &[IssuerConfig], clock: &Clock) -> Self {
        let sources = configured.iter().map(|config| (config.issuer.clone(), Arc::new(Source::new(config.clone(), clock.clone()))));
        Self(sources.collect())
    }

    /// Reads all keys, and again as long as the server runs. It returns when they are at hand, or when some do not come for a while.
    pub async fn keep(&self) -> Keeping {
        let (trying, mut tried) = mpsc::channel::<()>(1);
        let keep = |source: Arc<Source>, trying: mpsc::Sender<()>| async move {
            source.keep().await;
            drop(trying);
            loop {
                tokio::time::sleep(TICK).await;
                source.keep().await;
            }
        };
        let read = self.0.values().filter(|source| source.is_read());
        let tasks = read.map(|source| tokio::spawn(keep(Arc::clone(source), trying.clone()))).collect();
        drop(trying);
        // Nobody sends: it ends when all have tried once.
        drop(tokio::time::timeout(PATIENCE, tried.recv()).await);
        Keeping(tasks)
    }

    /// What a text is that came in the place of a session token, where it is not one of ours, and issuers are configured.
    #[must_use]
    pub fn foreign<'a>(&'a self, text: &'a str) -> Option<Foreign<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let token = Unproved::read(text)?;
        let name = token.issuer().filter(|name| *name != session_token::ISSUER)?;
        let source = self.0.get(name).cloned();
        Some(Foreign { token, source })
    }

    /// How many keys can be had of each issuer now.
    pub async fn try_now(&self) -> Vec<(&str, Result<usize, String>)> {
        futures_util::future::join_all(self.0.iter().map(|(name, source)| async { (name.as_str(), source.try_now().await) })).await
    }
}

/// A token that claims to be of an issuer.
pub struct Foreign<'a> {
    token: Unproved<'a>,
    source: Option<Arc<Source>>,
}

impl Foreign<'_> {
    /// Whom the issuer vouches for at this moment. It may have to ask the issuer for its keys.
    ///
    /// # Errors
    /// [`AppError::Auth`] with the [`TokenRefusal`]; [`AppError::KeysUnavailable`] where the issuer's keys are not at hand.
    pub async fn prove(&self, now: impl Fn() -> UnixMillis) -> Result<Vouched, AppError> {
        let refused = |refusal: TokenRefusal| AppError::Auth(AuthError::Token(refusal));
        let source = self.source.as_ref().ok_or_else(|| refused(TokenRefusal::IssuerUnknown))?;
        let header = self.token.header().map_err(refused)?;
        let mut verified = self.verify(source, &header);
        if matches!(verified, None | Some(Err(TokenRefusal::KeyUnknown))) && source.is_read() {
            source.hurry().await;
            verified = self.verify(source, &header);
        }
        verified.ok_or(AppError::KeysUnavailable)?.map_err(refused)?;
        self.token.judge(source.config(), now()).map_err(refused)
    }

    fn verify(&self, source: &Source, header: &Header) -> Option<Result<(), TokenRefusal>> {
        source.with(|keys| keys.verify(self.token.text, header.key.as_deref(), &header.algorithm))
    }

    /// What it claims to be issued by, for the log.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.source.as_ref().map(|source| source.config().issuer.as_str())
    }
}
