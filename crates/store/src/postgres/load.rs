//! The one way into the image in memory: at start everything, later the rows that changes touched.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use keybearer_core::token::KeyId;
use uuid::Uuid;

use super::connection::Transaction;
use super::failure::Failure;
use super::tx::TouchedIds;
use super::value::{Value, get};
use super::{policy, retention, row};
use crate::{Changed, Follower, Horizon, Key, StoreError, What};

/// How many keys are handed over at a time.
const CHUNK: usize = 10_000;

/// Hands over all rows on this side of the horizon, keys last, so that what they refer to is there. Returns the revision that they have.
pub(super) async fn everything(transaction: &Transaction, horizon: Horizon, follower: &dyn Follower) -> Result<i64, StoreError> {
    let revision = revision(transaction).await?;
    let mut changed = Changed { revision, ..Changed::default() };
    let sql = format!("SELECT {} FROM accounts WHERE deleted_at IS NULL", row::ACCOUNT);
    let mut rows = transaction.stream(&sql, &[]).await?;
    while let Some(account) = rows.try_next().await.map_err(Failure::from)? {
        let account = row::to_account(&account)?;
        changed.accounts.push((account.id, Some(account)));
    }
    let sql = format!("SELECT {} FROM sessions WHERE expires_at > $1", row::SESSION);
    let mut rows = transaction.stream(&sql, &[horizon.sessions.into()]).await?;
    while let Some(session) = rows.try_next().await.map_err(Failure::from)? {
        let session = row::to_session(&session)?;
        changed.sessions.push((session.id, Some(session)));
    }
    for policy in policy::all(transaction).await? {
        changed.policies.push((policy.id, Some(policy)));
    }
    follower.apply(changed);

    let sql = format!("SELECT {} FROM keys WHERE coalesce(expires_at > $1, TRUE) AND coalesce(revoked_at > $1, TRUE)", row::KEY);
    let mut rows = transaction.stream(&sql, &[horizon.keys.into()]).await?;
    let mut keys = Vec::with_capacity(CHUNK);
    while let Some(key) = rows.try_next().await.map_err(Failure::from)? {
        let key = row::to_key(&key)?;
        keys.push((key.id, Some(key)));
        if keys.len() == CHUNK {
            follower.apply(Changed { keys: std::mem::replace(&mut keys, Vec::with_capacity(CHUNK)), revision, ..Changed::default() });
        }
    }
    follower.apply(Changed { keys, revision, ..Changed::default() });
    Ok(revision)
}

/// The rows that a change touched, as the transaction sees them now. What is behind the horizon counts as absent: a change of a key that was
/// forgotten does not bring it back.
pub(super) async fn touched(transaction: &Transaction, horizon: Horizon, ids: &TouchedIds, revision: i64) -> Result<Changed, StoreError> {
    let mut changed = Changed { revision, ..Changed::default() };
    for id in &ids.accounts {
        changed.accounts.push((*id, present(row::account(transaction, *id).await)?));
    }
    for id in &ids.policies {
        changed.policies.push((*id, present(row::policy(transaction, *id).await)?));
    }
    if !ids.sessions.is_empty() {
        let sql = format!("SELECT {} FROM sessions WHERE id = ANY($1)", row::SESSION);
        let found = transaction.query(&sql, &[Value::Ids(ids.sessions.iter().map(|id| id.0).collect())]).await?;
        let mut found: BTreeMap<_, _> =
            found.iter().map(|row| row::to_session(row).map(|session| (session.id, session))).collect::<Result<_, _>>()?;
        changed.sessions = ids.sessions.iter().map(|id| (*id, found.remove(id))).collect();
    }
    if !ids.keys.is_empty() {
        let is_remembered = |key: &Key| key.lifecycle.ends_at().is_none_or(|end| end > horizon.keys);
        let sql = format!("SELECT {} FROM keys WHERE id = ANY($1)", row::KEY);
        let found = transaction.query(&sql, &[Value::Ids(ids.keys.iter().map(|id| Uuid::from_bytes(*id.as_bytes())).collect())]).await?;
        let mut found: BTreeMap<_, _> = found.iter().map(|row| row::to_key(row).map(|key| (key.id, key))).collect::<Result<_, _>>()?;
        changed.keys = ids.keys.iter().map(|id| (*id, found.remove(id).filter(is_remembered))).collect();
    }
    Ok(changed)
}

/// Deletes the sessions behind the horizon. Returns how many, and what a follower is to be told of them and of these keys, which are behind it.
pub(super) async fn forget(transaction: &Transaction, horizon: Horizon, keys: Vec<KeyId>) -> Result<(usize, Changed), StoreError> {
    let sessions = retention::delete_sessions(transaction, horizon.sessions).await?;
    let deleted = sessions.len();
    let sessions = sessions.into_iter().map(|id| (id, None)).collect();
    let keys = keys.into_iter().map(|id| (id, None)).collect();
    Ok((deleted, Changed { sessions, keys, revision: revision(transaction).await?, ..Changed::default() }))
}

fn present<T>(row: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::NotFound(What::Account | What::Session | What::Key | What::Policy)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn revision(transaction: &Transaction) -> Result<i64, StoreError> {
    get(&transaction.one("SELECT revision FROM counter", &[]).await?, 0)
}
