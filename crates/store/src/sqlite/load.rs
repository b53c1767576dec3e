//! The one way into the image in memory: at start everything, later the rows that changes touched.

use keybearer_core::token::KeyId;
use rusqlite::Connection;

use super::tx::TouchedIds;
use super::{gate, retention, row};
use crate::error::present;
use crate::{Changed, Follower, Horizon, Key, StoreError};

/// How many keys or accounts are handed over at a time. What they take while they are on their way stays with the allocator, so there are few;
/// and in the image 32 texts share a piece, which is best made once.
const CHUNK: usize = 192;

/// Hands over all rows on this side of the horizon, keys last, so that what they refer to is there.
pub(super) fn everything(connection: &Connection, horizon: Horizon, follower: &dyn Follower) -> Result<(), StoreError> {
    let revision = revision(connection)?;
    let mut changed = Changed { revision, ..Changed::default() };
    let mut statement = connection.prepare(&format!("SELECT {} FROM accounts WHERE deleted_at IS NULL", row::ACCOUNT))?;
    for account in statement.query_map([], row::to_account)? {
        let account = account?;
        changed.accounts.push((account.id, Some(account)));
        if changed.accounts.len() == CHUNK {
            follower.apply(std::mem::replace(&mut changed, Changed { revision, ..Changed::default() }));
        }
    }
    let mut statement = connection.prepare(&format!("SELECT {} FROM sessions WHERE expires_at > ?1", row::SESSION))?;
    for session in statement.query_map([horizon.sessions.0], row::to_session)? {
        let session = session?;
        changed.sessions.push((session.id, Some(session)));
    }
    for policy in super::policy::all_alone(connection)? {
        changed.policies.push((policy.id, Some(policy)));
    }
    for gate in gate::all(connection)? {
        changed.gates.push((gate.name.clone(), Some(gate)));
    }
    follower.apply(changed);

    let count: i64 = connection.query_row("SELECT count(*) FROM keys", [], |row| row.get(0))?;
    follower.expect_keys(usize::try_from(count).unwrap_or(0));
    let mut statement = connection
        .prepare(&format!("SELECT {} FROM keys WHERE ifnull(expires_at > ?1, TRUE) AND ifnull(revoked_at > ?1, TRUE)", row::KEY))?;
    let mut keys = Vec::with_capacity(CHUNK);
    for key in statement.query_map([horizon.keys.0], row::to_key)? {
        let key = key?;
        keys.push((key.id, Some(key)));
        if keys.len() == CHUNK {
            follower.apply(Changed { keys: std::mem::replace(&mut keys, Vec::with_capacity(CHUNK)), revision, ..Changed::default() });
        }
    }
    follower.apply(Changed { keys, revision, ..Changed::default() });
    Ok(())
}

/// The rows that the change of this revision touched, as the transaction sees them now. What is behind the horizon counts as absent: a change of
/// a key that was forgotten does not bring it back.
pub(super) fn touched(connection: &Connection, horizon: Horizon, ids: &TouchedIds, revision: i64) -> Result<Changed, StoreError> {
    let is_remembered = |key: &Key| key.lifecycle.ends_at().is_none_or(|end| end > horizon.keys);
    Ok(Changed {
        accounts: each(&ids.accounts, |id| present(row::account(connection, *id)))?,
        sessions: each(&ids.sessions, |id| present(row::session(connection, *id)))?,
        policies: each(&ids.policies, |id| present(row::policy(connection, *id)))?,
        gates: each(&ids.gates, |name| present(gate::one(connection, name)))?,
        keys: each(&ids.keys, |id| Ok(present(row::key(connection, *id))?.filter(is_remembered)))?,
        revoked: None,
        revision,
    })
}

/// Deletes the sessions behind the horizon. Returns how many, and what a follower is to be told of them and of these keys, which are behind it.
pub(super) fn forget(connection: &Connection, horizon: Horizon, keys: Vec<KeyId>) -> Result<(usize, Changed), StoreError> {
    let sessions = retention::delete_sessions(connection, horizon.sessions)?;
    let deleted = sessions.len();
    let sessions = sessions.into_iter().map(|id| (id, None)).collect();
    let keys = keys.into_iter().map(|id| (id, None)).collect();
    Ok((deleted, Changed { sessions, keys, revision: revision(connection)?, ..Changed::default() }))
}

fn each<'a, I: Clone + 'a, T>(
    ids: impl IntoIterator<Item = &'a I>,
    read: impl Fn(&I) -> Result<Option<T>, StoreError>,
) -> Result<Vec<(I, Option<T>)>, StoreError> {
    ids.into_iter().map(|id| Ok((id.clone(), read(id)?))).collect()
}

fn revision(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("SELECT revision FROM counter")?.query_row([], |row| row.get(0))?)
}
