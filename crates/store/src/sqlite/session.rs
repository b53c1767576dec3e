//! Sessions on SQLite.

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use rusqlite::OptionalExtension;
use serde_json::json;

use super::tx::{Recorded, Tx};
use super::{Sqlite, row};
use crate::{NewSession, Origin, Session, SessionId, Sessions, StoreError, Target, What};

#[async_trait]
impl Sessions for Sqlite {
    async fn start_session(&self, origin: Origin, new: NewSession) -> Result<Session, StoreError> {
        self.writer.change(origin, move |tx| start(tx, &new)).await
    }

    async fn end_session(&self, origin: Origin, id: SessionId) -> Result<(), StoreError> {
        self.writer.change(origin, move |tx| end(tx, id)).await
    }

    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<Session>, StoreError> {
        self.readers
            .read(move |connection| {
                let sessions = connection
                    .prepare_cached(&format!(
                        "SELECT {} FROM sessions WHERE account = ?1 AND expires_at > ?2 ORDER BY created_at DESC, id DESC",
                        row::SESSION
                    ))?
                    .query_map((account.0, now.0), row::to_session)?
                    .collect::<Result<_, _>>()?;
                Ok(sessions)
            })
            .await
    }
}

fn start(tx: &mut Tx<'_>, new: &NewSession) -> Result<Session, StoreError> {
    let session = new.session;
    let stored: Option<Option<String>> = tx
        .connection()
        .prepare_cached("SELECT password_hash FROM accounts WHERE id = ?1 AND deleted_at IS NULL")?
        .query_row([session.account.0], |row| row.get(0))
        .optional()?;
    let may_sign_in = tx.standing(session.account)?.is_some_and(|standing| standing.may_sign_in());
    // Between the check of the password and now, the account may have been blocked, or its password changed.
    if !may_sign_in || stored.flatten().as_ref() != Some(&new.proved) {
        return Err(StoreError::ActorGone);
    }
    let ended = make_room(tx, &session, new.max_per_account)?;
    tx.connection().prepare_cached("INSERT INTO sessions (id, account, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)")?.execute((
        session.id.0.as_bytes(),
        session.account.0,
        session.created_at.0,
        session.expires_at.0,
    ))?;
    tx.record(Recorded {
        action: "session.started",
        target: Target::Session(session.id),
        touched: ended.into_iter().map(Target::Session).collect(),
        before: None,
        after: Some(json!({"account": session.account, "expires_at": session.expires_at})),
    })?;
    Ok(session)
}

/// Ends sessions of the account that are over, and the oldest ones beyond the limit.
fn make_room(tx: &Tx<'_>, session: &Session, max: u32) -> Result<Vec<SessionId>, StoreError> {
    let ended = tx
        .connection()
        .prepare_cached(
            "DELETE FROM sessions WHERE account = ?1 AND (expires_at <= ?2 OR id IN (
                 SELECT id FROM sessions WHERE account = ?1 AND expires_at > ?2 ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?3))
             RETURNING id",
        )?
        .query_map((session.account.0, session.created_at.0, max.saturating_sub(1)), |row| row.get(0).map(row::session_id))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ended)
}

fn end(tx: &mut Tx<'_>, id: SessionId) -> Result<(), StoreError> {
    let authority = tx.authority()?;
    if authority.account().is_none() {
        // First what needs no look at the session, so that a service learns nothing from the answer.
        authority.at_least(Level::ALL)?;
    }
    let session = row::session(tx.connection(), id)?;
    authority.reach_sessions_of(session.account)?;
    if session.expires_at <= tx.now() {
        return Err(StoreError::NotFound(What::Session));
    }
    tx.connection().prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id.0.as_bytes()])?;
    tx.record(Recorded {
        action: "session.ended",
        target: Target::Session(id),
        touched: Vec::new(),
        before: Some(json!({"account": session.account})),
        after: None,
    })?;
    Ok(())
}
