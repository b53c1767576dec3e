//! What is forgotten when its time is over: dead keys by the index, sessions that are over, what old events say of before and after, and old
//! numbers of verifications.
//!
//! The store decides what is behind the horizon, at the load as at every change, so a key that was forgotten cannot come back by any way.

use std::sync::Arc;
use std::time::Duration;

use keybearer_core::key::DAY;
use keybearer_core::time::UnixMillis;
use keybearer_store::{Horizon, Store, StoreError};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::{Forgotten, Metrics};
use crate::tally;

/// How long a session is kept after its end. Nothing asks for it any more: this is for a clock that is put back a little.
const SESSION_GRACE: i64 = DAY;
/// How many events one transaction prunes, so that changes need not wait long behind it.
const BATCH: u32 = 200;
/// How much time passes between two sweeps, by the clock of the server.
const EVERY: i64 = 60_000;
/// How often that clock is looked at. It may be one that is moved.
const LOOK: Duration = Duration::from_secs(1);

/// Forgets what is to be forgotten.
pub struct Sweeper {
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: Arc<Metrics>,
    keys: Option<i64>,
    payloads: Option<i64>,
}

/// A sweeper at work, until this is dropped.
pub struct Sweeping(JoinHandle<()>);

impl Drop for Sweeping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Sweeper {
    /// A sweeper by these settings.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, metrics: Arc<Metrics>, config: &Config) -> Self {
        Self { store, clock, metrics, keys: config.keys.retention, payloads: config.events.payload_retention }
    }

    fn horizon(&self, now: UnixMillis) -> Horizon {
        Horizon { keys: self.keys.map_or(Horizon::NONE.keys, |retention| now.minus(retention)), sessions: now.minus(SESSION_GRACE) }
    }

    /// Tells the store, before anything is loaded, what need not be.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn begin(&self) -> Result<(), StoreError> {
        self.store.forget(self.horizon(self.clock.now())).await.map(drop)
    }

    /// Forgets what is due now.
    ///
    /// # Errors
    /// Where the store fails; what is not done is done by the next sweep.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let forgotten = self.store.forget(self.horizon(now)).await?;
        self.metrics.forgot(Forgotten::Keys, forgotten.keys as u64);
        self.metrics.forgot(Forgotten::Sessions, forgotten.sessions as u64);
        let payloads = match self.payloads {
            Some(retention) => self.prune(now.minus(retention)).await?,
            None => 0,
        };
        self.store.forget_verifications(now.minus(tally::KEPT)).await?;
        if (forgotten.keys, forgotten.sessions, payloads) != (0, 0, 0) {
            tracing::info!(forgotten.keys, forgotten.sessions, payloads, "forgot what was kept long enough");
        }
        Ok(())
    }

    async fn prune(&self, recorded_before: UnixMillis) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let batch = self.store.prune_payloads(recorded_before, BATCH).await?;
            self.metrics.forgot(Forgotten::EventPayloads, batch.into());
            pruned += u64::from(batch);
            if batch < BATCH {
                return Ok(pruned);
            }
        }
    }

    /// Sweeps again and again in the background, until what it returns is dropped. A transaction under way is finished all the same.
    #[must_use = "it ends with what it returns"]
    pub fn run(self: Arc<Self>) -> Sweeping {
        Sweeping(tokio::spawn(async move {
            let mut last: Option<UnixMillis> = None;
            loop {
                tokio::time::sleep(LOOK).await;
                let now = self.clock.now();
                if last.is_some_and(|last| now.0.abs_diff(last.0) < EVERY.unsigned_abs()) {
                    continue;
                }
                last = Some(now);
                if let Err(error) = self.sweep().await {
                    tracing::warn!(%error, "what is old was not forgotten; it is tried again");
                }
            }
        }))
    }
}
