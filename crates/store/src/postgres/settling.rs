//! Revocations of one key that nobody waits for any more are put among the others, with their events: into the tables that have all the indexes.
//! Who reads sees no difference. Any node does that for all, so what one has left at its end is done by another, or at the next start.

use std::sync::Arc;
use std::time::Duration;

use super::connection::{Pool, Purpose};
use super::value::get;
use super::writer::Gauges;
use crate::StoreError;

/// How long they lie there, about.
const EVERY: Duration = Duration::from_millis(250);
/// How many are put there at once, so that it does not take long.
const PIECE: i64 = 100;

/// Does that from time to time, where there may be any, for as long as somebody can write.
pub(super) async fn run(pool: Pool, gauges: Arc<Gauges>) {
    let mut has_failed = false;
    // Somebody may have left some.
    let mut may_have_some = true;
    while !gauges.has_ended() {
        if may_have_some {
            let settled = settle(&pool).await;
            // It may stay so for long: it is told once.
            if let Err(error) = &settled
                && !has_failed
            {
                tracing::warn!(%error, "revocations are in force, and not put among the others yet: that is tried again");
            }
            has_failed = settled.is_err();
        }
        tokio::time::sleep(EVERY).await;
        may_have_some = gauges.take_unsettled() || has_failed;
    }
}

/// Puts all that are there among the others, with a transaction for each piece.
pub(super) async fn settle(pool: &Pool) -> Result<(), StoreError> {
    while settle_piece(pool).await? == PIECE {}
    Ok(())
}

/// Returns how many that were: fewer than [`PIECE`] where no more were there.
async fn settle_piece(pool: &Pool) -> Result<i64, StoreError> {
    let transaction = pool.begin(Purpose::Tidy).await?;
    // One after another.
    let row = transaction.one("SELECT revision FROM settled WHERE id = 1 FOR UPDATE", &[]).await?;
    let settled: i64 = get(&row, 0)?;
    // No revision is committed before a lower one, so those behind this are all that is left.
    let sql = "WITH taken AS (
                   DELETE FROM lone_revocations
                   WHERE revision IN (SELECT revision FROM lone_revocations WHERE revision > $1 ORDER BY revision LIMIT $2) RETURNING *
               ), revoked AS (
                   INSERT INTO settled_revocations (key, at, reason, owner, policy, expires_at)
                   SELECT key, at, reason, owner, policy, expires_at FROM taken ORDER BY revision ON CONFLICT DO NOTHING
               ), told AS (
                   INSERT INTO settled_events (revision, at, actor, action, target, touched, before, after, request_id)
                   SELECT revision, at, actor, action, target, touched, before, after, request_id FROM taken ORDER BY revision
               )
               UPDATE settled SET revision = last FROM (SELECT max(revision) AS last, count(*) AS count FROM taken) AS taken
               WHERE id = 1 AND last IS NOT NULL RETURNING count";
    let count = transaction.find(sql, &[settled.into(), PIECE.into()]).await?.map_or(Ok(0), |row| get(&row, 0))?;
    transaction.commit().await?;
    Ok(count)
}
