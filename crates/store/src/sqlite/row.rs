//! From rows to values: one reader a table, used by look-ups, lists, transactions and the load at start.

use keybearer_core::account::{AccountId, Status};
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::permission::Permission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::{Account, Key, KeyHolder, Metadata, Policy, Session, SessionId, StoreError, What};

pub(super) const ACCOUNT: &str =
    "id, username, email, external_id, metadata, password_hash IS NOT NULL, role, status, consent, created_at, nullif(issuer, '')";
pub(super) const SESSION: &str = "id, account, created_at, expires_at";
pub(super) const KEY: &str = "id, name, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, expires_at, revoked_at, revoked_reason, last_used_at";
pub(super) const POLICY: &str =
    "id, name, created_at, created_by, version, (SELECT count(*) FROM keys WHERE keys.policy = policies.id AND revoked_at IS NULL)";
/// As [`POLICY`] for whoever does not want to know how many keys it has, for which each of them is looked at.
pub(super) const POLICY_ALONE: &str = "id, name, created_at, created_by, version, 0";

/// What does not read back as it was written.
pub(super) fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("a stored value cannot be read: {error}"))
}

fn bad_column(column: usize, kind: Type, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, error.into())
}

fn metadata(row: &Row<'_>, column: usize) -> rusqlite::Result<Metadata> {
    let text = row.get_ref(column)?.as_str()?;
    if text == "{}" {
        return Ok(Metadata::new()); // As most have none, this saves a list a parser for each row.
    }
    serde_json::from_str(text).map_err(|error| bad_column(column, Type::Text, error))
}

pub(super) fn session_id(bytes: [u8; 16]) -> SessionId {
    SessionId(Uuid::from_bytes(bytes))
}

pub(super) fn policy_id(bytes: [u8; 16]) -> PolicyId {
    PolicyId(Uuid::from_bytes(bytes))
}

pub(super) fn to_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let status: String = row.get(7)?;
    Ok(Account {
        id: AccountId(row.get(0)?),
        username: row.get(1)?,
        email: row.get(2)?,
        external_id: row.get(3)?,
        metadata: metadata(row, 4)?,
        has_password: row.get(5)?,
        role: row.get(6)?,
        status: Status::parse(&status).ok_or_else(|| bad_column(7, Type::Text, "unknown status"))?,
        consent: row.get(8)?,
        created_at: UnixMillis(row.get(9)?),
        issuer: row.get(10)?,
    })
}

pub(super) fn to_session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: session_id(row.get(0)?),
        account: AccountId(row.get(1)?),
        created_at: UnixMillis(row.get(2)?),
        expires_at: UnixMillis(row.get(3)?),
    })
}

pub(super) fn to_key(row: &Row<'_>) -> rusqlite::Result<Key> {
    let holder = match (row.get::<_, Option<i64>>(2)?, row.get::<_, Option<[u8; 16]>>(4)?) {
        (Some(owner), None) => KeyHolder::Account {
            owner: AccountId(owner),
            level: Level::new(row.get(3)?).map_err(|error| bad_column(3, Type::Integer, error))?,
        },
        (None, Some(policy)) => {
            let service = row.get::<_, Option<String>>(5)?.map(|name| name.parse()).transpose();
            KeyHolder::Service { policy: policy_id(policy), service: service.map_err(|error| bad_column(5, Type::Text, error))? }
        }
        _ => return Err(bad_column(2, Type::Null, "a key has an owner or a policy")),
    };
    let expires_at = row.get::<_, Option<i64>>(11)?.map(UnixMillis);
    let lifecycle = match (row.get::<_, Option<i64>>(12)?, row.get::<_, Option<String>>(13)?) {
        (None, None) => Lifecycle::Live { expires_at },
        (Some(at), Some(reason)) => Lifecycle::Revoked {
            at: UnixMillis(at),
            reason: RevocationReason::parse(&reason).ok_or_else(|| bad_column(13, Type::Text, "unknown reason"))?,
            expires_at,
        },
        _ => return Err(bad_column(12, Type::Null, "a revocation has a time and a reason")),
    };
    Ok(Key {
        id: KeyId::from_bytes(row.get(0)?),
        name: row.get(1)?,
        holder,
        lifecycle,
        metadata: metadata(row, 6)?,
        digest: Digest::from_bytes(row.get(7)?),
        pepper: row.get(8)?,
        created_at: UnixMillis(row.get(9)?),
        created_by: row.get(10)?,
        last_used_at: row.get::<_, Option<i64>>(14)?.map(UnixMillis),
    })
}

/// All of a policy but its permissions, which are rows of their own.
pub(super) fn to_policy(row: &Row<'_>) -> rusqlite::Result<Policy> {
    Ok(Policy {
        id: policy_id(row.get(0)?),
        name: row.get(1)?,
        permissions: PermissionSet::default(),
        created_at: UnixMillis(row.get(2)?),
        created_by: row.get(3)?,
        version: row.get(4)?,
        keys: row.get(5)?,
    })
}

pub(super) fn to_permission(row: &Row<'_>, column: usize) -> rusqlite::Result<Permission> {
    row.get_ref(column)?
        .as_str()?
        .parse()
        .map_err(|error: keybearer_core::permission::PermissionError| bad_column(column, Type::Text, error))
}

/// One account that is not deleted.
pub(super) fn account(connection: &Connection, id: AccountId) -> Result<Account, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {ACCOUNT} FROM accounts WHERE id = ?1 AND deleted_at IS NULL"))?
        .query_row([id.0], to_account)
        .optional()?
        .ok_or(StoreError::NotFound(What::Account))
}

pub(super) fn session(connection: &Connection, id: SessionId) -> Result<Session, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {SESSION} FROM sessions WHERE id = ?1"))?
        .query_row([id.0.as_bytes()], to_session)
        .optional()?
        .ok_or(StoreError::NotFound(What::Session))
}

/// One key, in whatever state.
pub(super) fn key(connection: &Connection, id: KeyId) -> Result<Key, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {KEY} FROM keys WHERE id = ?1"))?
        .query_row([id.as_bytes()], to_key)
        .optional()?
        .ok_or(StoreError::NotFound(What::Key))
}

/// One policy that is not deleted.
pub(super) fn policy(connection: &Connection, id: PolicyId) -> Result<Policy, StoreError> {
    let policy = connection
        .prepare_cached(&format!("SELECT {POLICY} FROM policies WHERE id = ?1 AND deleted_at IS NULL"))?
        .query_row([id.0.as_bytes()], to_policy)
        .optional()?
        .ok_or(StoreError::NotFound(What::Policy))?;
    Ok(Policy { permissions: policy_permissions(connection, id)?, ..policy })
}

pub(super) fn policy_permissions(connection: &Connection, id: PolicyId) -> Result<PermissionSet, StoreError> {
    let permissions = connection
        .prepare_cached("SELECT permission FROM policy_permissions WHERE policy = ?1")?
        .query_map([id.0.as_bytes()], |row| to_permission(row, 0))?
        .collect::<Result<PermissionSet, _>>()?;
    Ok(permissions)
}
