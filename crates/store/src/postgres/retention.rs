//! What is forgotten on PostgreSQL.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use super::connection::{Purpose, Transaction};
use super::value::{get, key_id};
use super::{Postgres, row, settling};
use crate::{Forgotten, Horizon, Retention, StoreError};

/// How many keys a follower is told of at once.
const PIECE: usize = 1_000;

#[async_trait]
impl Retention for Postgres {
    async fn forget(&self, horizon: Horizon) -> Result<Forgotten, StoreError> {
        // First the horizon, so that whatever is committed from now on keeps to it. What died behind it is then read beside the writer: a
        // death is final, so the list cannot become wrong. The follower is told in pieces, so that no change waits long.
        let sessions = self.writer.bookkeeping(move |transaction| Box::pin(delete_sessions(transaction, horizon.sessions))).await?;
        let is_followed = self.forget_in_image(horizon, Vec::new()).await;
        let from = UnixMillis(self.swept.load(Ordering::Acquire));
        let mut keys = Vec::new();
        if is_followed && from < horizon.keys {
            let read = self.readers.read_for(Purpose::Walk, move |transaction| Box::pin(keys_that_died(transaction, from, horizon.keys)));
            keys = read.await?;
            for piece in keys.chunks(PIECE) {
                self.forget_in_image(horizon, piece.to_vec()).await;
            }
        }
        self.swept.fetch_max(horizon.keys.0, Ordering::AcqRel);
        Ok(Forgotten { keys: keys.len(), sessions })
    }

    async fn prune_payloads(&self, recorded_before: UnixMillis, limit: u32) -> Result<u32, StoreError> {
        // Before, so that no change waits for it.
        settling::settle(&self.tidying).await?;
        self.writer.bookkeeping(move |transaction| Box::pin(prune_payloads(transaction, recorded_before, limit))).await
    }
}

/// Keys that died after the one moment, and at or before the other. Only their ids: it may be many.
async fn keys_that_died(transaction: &Transaction, after: UnixMillis, until: UnixMillis) -> Result<Vec<KeyId>, StoreError> {
    let keys = transaction
        .query(
            "SELECT id FROM keys WHERE coalesce(expires_at, 9223372036854775807) > $1 AND coalesce(expires_at, 9223372036854775807) <= $2
             UNION SELECT key FROM revocations WHERE at > $1 AND at <= $2",
            &[after.into(), until.into()],
        )
        .await?;
    keys.iter().map(|row| key_id(row, 0)).collect()
}

/// Deletes sessions that were over at or before this moment. Returns how many.
async fn delete_sessions(transaction: &Transaction, until: UnixMillis) -> Result<usize, StoreError> {
    let deleted = transaction.execute("DELETE FROM sessions WHERE expires_at <= $1", &[until.into()]).await?;
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

/// Goes on where it ended the last time, in the order of the revisions, up to the first event that is young enough.
async fn prune_payloads(transaction: &Transaction, recorded_before: UnixMillis, limit: u32) -> Result<u32, StoreError> {
    // What was written meanwhile, and is not settled, is for the next time.
    let sql = concat!(
        "SELECT revision, at FROM settled_events
         WHERE revision > (SELECT payloads_pruned FROM counter WHERE id = 1)
         AND revision < coalesce((SELECT min(revision) FROM ",
        row::unsettled!(),
        "), 9223372036854775807)
         ORDER BY revision LIMIT $1"
    );
    let events = transaction.query(sql, &[i64::from(limit).into()]).await?;
    let events = events.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect::<Result<Vec<(i64, i64)>, StoreError>>()?;
    let old = events.iter().take_while(|(_, at)| *at < recorded_before.0);
    let Some((last, _)) = old.clone().last() else { return Ok(0) };
    transaction
        .execute(
            "UPDATE settled_events SET before = NULL, after = NULL
             WHERE revision > (SELECT payloads_pruned FROM counter WHERE id = 1) AND revision <= $1",
            &[(*last).into()],
        )
        .await?;
    transaction.execute("UPDATE counter SET payloads_pruned = $1 WHERE id = 1", &[(*last).into()]).await?;
    Ok(u32::try_from(old.count()).unwrap_or(limit))
}
