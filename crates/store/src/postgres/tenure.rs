//! One node serves one database. A lock tells a second one at its start that there is another; a number tells one that was cut off that
//! another has followed it.
//!
//! The lock is held by a transaction that stays open, and not by a session, since a proxy may give a session's statements to several. It is
//! gone the moment that its process is. A node whose lock was lost takes it again as soon as it can. Whether another one was here meanwhile,
//! the number says, which each raises that begins: it is compared under the lock of the counter row in every transaction that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::address::PostgresUrl;
use super::connection::{Pool, Purpose, Transaction};
use super::value::get;
use crate::StoreError;

/// Names the lock among those of the database: "keybear" and 1, as bytes.
const LOCK: i64 = 0x6b65_7962_6561_7201;
/// How often the connection that holds the lock is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long to wait before the lock is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// The time in which this node alone makes changes.
pub(super) struct Tenure {
    number: i64,
    is_held: Arc<AtomicBool>,
    keeping: JoinHandle<()>,
}

/// The lock, before anything was read or written.
pub(super) struct Lock {
    pool: Pool,
    holder: Transaction,
}

impl Lock {
    /// Takes the lock. One whose process has just ended is waited for.
    ///
    /// # Errors
    /// [`StoreError::Served`] where another process has it.
    pub(super) async fn take(url: &PostgresUrl) -> Result<Self, StoreError> {
        let pool = Pool::new(url, 1)?;
        let holder = take(&pool).await?;
        Ok(Self { pool, holder })
    }

    /// Raises the number.
    pub(super) async fn begin(self, writing: &Pool) -> Result<Tenure, StoreError> {
        let transaction = writing.begin(Purpose::Change).await?;
        let row = transaction.one("UPDATE counter SET tenure = tenure + 1 RETURNING tenure", &[]).await?;
        let number = get(&row, 0)?;
        transaction.commit().await?;
        let is_held = Arc::new(AtomicBool::new(true));
        let keeping = tokio::spawn(keep(self.pool, self.holder, Arc::clone(&is_held)));
        Ok(Tenure { number, is_held, keeping })
    }
}

impl Tenure {
    /// Locks the counter row, so that whoever wants to change anything waits for the end of this transaction, and returns the revision.
    pub(super) async fn lock_counter(&self, transaction: &Transaction) -> Result<i64, StoreError> {
        let row = transaction.one("SELECT revision, tenure FROM counter FOR UPDATE", &[]).await?;
        match get::<i64>(&row, 1)? {
            number if number == self.number => get(&row, 0),
            _ => Err(StoreError::Served),
        }
    }

    /// What tells whether the lock is held.
    pub(super) fn watch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_held)
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

async fn take(pool: &Pool) -> Result<Transaction, StoreError> {
    let holder = pool.begin(Purpose::Change).await?;
    // It does nothing for as long as the server runs, and nobody waits for it.
    holder.batch("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    match holder.execute("SELECT pg_advisory_xact_lock($1)", &[LOCK.into()]).await {
        Ok(_) => Ok(holder),
        Err(failure) if failure.is_locked() => Err(StoreError::Served),
        Err(failure) => Err(failure.into()),
    }
}

/// Looks after the lock until it is told to stop.
async fn keep(pool: Pool, mut holder: Transaction, is_held: Arc<AtomicBool>) {
    loop {
        let lost = loop {
            tokio::time::sleep(LOOK).await;
            if let Err(failure) = holder.batch("SELECT 1").await {
                break StoreError::from(failure);
            }
        };
        is_held.store(false, Ordering::Release);
        // Its place among the connections is for the next.
        drop(holder);
        tracing::error!(error = %lost, "the lock of the database was lost");
        holder = loop {
            match take(&pool).await {
                Ok(taken) => break taken,
                Err(error) => tracing::warn!(%error, "the lock of the database cannot be taken again yet"),
            }
            tokio::time::sleep(AGAIN).await;
        };
        is_held.store(true, Ordering::Release);
        tracing::info!("the lock of the database is held again");
    }
}
