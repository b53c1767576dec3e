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
use keybearer_core::role::{Level, Roles};
use rusqlite::Connection;

use self::key::Holders;
use super::counter::Counter;
use super::tx::{TouchedIds, Tx};
use super::{Sqlite, load};
use crate::{Changed, Horizon, Imports, Incoming, IncomingRow, Keep, Origin, RowRefusal, StoreError, Verdict};

/// After how many rows a piece is committed.
const PIECE: usize = 10_000;

#[async_trait]
impl Imports for Sqlite {
    async fn import(&self, origin: Origin, limits: Limits, keep: Keep, rows: Box<dyn Incoming>) -> Result<bool, StoreError> {
        let holders = Holders::new(limits);
        self.writer.import(Import { origin, keep, rows, holders, refused_accounts: BTreeSet::new() }).await
    }
}

/// How much of the database is in memory, as SQLite counts it: in KiB, below zero. Rows come in the order of one index and go into ten.
pub(super) const ROOM: i64 = -131_072;
/// The same for changes one by one: what SQLite takes if nobody asks.
pub(super) const USUAL_ROOM: i64 = -2_000;

/// An import under way. No other change comes between its pieces, so what it knows of holders stays true.
pub(super) struct Import {
    origin: Origin,
    keep: Keep,
    rows: Box<dyn Incoming>,
    holders: Holders,
    /// Accounts whose rows were refused: their keys may be another person's here.
    refused_accounts: BTreeSet<AccountId>,
}

/// What a follower is to be told of a piece, a row at a time.
pub(super) struct Changes {
    pub(super) horizon: Horizon,
    pub(super) made: Vec<Changed>,
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

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether a row was written, or was here before.
enum Taken {
    Written,
    Present,
}

impl Import {
    /// Takes in the rows of one transaction. Returns whether there are no more.
    pub(super) fn take_piece(&mut self, connection: &Connection, roles: &Roles, changes: &mut Option<Changes>) -> Result<bool, StoreError> {
        let mut touched = TouchedIds::new(changes.is_some());
        let counter = Counter::read(connection)?;
        let authority = Tx::new(connection, roles, &self.origin, &counter, &mut touched).authority()?;
        // Rows say who made them and when, which nobody less may.
        authority.at_least(Level::ALL)?;
        let mut count = 0;
        let mut is_last = true;
        while let Some(batch) = self.rows.next() {
            count += batch.len();
            for (number, row) in batch {
                let mut tx = Tx::new(connection, roles, &self.origin, &counter, &mut touched);
                let verdict = match take(&mut tx, &authority, &mut self.holders, &mut self.refused_accounts, row) {
                    Ok(Taken::Written) => Verdict::Imported,
                    Ok(Taken::Present) => Verdict::Present,
                    Err(Stop::Refused(refusal)) => Verdict::Refused(refusal),
                    Err(Stop::Failed(error)) => return Err(error),
                };
                if let (Some(changes), Verdict::Imported, Some(revision)) = (&mut *changes, &verdict, touched.revision()) {
                    let touched = std::mem::replace(&mut touched, TouchedIds::new(true));
                    changes.made.push(load::touched(connection, changes.horizon, &touched, revision)?);
                }
                self.rows.told(number, verdict);
            }
            if count >= PIECE && self.keep == Keep::Pieces {
                is_last = false;
                break;
            }
        }
        counter.write(connection)?;
        Ok(is_last)
    }

    pub(super) fn is_wanted(&mut self) -> bool {
        self.keep == Keep::Pieces || self.rows.is_wanted()
    }

    pub(super) fn committed(&mut self) {
        self.rows.committed();
    }
}

fn take(
    tx: &mut Tx<'_>,
    authority: &Authority,
    holders: &mut Holders,
    refused: &mut BTreeSet<AccountId>,
    row: IncomingRow,
) -> Result<Taken, Stop> {
    match row {
        IncomingRow::Service(service) => service::take(tx, authority, &service),
        IncomingRow::Account(row) => {
            let taken = account::take(tx, authority, &row);
            if let Err(Stop::Refused(_)) = taken {
                refused.insert(row.id());
            }
            holders.forget();
            taken
        }
        IncomingRow::Policy(policy) => {
            holders.forget();
            policy::take(tx, authority, &policy)
        }
        IncomingRow::Gate(gate) => gate::take(tx, authority, &gate),
        IncomingRow::Key(key) => key::take(tx, authority, holders, refused, &key),
    }
}
