//! Taking in rows from elsewhere, thousands in a transaction.

mod account;
mod gate;
mod key;
mod policy;
mod service;

use std::collections::BTreeSet;

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::authority::{Authority, Refusal};
use keybearer_core::key::Limits;
use keybearer_core::role::Level;

use self::key::Holders;
use super::Postgres;
use super::failure::Failure;
use super::tx::Tx;
use crate::{Imports, Incoming, IncomingRow, Keep, Origin, RowRefusal, StoreError, Verdict};

/// After how many rows a piece is committed.
const PIECE: usize = 10_000;

#[async_trait]
impl Imports for Postgres {
    async fn import(&self, origin: Origin, limits: Limits, keep: Keep, rows: Box<dyn Incoming>) -> Result<bool, StoreError> {
        let holders = Holders::new(limits);
        self.writer.import(Import { origin, keep, rows: Some(rows), holders, refused_accounts: BTreeSet::new(), revision: None }).await
    }
}

/// An import under way. What it knows of holders stays true for as long as no other change comes between its pieces.
pub(super) struct Import {
    origin: Origin,
    keep: Keep,
    /// There but while they are asked.
    rows: Option<Box<dyn Incoming>>,
    holders: Holders,
    /// Accounts whose rows were refused: their keys may be another person's here.
    refused_accounts: BTreeSet<AccountId>,
    /// The revision of the last row that was written.
    revision: Option<i64>,
}

/// What became of a piece.
pub(super) struct Piece {
    /// Whether there are no more rows.
    pub(super) is_last: bool,
    /// The revision of its last row.
    pub(super) revision: i64,
}

/// Why a row is not here.
enum Stop {
    /// It breaks a rule. Nothing of it was written.
    Refused(RowRefusal),
    /// The database failed, and with it the whole piece.
    Failed(StoreError),
}

impl From<RowRefusal> for Stop {
    fn from(refusal: RowRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.into())
    }
}

/// Whether a row was written, or was here before.
enum Taken {
    Written,
    Present,
}

impl Import {
    /// Takes in the rows of one transaction.
    pub(super) async fn take_piece(&mut self, tx: &mut Tx, mut revision: i64) -> Result<Piece, StoreError> {
        tx.begin(self.origin.clone());
        let authority = tx.authority().await?;
        // Rows say who made them and when, which nobody less may.
        authority.at_least(Level::ALL)?;
        if self.revision.replace(revision).is_some_and(|known| known != revision) {
            // Another node has made changes since the last piece.
            self.holders.forget();
        }
        tx.begin_bulk(revision);
        let mut count = 0;
        let mut is_last = true;
        while let Some(batch) = self.ask(|rows| rows.next()).await? {
            count += batch.len();
            for (number, row) in batch {
                let verdict = match take(tx, &authority, &mut self.holders, &mut self.refused_accounts, row).await {
                    Ok(Taken::Written) => Verdict::Imported,
                    Ok(Taken::Present) => Verdict::Present,
                    Err(Stop::Refused(refusal)) => Verdict::Refused(refusal),
                    Err(Stop::Failed(error)) => return Err(error),
                };
                revision = tx.take_revision().unwrap_or(revision);
                self.rows()?.told(number, verdict);
            }
            if count >= PIECE && self.keep == Keep::Pieces {
                is_last = false;
                break;
            }
        }
        tx.end_bulk().await?;
        self.revision = Some(revision);
        Ok(Piece { is_last, revision })
    }

    /// Asks where the rows come from, which may wait for a file.
    async fn ask<T: Send + 'static>(
        &mut self,
        question: impl FnOnce(&mut Box<dyn Incoming>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut rows = self.rows.take().ok_or_else(lost)?;
        let asked = tokio::task::spawn_blocking(move || (question(&mut rows), rows));
        let (answer, rows) = asked.await.map_err(|_| lost())?;
        self.rows = Some(rows);
        Ok(answer)
    }

    fn rows(&mut self) -> Result<&mut Box<dyn Incoming>, StoreError> {
        self.rows.as_mut().ok_or_else(lost)
    }

    pub(super) async fn is_wanted(&mut self) -> Result<bool, StoreError> {
        Ok(self.keep == Keep::Pieces || self.ask(|rows| rows.is_wanted()).await?)
    }

    pub(super) fn committed(&mut self) {
        if let Some(rows) = &mut self.rows {
            rows.committed();
        }
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("what gave the rows of the import has ended".into())
}

async fn take(
    tx: &mut Tx,
    authority: &Authority,
    holders: &mut Holders,
    refused: &mut BTreeSet<AccountId>,
    row: IncomingRow,
) -> Result<Taken, Stop> {
    match row {
        IncomingRow::Service(service) => service::take(tx, authority, &service).await,
        IncomingRow::Account(row) => {
            let taken = account::take(tx, authority, &row).await;
            if let Err(Stop::Refused(_)) = taken {
                refused.insert(row.id());
            }
            holders.forget();
            taken
        }
        IncomingRow::Policy(policy) => {
            holders.forget();
            policy::take(tx, authority, &policy).await
        }
        IncomingRow::Gate(gate) => gate::take(tx, authority, &gate).await,
        IncomingRow::Key(key) => key::take(tx, authority, holders, refused, &key).await,
    }
}
