//! From rows to values: one reader a table, used by look-ups, lists, transactions and the load at start.

use keybearer_core::account::{AccountId, Status};
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::permission::Permission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::token::{Digest, KeyId};
use tokio_postgres::Row;

use super::connection::Transaction;
use super::value::{get, key_id, moment, moment_or_none, policy_id, session_id, unreadable};
use crate::{Account, Key, KeyHolder, Metadata, Policy, Session, SessionId, StoreError, What};

pub(super) const ACCOUNT: &str =
    "id, username, email, external_id, metadata, password_hash IS NOT NULL, role, status, consent, created_at, nullif(issuer, '')";
pub(super) const SESSION: &str = "id, account, created_at, expires_at";
/// The columns of a key, of which two tell of its revocation.
macro_rules! key {
    ($revoked_at:literal, $reason:literal) => {
        concat!(
            "id, name, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, expires_at, ",
            $revoked_at,
            ", ",
            $reason,
            ", last_used_at"
        )
    };
}
/// Its revocation is looked up for each: a plan that is kept must be good however many there are by then.
pub(super) const KEY: &str = key!(
    "(SELECT at FROM revocations WHERE revocations.key = keys.id)",
    "(SELECT reason FROM revocations WHERE revocations.key = keys.id)"
);
/// As [`KEY`] of [`ALL_KEYS`], for whoever reads most of them.
pub(super) const KEY_OF_ALL: &str = key!("at", "reason");
/// The revocations that do not stand among the others yet.
macro_rules! unsettled {
    () => {
        "lone_revocations WHERE revision > (SELECT settled.revision FROM settled WHERE settled.id = 1)"
    };
}
pub(super) use unsettled;
/// Each is looked up once, whatever the server would make of a join: that may need room on its disk. Only of the few that are not settled one is
/// made: they have no index to be looked up by.
pub(super) const ALL_KEYS: &str = concat!(
    "keys LEFT JOIN (
        SELECT key AS lone_key, at AS lone_at, reason AS lone_reason FROM ",
    unsettled!(),
    ") AS lone ON lone_key = keys.id LEFT JOIN LATERAL (
        SELECT at, reason FROM settled_revocations WHERE settled_revocations.key = keys.id
        UNION ALL SELECT lone_at, lone_reason WHERE lone_at IS NOT NULL LIMIT 1
    ) AS revoked ON TRUE"
);
/// Whether a key was revoked: one of these. For lists, each for itself, which are planned anew each time: of both at once the server knows too
/// little to tell whether to go through the keys or through the revocations.
pub(super) const IS_REVOKED: [&str; 2] =
    ["EXISTS (SELECT FROM settled_revocations WHERE key = keys.id)", concat!("keys.id IN (SELECT key FROM ", unsettled!(), ")")];
/// Whether a key was not revoked, for lists as well. Those that are not settled are no part of a join here.
pub(super) const IS_NOT_REVOKED: &str =
    concat!("NOT EXISTS (SELECT FROM settled_revocations WHERE key = keys.id) AND keys.id NOT IN (SELECT key FROM ", unsettled!(), ")");
/// Whether a key was not revoked. Looked up for each, as in [`KEY`].
pub(super) const IS_LIVE: &str = "(SELECT key FROM revocations WHERE revocations.key = keys.id) IS NULL";
/// How many live keys an account has at a moment, both as they are called in the statement.
macro_rules! live_keys {
    ($account:literal, $moment:literal) => {
        concat!(
            "greatest(0, (SELECT count(*) FROM keys WHERE keys.owner = ",
            $account,
            " AND keys.expires_at > ",
            $moment,
            ") - (SELECT count(*) FROM revocations WHERE revocations.owner = ",
            $account,
            " AND revocations.expires_at > ",
            $moment,
            "))"
        )
    };
}
pub(super) use live_keys;
pub(super) const POLICY: &str =
    "id, name, created_at, created_by, version, greatest(0, (SELECT count(*) FROM keys WHERE keys.policy = policies.id)
     - (SELECT count(*) FROM revocations WHERE revocations.owner IS NULL AND revocations.policy = policies.id))";
/// As [`POLICY`] for whoever does not want to know how many keys it has, for which each of them is looked at.
pub(super) const POLICY_ALONE: &str = "id, name, created_at, created_by, version, 0::int8";

/// How many columns [`ACCOUNT`] and [`KEY`] have.
pub(super) const AFTER_ACCOUNT: usize = 11;
pub(super) const AFTER_KEY: usize = 15;

fn metadata(row: &Row, column: usize) -> Result<Metadata, StoreError> {
    serde_json::from_str(get(row, column)?).map_err(unreadable)
}

pub(super) fn to_account(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        id: AccountId(get(row, 0)?),
        username: get(row, 1)?,
        email: get(row, 2)?,
        external_id: get(row, 3)?,
        metadata: metadata(row, 4)?,
        has_password: get(row, 5)?,
        role: get(row, 6)?,
        status: Status::parse(get(row, 7)?).ok_or_else(|| unreadable("unknown status"))?,
        consent: get(row, 8)?,
        created_at: moment(row, 9)?,
        issuer: get(row, 10)?,
    })
}

pub(super) fn to_session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session { id: session_id(row, 0)?, account: AccountId(get(row, 1)?), created_at: moment(row, 2)?, expires_at: moment(row, 3)? })
}

pub(super) fn to_key(row: &Row) -> Result<Key, StoreError> {
    let holder = match (get::<Option<i64>>(row, 2)?, get::<Option<uuid::Uuid>>(row, 4)?) {
        (Some(owner), None) => {
            KeyHolder::Account { owner: AccountId(owner), level: Level::new(get::<i16>(row, 3)?.into()).map_err(unreadable)? }
        }
        (None, Some(policy)) => {
            let service = get::<Option<&str>>(row, 5)?.map(str::parse).transpose();
            KeyHolder::Service { policy: PolicyId(policy), service: service.map_err(unreadable)? }
        }
        _ => return Err(unreadable("a key has an owner or a policy")),
    };
    let expires_at = moment_or_none(row, 11)?;
    let lifecycle = match (moment_or_none(row, 12)?, get::<Option<&str>>(row, 13)?) {
        (None, None) => Lifecycle::Live { expires_at },
        (Some(at), Some(reason)) => {
            let reason = RevocationReason::parse(reason).ok_or_else(|| unreadable("unknown reason"))?;
            Lifecycle::Revoked { at, reason, expires_at }
        }
        _ => return Err(unreadable("a revocation has a time and a reason")),
    };
    let digest: [u8; 32] = get::<&[u8]>(row, 7)?.try_into().map_err(unreadable)?;
    Ok(Key {
        id: key_id(row, 0)?,
        name: get(row, 1)?,
        holder,
        lifecycle,
        metadata: metadata(row, 6)?,
        digest: Digest::from_bytes(digest),
        pepper: get::<i32>(row, 8)?.try_into().map_err(unreadable)?,
        created_at: moment(row, 9)?,
        created_by: get(row, 10)?,
        last_used_at: moment_or_none(row, 14)?,
    })
}

/// All of a policy but its permissions, which are rows of their own.
pub(super) fn to_policy(row: &Row) -> Result<Policy, StoreError> {
    Ok(Policy {
        id: policy_id(row, 0)?,
        name: get(row, 1)?,
        permissions: PermissionSet::default(),
        created_at: moment(row, 2)?,
        created_by: get(row, 3)?,
        version: get(row, 4)?,
        keys: get::<i64>(row, 5)?.try_into().map_err(unreadable)?,
    })
}

pub(super) fn to_permission(row: &Row, column: usize) -> Result<Permission, StoreError> {
    get::<&str>(row, column)?.parse().map_err(unreadable)
}

/// One account that is not deleted.
pub(super) async fn account(transaction: &Transaction, id: AccountId) -> Result<Account, StoreError> {
    let found = transaction.find(&format!("SELECT {ACCOUNT} FROM accounts WHERE id = $1 AND deleted_at IS NULL"), &[id.into()]).await?;
    found.as_ref().map(to_account).transpose()?.ok_or(StoreError::NotFound(What::Account))
}

pub(super) async fn session(transaction: &Transaction, id: SessionId) -> Result<Session, StoreError> {
    let found = transaction.find(&format!("SELECT {SESSION} FROM sessions WHERE id = $1"), &[id.into()]).await?;
    found.as_ref().map(to_session).transpose()?.ok_or(StoreError::NotFound(What::Session))
}

/// One key, in whatever state.
pub(super) async fn key(transaction: &Transaction, id: KeyId) -> Result<Key, StoreError> {
    let found = transaction.find(&format!("SELECT {KEY} FROM keys WHERE id = $1"), &[id.into()]).await?;
    found.as_ref().map(to_key).transpose()?.ok_or(StoreError::NotFound(What::Key))
}

/// One policy that is not deleted.
pub(super) async fn policy(transaction: &Transaction, id: PolicyId) -> Result<Policy, StoreError> {
    let found = transaction.find(&format!("SELECT {POLICY} FROM policies WHERE id = $1 AND deleted_at IS NULL"), &[id.into()]).await?;
    let policy = found.as_ref().map(to_policy).transpose()?.ok_or(StoreError::NotFound(What::Policy))?;
    Ok(Policy { permissions: policy_permissions(transaction, id).await?, ..policy })
}

/// A key, and what decides who reaches it.
pub(super) struct Reached {
    pub(super) key: Key,
    /// What its policy grants if it has one.
    pub(super) granted: PermissionSet,
    /// The role of its owner, if it has one that is not deleted.
    pub(super) role: Option<String>,
}

/// As [`key()`], with what decides who reaches it.
pub(super) async fn reached(transaction: &Transaction, id: KeyId) -> Result<Reached, StoreError> {
    let granted = "ARRAY(SELECT permission FROM policy_permissions WHERE policy_permissions.policy = keys.policy)";
    let role = "(SELECT role FROM accounts WHERE accounts.id = keys.owner AND deleted_at IS NULL)";
    let found = transaction.find(&format!("SELECT {KEY}, {granted}, {role} FROM keys WHERE id = $1"), &[id.into()]).await?;
    let found = found.ok_or(StoreError::NotFound(What::Key))?;
    let granted: Vec<&str> = get(&found, AFTER_KEY)?;
    let granted = granted.into_iter().map(|permission| permission.parse().map_err(unreadable)).collect::<Result<_, _>>()?;
    Ok(Reached { key: to_key(&found)?, granted, role: get(&found, AFTER_KEY + 1)? })
}

pub(super) async fn policy_permissions(transaction: &Transaction, id: PolicyId) -> Result<PermissionSet, StoreError> {
    let rows = transaction.query("SELECT permission FROM policy_permissions WHERE policy = $1", &[id.into()]).await?;
    rows.iter().map(|row| to_permission(row, 0)).collect()
}
