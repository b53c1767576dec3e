//! Where the keys of an issuer come from, and those that are at hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keybearer_core::time::UnixMillis;
use tokio::sync::Mutex;

use super::fetch::Fetcher;
use super::key_set::{KeySet, MAX_BYTES, too_large};
use crate::clock::Clock;
use crate::config::{IssuerConfig, IssuerKeys};

/// How long keys are used that could not be read again since.
const KEPT: i64 = 24 * 3_600_000;
/// How often a URL is asked.
const EVERY: i64 = 10 * 60_000;
/// How soon again, after it failed or where a token names a key that is not there.
const AGAIN: i64 = 30_000;
/// How often a file is looked at.
const LOOK: i64 = 5_000;

/// The keys of an issuer, and whence they come.
pub(super) struct Source {
    config: IssuerConfig,
    held: ArcSwapOption<Held>,
    reading: Mutex<Reading>,
    clock: Clock,
}

/// Keys that were at hand at a moment.
struct Held {
    keys: KeySet,
    at: UnixMillis,
}

/// What is known of reading them.
#[derive(Default)]
struct Reading {
    tried: Option<UnixMillis>,
    failed: bool,
    fetcher: Option<Fetcher>,
}

impl Source {
    pub(super) fn new(config: IssuerConfig, clock: Clock) -> Self {
        let held = match &config.keys {
            IssuerKeys::Secret(secret) => Some(Held { keys: KeySet::of_secret(secret.reveal(), config.algorithm), at: clock.now() }),
            IssuerKeys::File(_) | IssuerKeys::Url(_) => None,
        };
        Self { config, held: ArcSwapOption::from(held.map(Arc::new)), reading: Mutex::default(), clock }
    }

    pub(super) fn config(&self) -> &IssuerConfig {
        &self.config
    }

    /// Whether the keys can change.
    pub(super) fn is_read(&self) -> bool {
        !matches!(self.config.keys, IssuerKeys::Secret(_))
    }

    /// Does this with the keys at hand, if there are any that are not too old.
    pub(super) fn with<T>(&self, use_them: impl FnOnce(&KeySet) -> T) -> Option<T> {
        let held = self.held.load();
        let held = held.as_ref()?;
        let is_fresh = !self.is_read() || self.clock.now().0 < held.at.0.saturating_add(KEPT);
        is_fresh.then(|| use_them(&held.keys))
    }

    /// Reads the keys again where that is due.
    pub(super) async fn keep(&self) {
        let mut reading = self.reading.lock().await;
        let every = match (&self.config.keys, reading.failed) {
            (IssuerKeys::Secret(_), _) => return,
            (IssuerKeys::File(_), _) => LOOK,
            (IssuerKeys::Url(_), true) => AGAIN,
            (IssuerKeys::Url(_), false) => EVERY,
        };
        if self.is_due(&reading, every) {
            self.read(&mut reading).await;
        }
    }

    /// Reads the keys again for a token that names another, unless that was just done. Who asks meanwhile waits for the same answer.
    pub(super) async fn hurry(&self) {
        let mut reading = self.reading.lock().await;
        if self.is_due(&reading, AGAIN) {
            self.read(&mut reading).await;
        }
    }

    fn is_due(&self, reading: &Reading, every: i64) -> bool {
        reading.tried.is_none_or(|tried| self.clock.now().0.abs_diff(tried.0) >= every.unsigned_abs())
    }

    /// Reads the keys. Those before stay where it fails.
    async fn read(&self, reading: &mut Reading) {
        reading.tried = Some(self.clock.now());
        let read = self.fetch(&mut reading.fetcher).await;
        let issuer = &self.config.issuer;
        match read {
            Ok(keys) => {
                if reading.failed || self.held.load().is_none() {
                    tracing::info!(%issuer, keys = keys.count(), "the keys of the issuer are at hand");
                }
                reading.failed = false;
                self.held.store(Some(Arc::new(Held { keys, at: self.clock.now() })));
            }
            Err(problem) => {
                if !reading.failed {
                    tracing::error!(%issuer, %problem, "the keys of the issuer cannot be read; those before are used for a day, and without any its tokens are refused");
                }
                reading.failed = true;
            }
        }
    }

    /// The keys as they are now at their place.
    async fn fetch(&self, fetcher: &mut Option<Fetcher>) -> Result<KeySet, String> {
        let bytes = match &self.config.keys {
            IssuerKeys::Secret(secret) => return Ok(KeySet::of_secret(secret.reveal(), self.config.algorithm)),
            IssuerKeys::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
                read.unwrap_or_else(|error| Err(error.to_string()))?
            }
            IssuerKeys::Url(url) => {
                let fetcher = match fetcher {
                    Some(fetcher) => fetcher,
                    None => fetcher.insert(Fetcher::new(url)?),
                };
                fetcher.get(url).await?
            }
        };
        KeySet::parse(&bytes, self.config.algorithm)
    }

    /// How many keys can be had now. Nothing is kept of it.
    pub(super) async fn try_now(&self) -> Result<usize, String> {
        self.fetch(&mut None).await.map(|keys| keys.count())
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    std::fs::File::open(path).map_err(failed)?.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BYTES { Err(too_large()) } else { Ok(bytes) }
}

/// How often it is asked whether anything is due.
pub(super) const TICK: Duration = Duration::from_secs(1);
