//! A revocation where nothing else waits. As it was foreseen by whoever asks, where the counter still has that revision, it is one statement.
//! Else its transaction begins with all that it is judged by, and ends with what it writes: two journeys.

use std::sync::Arc;

use keybearer_core::token::KeyId;

use super::super::connection::Purpose;
use super::super::failure::Failure;
use super::super::revocation::Asked;
use super::super::tx::Tx;
use super::super::value::get;
use super::{Callers, LOCK_COUNTER, Waiting, Waits, WriterTask, answering, no_counter, unknown};
use crate::StoreError;

impl WriterTask {
    /// Returns the revision, and whom it has to wait for.
    pub(super) async fn revoke(
        &self,
        asked: &Asked,
        answer: Waiting<Vec<KeyId>>,
        callers: &mut Callers,
    ) -> Result<(i64, Waits), StoreError> {
        let done = match self.revoke_foreseen(asked).await {
            Ok(Some(done)) => {
                callers.of_changes.push(answering(Ok(vec![asked.id]), answer));
                Ok(done)
            }
            Ok(None) => self.revoke_judged(asked, answer, callers).await,
            // Judged, it would wait for the same once more.
            Err(failure) if failure.is_of_waiting() => Err(failure.into()),
            Err(failure) => {
                callers.of_changes.push(answering(Ok(vec![asked.id]), answer));
                Err(unknown(failure))
            }
        };
        // Also where nobody knows whether it was done.
        self.gauges.note_unsettled();
        done
    }

    /// None where nothing was done.
    async fn revoke_foreseen(&self, asked: &Asked) -> Result<Option<(i64, Waits)>, Failure> {
        let Ok(Some((foreseen, revocation))) = asked.foreseen() else { return Ok(None) };
        let revision = foreseen + 1;
        // Where the database has to tell the nodes, it does so in a transaction.
        if self.hints.telling_all(revision).is_some() {
            return Ok(None);
        }
        // While the database is busy with it, they have time to heed it.
        let mut foretold = None;
        let foretell = || {
            let (foretells, thread) = self.hints.foretell(revision, &revocation.revoked().keys)?;
            foretold = Some(foretells);
            thread
        };
        let rows = self.pool.alone(Purpose::Change, (revocation.sql(), &revocation.values()), foretell).await?;
        let Some(row) = rows.as_ref().and_then(|rows| rows.first()) else { return Ok(None) };
        let foretold = foretold.and_then(|foretold| self.hints.in_time(foretold));
        self.hints.counter_is(revision);
        self.hints.committed_as_foretold(revision, revocation.revoked().clone(), foretold);
        // Where it is not known whom it has to wait for, the barrier asks.
        let nodes = get(row, 1).ok().and_then(|joined| self.hints.members(joined));
        let told = self.hints.waits_for(nodes.as_ref(), false);
        Ok(Some((revision, Waits { nodes, told, foretold })))
    }

    /// What is judged is asked for in one journey with the beginning of the transaction.
    async fn revoke_judged(&self, asked: &Asked, answer: Waiting<Vec<KeyId>>, callers: &mut Callers) -> Result<(i64, Waits), StoreError> {
        let mut is_again = false;
        let (tx, before, judged) = loop {
            let (transaction, locked) = self.pool.begin_ahead(Purpose::Change, LOCK_COUNTER).await?;
            let mut tx = Tx::new(transaction, Arc::clone(&self.roles));
            let (locked, judged) = tokio::join!(locked.number(), Box::pin(asked.judge(&mut tx)));
            match locked {
                Ok(before) => break (tx, before.ok_or_else(no_counter)?, judged),
                // The connection was lost since it was last used: there is another one.
                Err(failure) if !is_again && tx.transaction().was_lost(&failure) => is_again = true,
                Err(failure) => return Err(failure.into()),
            }
        };
        self.hints.counter_is(before);
        let revocation = match judged {
            Ok(revocation) => revocation,
            Err(error) => {
                let is_full = matches!(error, StoreError::Full);
                callers.of_changes.push(answering(Err(error), answer));
                if is_full {
                    return Err(StoreError::Full);
                }
                // As with any other that is refused.
                drop(tx.into_transaction().roll_back().await);
                return Ok((before, Waits::UNKNOWN));
            }
        };
        callers.of_changes.push(answering(Ok(revocation.revoked().keys.clone()), answer));
        // Nobody else can raise it.
        let revision = before + 1;
        Ok((revision, self.finish(tx.into_transaction(), Some(revision), Some(revocation)).await?))
    }
}
