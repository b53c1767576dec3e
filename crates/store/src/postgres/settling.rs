//! Revocations of one key that nobody waits for any more are put among the others, with their events: into the tables that have all the indexes.
//! Who reads sees no difference. Any node does that for all, so what one has left at its end is done by another, or at the next start.

use std::sync::Arc;
use std::time::Duration;

use super::connection::{Pool, Purpose, Transaction};
use super::value::get;
use super::writer::Gauges;
use crate::StoreError;

/// How long they lie there, about.
const EVERY: Duration = Duration::from_millis(250);
/// How many are put there by one statement.
const PIECE: i64 = 1_000;

/// Does that from time to time, where there may be any, for as long as somebody can write.
pub(super) async fn run(pool: Pool, gauges: Arc<Gauges>) {
    // Somebody may have left some.
    gauges.note_unsettled();
    let mut has_failed = false;
    loop {
        tokio::time::sleep(EVERY).await;
        if gauges.has_ended() {
            return;
        }
        if !gauges.take_unsettled() {
            continue;
        }
        let settled = settle_in(&pool).await;
        if let Err(error) = &settled {
            gauges.note_unsettled();
            // It may stay so for long: it is told once.
            if !has_failed {
                tracing::warn!(%error, "revocations are in force, and not put among the others yet: that is tried again");
            }
        }
        has_failed = settled.is_err();
    }
}

async fn settle_in(pool: &Pool) -> Result<(), StoreError> {
    let transaction = pool.begin(Purpose::Change).await?;
    // If that is lost, it is done again.
    transaction.batch("SET LOCAL synchronous_commit = off").await?;
    settle(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// Puts all of them among the others, one transaction after another.
pub(super) async fn settle(transaction: &Transaction) -> Result<(), StoreError> {
    let row = transaction.one("SELECT revision FROM settled WHERE id = 1 FOR UPDATE", &[]).await?;
    let mut settled: i64 = get(&row, 0)?;
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
               UPDATE settled SET revision = last FROM (SELECT max(revision) AS last FROM taken) AS taken
               WHERE id = 1 AND last IS NOT NULL RETURNING settled.revision";
    while let Some(row) = transaction.find(sql, &[settled.into(), PIECE.into()]).await? {
        settled = get(&row, 0)?;
    }
    Ok(())
}
