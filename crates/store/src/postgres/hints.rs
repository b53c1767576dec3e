//! Hints: that there is a change, or that a node has one. Where they are lost, or a proxy cannot carry them, everything happens a little later.
//!
//! A change names its revision, and the channel on which its maker hears who has it. A node that has it says so there, by its incarnation and
//! the revision that its image holds. That is a fact which nothing takes back, for an image only ever advances: so it may come late, twice, or
//! from an incarnation that is fenced already, and does no harm.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;
use uuid::Uuid;

use super::address::PostgresUrl;
use super::connection::CONNECT;
use super::failure::told;
use super::nodes::{ACKED, CHANGED};
use crate::StoreError;

/// How long to wait before the next connection is tried.
const AGAIN: Duration = Duration::from_millis(500);
/// The most incarnations that anything is remembered of.
const MOST: usize = 1_000;

/// Who is woken by which hint, and what the hints said.
#[derive(Clone)]
pub(super) struct Hints {
    /// There is a change.
    pub(super) changed: Arc<Notify>,
    /// A node has a change, or is gone.
    pub(super) acked: Arc<Notify>,
    /// Tells the channel of this process from those of others.
    process: Uuid,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// The newest change of each process that waits to hear who has it.
    makers: HashMap<Uuid, i64>,
    /// Whether there may be a change that nobody named.
    has_unnamed: bool,
    /// What each incarnation holds, by its own word.
    holders: HashMap<Uuid, i64>,
    /// Whether a row of a node may say more than its node did.
    has_rows: bool,
}

impl Default for Hints {
    fn default() -> Self {
        Self { changed: Arc::default(), acked: Arc::default(), process: Uuid::new_v4(), heard: Arc::default() }
    }
}

impl Hints {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statement that tells the nodes of a change.
    pub(super) fn telling(&self, revision: i64) -> String {
        format!("NOTIFY {CHANGED}, '{} {revision}'", self.process.simple())
    }

    /// The statements that tell the makers of changes up to `revision` that this incarnation holds it, and what is told in this process alone;
    /// none where nobody else waits to hear it. They write nothing that the server would wait for on the disk.
    pub(super) fn tell(&self, incarnation: Uuid, revision: i64) -> Option<String> {
        let makers: Vec<_> = self.heard().makers.extract_if(|_, change| *change <= revision).map(|(process, _)| process).collect();
        self.hold(incarnation, revision);
        let others = makers.into_iter().filter(|process| *process != self.process);
        let told: Vec<_> = others.map(|process| format!("NOTIFY {}, '{incarnation} {revision}'", channel(process))).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn hold(&self, incarnation: Uuid, revision: i64) {
        let mut heard = self.heard();
        if heard.holders.len() >= MOST {
            // They are looked up instead.
            heard.holders.clear();
        }
        let held = heard.holders.entry(incarnation).or_insert(revision);
        *held = revision.max(*held);
        self.acked.notify_one();
    }

    /// Whether anything was heard of a change that this node has not told that it has.
    pub(super) fn has_changes(&self) -> bool {
        let heard = self.heard();
        heard.has_unnamed || !heard.makers.is_empty()
    }

    /// Whether there may be changes that nobody named, and that were not asked about since.
    pub(super) fn take_unnamed(&self) -> bool {
        std::mem::take(&mut self.heard().has_unnamed)
    }

    /// What is to be looked for is not named.
    pub(super) fn may_have_changed(&self) {
        self.heard().has_unnamed = true;
        self.changed.notify_one();
    }

    /// What this incarnation holds, as far as it has told.
    pub(super) fn held_by(&self, incarnation: Uuid) -> Option<i64> {
        self.heard().holders.get(&incarnation).copied()
    }

    /// Whether the rows of the nodes should be looked at.
    pub(super) fn take_rows(&self) -> bool {
        std::mem::take(&mut self.heard().has_rows)
    }

    fn may_have_rows(&self) {
        self.heard().has_rows = true;
        self.acked.notify_one();
    }

    /// The counter stands at `revision`, and nobody can raise it now. Whoever told more was told by another database: this one was put back.
    pub(super) fn counter_is(&self, revision: i64) {
        self.heard().holders.retain(|_, held| *held <= revision);
    }

    /// Listens for as long as anybody may be woken.
    pub(super) async fn listen(self, url: PostgresUrl) {
        loop {
            match self.listen_once(&url).await {
                Ok(()) => tracing::debug!("the connection for hints has ended"),
                Err(error) => tracing::debug!(%error, "no connection for hints"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen_once(&self, url: &PostgresUrl) -> Result<(), StoreError> {
        let unavailable = |error: tokio_postgres::Error| StoreError::Unavailable(told(&error));
        let late = |_| StoreError::Unavailable("the server did not answer in time".into());
        let connecting = tokio::time::timeout(CONNECT, url.client().connect(url.tls()?)).await.map_err(late)?;
        let (client, mut connection) = connecting.map_err(unavailable)?;
        let hints = self.clone();
        let hearing = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(hint) = message {
                    hints.hear(hint.channel(), hint.payload());
                }
            }
        });
        let hearing = Ended(hearing);
        let own = channel(self.process);
        client.batch_execute(&format!("LISTEN {CHANGED}; LISTEN {ACKED}; LISTEN {own}")).await.map_err(unavailable)?;
        // Whatever came before.
        self.may_have_changed();
        self.may_have_rows();
        hearing.wait().await;
        Ok(())
    }

    fn hear(&self, on: &str, said: &str) {
        let said = said.split_once(' ').and_then(|(who, revision)| Some((who.parse::<Uuid>().ok()?, revision.parse::<i64>().ok()?)));
        match said {
            Some((process, revision)) if on == CHANGED => {
                let mut heard = self.heard();
                let change = heard.makers.entry(process).or_insert(revision);
                *change = revision.max(*change);
                self.changed.notify_one();
            }
            None if on == CHANGED => self.may_have_changed(),
            Some((incarnation, revision)) => self.hold(incarnation, revision),
            None => self.may_have_rows(),
        }
    }
}

/// Where a process hears who has its changes.
fn channel(process: Uuid) -> String {
    format!("{ACKED}_{}", process.simple())
}

/// A task that ends with whoever waits for it.
struct Ended(tokio::task::JoinHandle<()>);

impl Ended {
    async fn wait(mut self) {
        drop((&mut self.0).await);
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}
