//! Policies on SQLite.

use std::collections::BTreeMap;

use async_trait::async_trait;
use keybearer_core::key::RevocationReason;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::token::KeyId;
use rusqlite::{Connection, OptionalExtension};

use super::tx::{Recorded, Tx, is_taken};
use super::{Sqlite, row};
use crate::audit;
use crate::{Cascade, NewPolicy, Origin, Policies, Policy, PolicyChange, StoreError, Target, What};

#[async_trait]
impl Policies for Sqlite {
    async fn create_policy(&self, origin: Origin, new: NewPolicy) -> Result<Policy, StoreError> {
        self.writer.change(origin, move |tx| create(tx, &new)).await
    }

    async fn change_policy(&self, origin: Origin, id: PolicyId, change: PolicyChange) -> Result<Policy, StoreError> {
        self.writer.change(origin, move |tx| alter(tx, id, &change)).await
    }

    async fn delete_policy(
        &self,
        origin: Origin,
        id: PolicyId,
        cascade: Cascade,
        if_version: Option<i64>,
    ) -> Result<Vec<KeyId>, StoreError> {
        self.writer.change(origin, move |tx| delete(tx, id, &cascade, if_version)).await
    }

    async fn policy(&self, id: PolicyId) -> Result<Policy, StoreError> {
        self.readers.read(move |connection| row::policy(connection, id)).await
    }

    async fn policies(&self) -> Result<Vec<Policy>, StoreError> {
        self.readers.read(all).await
    }
}

/// All policies that are not deleted, by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<Policy>, StoreError> {
    not_deleted(connection, row::POLICY)
}

/// The same without the number of their keys.
pub(super) fn all_alone(connection: &Connection) -> Result<Vec<Policy>, StoreError> {
    not_deleted(connection, row::POLICY_ALONE)
}

fn not_deleted(connection: &Connection, columns: &str) -> Result<Vec<Policy>, StoreError> {
    let mut granted: BTreeMap<PolicyId, Vec<_>> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT policy, permission FROM policy_permissions")?;
    for pair in statement.query_map([], |row| Ok((row::policy_id(row.get(0)?), row::to_permission(row, 1)?)))? {
        let (policy, permission) = pair?;
        granted.entry(policy).or_default().push(permission);
    }
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM policies WHERE deleted_at IS NULL ORDER BY name_key"))?;
    let policies = statement
        .query_map([], row::to_policy)?
        .map(|policy| {
            let policy = policy?;
            let permissions = granted.remove(&policy.id).unwrap_or_default().into_iter().collect();
            Ok(Policy { permissions, ..policy })
        })
        .collect::<Result<_, rusqlite::Error>>()?;
    Ok(policies)
}

fn create(tx: &mut Tx<'_>, new: &NewPolicy) -> Result<Policy, StoreError> {
    tx.authority()?.write_policy(&PermissionSet::default(), &new.permissions)?;
    require_declared(tx.connection(), &PermissionSet::default(), &new.permissions)?;
    tx.connection()
        .prepare_cached("INSERT INTO policies (id, name, name_key, created_at, created_by, version) VALUES (?1, ?2, ?3, ?4, ?5, 0)")?
        .execute((new.id.0.as_bytes(), &new.name, &new.name_key, tx.now().0, tx.actor().to_string()))
        .map_err(name_taken)?;
    write_permissions(tx.connection(), new.id, &new.permissions)?;
    stamp(tx, "policy.created", new.id, None)
}

fn alter(tx: &mut Tx<'_>, id: PolicyId, change: &PolicyChange) -> Result<Policy, StoreError> {
    let authority = tx.authority()?;
    authority.write_policy(&PermissionSet::default(), &PermissionSet::default())?;
    let before = row::policy(tx.connection(), id)?;
    require_version(&before, change.if_version)?;
    let after = change.permissions.as_ref().unwrap_or(&before.permissions);
    authority.write_policy(&before.permissions, after)?;
    require_declared(tx.connection(), &before.permissions, after)?;
    let renamed = change.name.as_ref().filter(|(name, _)| *name != before.name);
    if renamed.is_none() && *after == before.permissions {
        return Ok(before);
    }
    if let Some((name, name_key)) = renamed {
        tx.connection()
            .prepare_cached("UPDATE policies SET name = ?2, name_key = ?3 WHERE id = ?1")?
            .execute((id.0.as_bytes(), name, name_key))
            .map_err(name_taken)?;
    }
    if *after != before.permissions {
        write_permissions(tx.connection(), id, after)?;
    }
    stamp(tx, "policy.changed", id, Some(&before))
}

fn delete(tx: &mut Tx<'_>, id: PolicyId, cascade: &Cascade, if_version: Option<i64>) -> Result<Vec<KeyId>, StoreError> {
    let authority = tx.authority()?;
    authority.delete_policy(&PermissionSet::default(), false)?;
    let policy = row::policy(tx.connection(), id)?;
    require_version(&policy, if_version)?;
    authority.delete_policy(&policy.permissions, policy.keys > 0)?;
    let doomed = live_keys(tx.connection(), id)?;
    if !cascade.covers(doomed.iter().map(|(key, _)| *key)) {
        return Err(StoreError::PolicyInUse(doomed));
    }
    erase(tx, &policy)
}

/// Deletes a policy and revokes its keys, whoever asks. Returns them.
pub(super) fn erase(tx: &mut Tx<'_>, policy: &Policy) -> Result<Vec<KeyId>, StoreError> {
    let id = policy.id;
    let revoked = tx
        .connection()
        .prepare_cached("UPDATE keys SET revoked_at = ?2, revoked_reason = ?3 WHERE policy = ?1 AND revoked_at IS NULL RETURNING id")?
        .query_map((id.0.as_bytes(), tx.now().0, RevocationReason::PolicyDeleted.as_str()), |row| row.get(0).map(KeyId::from_bytes))?
        .collect::<Result<Vec<_>, _>>()?;
    write_permissions(tx.connection(), id, &PermissionSet::default())?;
    tx.connection().execute("UPDATE policies SET deleted_at = ?2 WHERE id = ?1", (id.0.as_bytes(), tx.now().0))?;
    tx.record(Recorded {
        action: "policy.deleted",
        target: Target::Policy(id),
        touched: revoked.iter().copied().map(Target::Key).collect(),
        before: Some(audit::policy(policy)),
        after: None,
    })?;
    Ok(revoked)
}

/// Records the change and gives the policy its new version. Returns it as it is now.
pub(super) fn stamp(tx: &mut Tx<'_>, action: &'static str, id: PolicyId, before: Option<&Policy>) -> Result<Policy, StoreError> {
    let after = row::policy(tx.connection(), id)?;
    let version = tx.record(Recorded {
        action,
        target: Target::Policy(id),
        touched: Vec::new(),
        before: before.map(audit::policy),
        after: Some(audit::policy(&after)),
    })?;
    tx.connection().prepare_cached("UPDATE policies SET version = ?2 WHERE id = ?1")?.execute((id.0.as_bytes(), version))?;
    Ok(Policy { version, ..after })
}

pub(super) fn write_permissions(connection: &Connection, id: PolicyId, permissions: &PermissionSet) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM policy_permissions WHERE policy = ?1")?.execute([id.0.as_bytes()])?;
    let mut insert = connection.prepare_cached("INSERT INTO policy_permissions (policy, permission) VALUES (?1, ?2)")?;
    for permission in permissions.iter() {
        insert.execute((id.0.as_bytes(), permission.as_str()))?;
    }
    Ok(())
}

/// What is newly granted must be declared; what was granted before may stay.
pub(super) fn require_declared(connection: &Connection, before: &PermissionSet, after: &PermissionSet) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM permissions WHERE full_name = ?1 AND declared = 1")?;
    let mut unknown = Vec::new();
    for permission in after.beyond(before) {
        if statement.query_row([permission.as_str()], |_| Ok(())).optional()?.is_none() {
            unknown.push(permission.clone());
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::UnknownPermissions(unknown)) }
}

fn require_version(policy: &Policy, wanted: Option<i64>) -> Result<(), StoreError> {
    match wanted {
        Some(version) if version != policy.version => Err(StoreError::VersionMismatch { current: policy.version }),
        _ => Ok(()),
    }
}

fn live_keys(connection: &Connection, id: PolicyId) -> Result<Vec<(KeyId, String)>, StoreError> {
    let keys = connection
        .prepare_cached("SELECT id, name FROM keys WHERE policy = ?1 AND revoked_at IS NULL ORDER BY id")?
        .query_map([id.0.as_bytes()], |row| Ok((KeyId::from_bytes(row.get(0)?), row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

fn name_taken(error: rusqlite::Error) -> StoreError {
    if is_taken(&error) { StoreError::Taken { what: What::Policy, field: "name" } } else { error.into() }
}
