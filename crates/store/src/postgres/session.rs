//! Sessions on PostgreSQL.

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use serde_json::json;

use super::connection::Transaction;
use super::tx::{Recorded, Tx};
use super::value::{get, session_id};
use super::{Postgres, row};
use crate::{NewSession, Origin, Session, SessionId, Sessions, StoreError, Target, What};

#[async_trait]
impl Sessions for Postgres {
    async fn start_session(&self, origin: Origin, new: NewSession) -> Result<Session, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(start(tx, new))).await
    }

    async fn end_session(&self, origin: Origin, id: SessionId) -> Result<(), StoreError> {
        self.writer.change(origin, move |tx| Box::pin(end(tx, id))).await
    }

    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<Session>, StoreError> {
        self.readers.read(move |transaction| Box::pin(of(transaction, account, now))).await
    }
}

async fn of(transaction: &Transaction, account: AccountId, now: UnixMillis) -> Result<Vec<Session>, StoreError> {
    let sql = format!("SELECT {} FROM sessions WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC", row::SESSION);
    transaction.query(&sql, &[account.into(), now.into()]).await?.iter().map(row::to_session).collect()
}

async fn start(tx: &mut Tx, new: NewSession) -> Result<Session, StoreError> {
    let session = new.session;
    let sql = "SELECT password_hash FROM accounts WHERE id = $1 AND deleted_at IS NULL";
    let stored = tx.transaction().find(sql, &[session.account.into()]).await?;
    let stored: Option<Option<String>> = stored.map(|row| get(&row, 0)).transpose()?;
    let may_sign_in = tx.standing(session.account).await?.is_some_and(|standing| standing.may_sign_in());
    // Between the check of the password and now, the account may have been blocked, or its password changed.
    if !may_sign_in || stored.flatten().as_ref() != Some(&new.proved) {
        return Err(StoreError::ActorGone);
    }
    let ended = make_room(tx, &session, new.max_per_account).await?;
    tx.transaction()
        .execute(
            "INSERT INTO sessions (id, account, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            &[session.id.into(), session.account.into(), session.created_at.into(), session.expires_at.into()],
        )
        .await?;
    tx.record(Recorded {
        action: "session.started",
        target: Target::Session(session.id),
        touched: ended.into_iter().map(Target::Session).collect(),
        before: None,
        after: Some(json!({"account": session.account, "expires_at": session.expires_at})),
    })
    .await?;
    Ok(session)
}

/// Ends sessions of the account that are over, and the oldest ones beyond the limit.
async fn make_room(tx: &Tx, session: &Session, max: u32) -> Result<Vec<SessionId>, StoreError> {
    let ended = tx
        .transaction()
        .query(
            "DELETE FROM sessions WHERE account = $1 AND (expires_at <= $2 OR id IN (
                 SELECT id FROM sessions WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC OFFSET $3))
             RETURNING id",
            &[session.account.into(), session.created_at.into(), i64::from(max.saturating_sub(1)).into()],
        )
        .await?;
    ended.iter().map(|row| session_id(row, 0)).collect()
}

async fn end(tx: &mut Tx, id: SessionId) -> Result<(), StoreError> {
    let authority = tx.authority().await?;
    if authority.account().is_none() {
        // First what needs no look at the session, so that a service learns nothing from the answer.
        authority.at_least(Level::ALL)?;
    }
    let session = row::session(tx.transaction(), id).await?;
    authority.reach_sessions_of(session.account)?;
    if session.expires_at <= tx.now() {
        return Err(StoreError::NotFound(What::Session));
    }
    tx.transaction().execute("DELETE FROM sessions WHERE id = $1", &[id.into()]).await?;
    tx.record(Recorded {
        action: "session.ended",
        target: Target::Session(id),
        touched: Vec::new(),
        before: Some(json!({"account": session.account})),
        after: None,
    })
    .await?;
    Ok(())
}
