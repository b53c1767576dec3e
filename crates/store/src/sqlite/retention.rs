//! What is forgotten on SQLite.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rusqlite::Connection;

use super::writer::Gone;
use super::{Sqlite, row};
use crate::{Forgotten, Horizon, Retention, SessionId, StoreError};

/// How many keys a follower is told of at once.
const PIECE: usize = 1_000;

#[async_trait]
impl Retention for Sqlite {
    async fn forget(&self, horizon: Horizon) -> Result<Forgotten, StoreError> {
        // First the horizon, so that whatever is committed from now on keeps to it. What died behind it is then read beside the writer: a
        // death is final, so the list cannot become wrong. The follower is told in pieces, so that no change waits long.
        let Gone { sessions, is_followed } = self.writer.forget(horizon, Vec::new()).await?;
        let from = UnixMillis(self.swept.load(Ordering::Acquire));
        let mut keys = Vec::new();
        if is_followed && from < horizon.keys {
            keys = self.readers.read(move |connection| keys_that_died(connection, from, horizon.keys)).await?;
            for piece in keys.chunks(PIECE) {
                self.writer.forget(horizon, piece.to_vec()).await?;
            }
        }
        self.swept.fetch_max(horizon.keys.0, Ordering::AcqRel);
        Ok(Forgotten { keys: keys.len(), sessions })
    }

    async fn prune_payloads(&self, recorded_before: UnixMillis, limit: u32) -> Result<u32, StoreError> {
        self.writer.bookkeeping(move |connection| prune_payloads(connection, recorded_before, limit)).await
    }
}

/// Keys that died after the one moment, and at or before the other. Only their ids: it may be many.
fn keys_that_died(connection: &Connection, after: UnixMillis, until: UnixMillis) -> Result<Vec<KeyId>, StoreError> {
    let keys = connection
        .prepare_cached(
            "SELECT id FROM keys WHERE coalesce(expires_at, 9223372036854775807) > ?1 AND coalesce(expires_at, 9223372036854775807) <= ?2
             UNION SELECT id FROM keys WHERE revoked_at > ?1 AND revoked_at <= ?2",
        )?
        .query_map((after.0, until.0), |row| row.get(0).map(KeyId::from_bytes))?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

/// Deletes sessions that were over at or before this moment. Returns them.
pub(super) fn delete_sessions(connection: &Connection, until: UnixMillis) -> Result<Vec<SessionId>, StoreError> {
    let sessions = connection
        .prepare_cached("DELETE FROM sessions WHERE expires_at <= ?1 RETURNING id")?
        .query_map([until.0], |row| row.get(0).map(row::session_id))?
        .collect::<Result<_, _>>()?;
    Ok(sessions)
}

/// Goes on where it ended the last time, in the order of the revisions, up to the first event that is young enough.
fn prune_payloads(connection: &Connection, recorded_before: UnixMillis, limit: u32) -> Result<u32, StoreError> {
    let events: Vec<(i64, i64)> = connection
        .prepare_cached(
            "SELECT revision, at FROM events WHERE revision > (SELECT payloads_pruned FROM counter) ORDER BY revision LIMIT ?1",
        )?
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let old = events.iter().take_while(|(_, at)| *at < recorded_before.0);
    let Some((last, _)) = old.clone().last() else { return Ok(0) };
    connection
        .prepare_cached(
            "UPDATE events SET before = NULL, after = NULL
             WHERE revision > (SELECT payloads_pruned FROM counter) AND revision <= ?1",
        )?
        .execute([last])?;
    connection.prepare_cached("UPDATE counter SET payloads_pruned = ?1")?.execute([last])?;
    Ok(u32::try_from(old.count()).unwrap_or(limit))
}
