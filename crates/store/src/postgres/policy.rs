//! Policies on PostgreSQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use keybearer_core::key::RevocationReason;
use keybearer_core::permission::Permission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::token::KeyId;

use super::connection::Transaction;
use super::failure::Failure;
use super::tx::{Recorded, Tx};
use super::value::{Value, get, key_id, policy_id};
use super::{Postgres, row};
use crate::audit;
use crate::{Cascade, NewPolicy, Origin, Policies, Policy, PolicyChange, StoreError, Target, What};

#[async_trait]
impl Policies for Postgres {
    async fn create_policy(&self, origin: Origin, new: NewPolicy) -> Result<Policy, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(create(tx, new))).await
    }

    async fn change_policy(&self, origin: Origin, id: PolicyId, change: PolicyChange) -> Result<Policy, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(alter(tx, id, change))).await
    }

    async fn delete_policy(
        &self,
        origin: Origin,
        id: PolicyId,
        cascade: Cascade,
        if_version: Option<i64>,
    ) -> Result<Vec<KeyId>, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(delete(tx, id, cascade, if_version))).await
    }

    async fn policy(&self, id: PolicyId) -> Result<Policy, StoreError> {
        self.readers.read(move |transaction| Box::pin(row::policy(transaction, id))).await
    }

    async fn policies(&self) -> Result<Vec<Policy>, StoreError> {
        self.readers.read(|transaction| Box::pin(all(transaction))).await
    }
}

/// All policies that are not deleted, by name.
pub(super) async fn all(transaction: &Transaction) -> Result<Vec<Policy>, StoreError> {
    not_deleted(transaction, row::POLICY).await
}

/// The same without the number of their keys.
pub(super) async fn all_alone(transaction: &Transaction) -> Result<Vec<Policy>, StoreError> {
    not_deleted(transaction, row::POLICY_ALONE).await
}

async fn not_deleted(transaction: &Transaction, columns: &str) -> Result<Vec<Policy>, StoreError> {
    let mut granted: BTreeMap<PolicyId, Vec<_>> = BTreeMap::new();
    for pair in transaction.query("SELECT policy, permission FROM policy_permissions", &[]).await? {
        granted.entry(policy_id(&pair, 0)?).or_default().push(row::to_permission(&pair, 1)?);
    }
    let sql = format!("SELECT {columns} FROM policies WHERE deleted_at IS NULL ORDER BY name_key");
    let policies = transaction.query(&sql, &[]).await?;
    policies
        .iter()
        .map(|policy| {
            let policy = row::to_policy(policy)?;
            let permissions = granted.remove(&policy.id).unwrap_or_default().into_iter().collect();
            Ok(Policy { permissions, ..policy })
        })
        .collect()
}

async fn create(tx: &mut Tx, new: NewPolicy) -> Result<Policy, StoreError> {
    tx.authority().await?.write_policy(&PermissionSet::default(), &new.permissions)?;
    require_declared(tx.transaction(), &PermissionSet::default(), &new.permissions).await?;
    let created_by = tx.actor().to_string();
    tx.transaction()
        .execute(
            "INSERT INTO policies (id, name, name_key, created_at, created_by, version) VALUES ($1, $2, $3, $4, $5, 0)",
            &[new.id.into(), (&new.name).into(), (&new.name_key).into(), tx.now().into(), (&created_by).into()],
        )
        .await
        .map_err(name_taken)?;
    write_permissions(tx.transaction(), new.id, &new.permissions).await?;
    stamp(tx, "policy.created", new.id, None).await
}

async fn alter(tx: &mut Tx, id: PolicyId, change: PolicyChange) -> Result<Policy, StoreError> {
    let authority = tx.authority().await?;
    authority.write_policy(&PermissionSet::default(), &PermissionSet::default())?;
    let before = row::policy(tx.transaction(), id).await?;
    require_version(&before, change.if_version)?;
    let after = change.permissions.as_ref().unwrap_or(&before.permissions);
    authority.write_policy(&before.permissions, after)?;
    require_declared(tx.transaction(), &before.permissions, after).await?;
    let renamed = change.name.as_ref().filter(|(name, _)| *name != before.name);
    if renamed.is_none() && *after == before.permissions {
        return Ok(before);
    }
    if let Some((name, name_key)) = renamed {
        tx.transaction()
            .execute("UPDATE policies SET name = $2, name_key = $3 WHERE id = $1", &[id.into(), name.into(), name_key.into()])
            .await
            .map_err(name_taken)?;
    }
    if *after != before.permissions {
        write_permissions(tx.transaction(), id, after).await?;
    }
    stamp(tx, "policy.changed", id, Some(&before)).await
}

async fn delete(tx: &mut Tx, id: PolicyId, cascade: Cascade, if_version: Option<i64>) -> Result<Vec<KeyId>, StoreError> {
    let authority = tx.authority().await?;
    authority.delete_policy(&PermissionSet::default(), false)?;
    let policy = row::policy(tx.transaction(), id).await?;
    require_version(&policy, if_version)?;
    authority.delete_policy(&policy.permissions, policy.keys > 0)?;
    let doomed = live_keys(tx.transaction(), id).await?;
    if !cascade.covers(doomed.iter().map(|(key, _)| *key)) {
        return Err(StoreError::PolicyInUse(doomed));
    }
    let revoked = tx.revoke_all("policy", id.into(), RevocationReason::PolicyDeleted).await?;
    write_permissions(tx.transaction(), id, &PermissionSet::default()).await?;
    tx.transaction().execute("UPDATE policies SET deleted_at = $2 WHERE id = $1", &[id.into(), tx.now().into()]).await?;
    tx.record(Recorded {
        action: "policy.deleted",
        target: Target::Policy(id),
        touched: revoked.iter().copied().map(Target::Key).collect(),
        before: Some(audit::policy(&policy)),
        after: None,
    })
    .await?;
    Ok(revoked)
}

/// Records the change and gives the policy its new version. Returns it as it is now.
pub(super) async fn stamp(tx: &mut Tx, action: &'static str, id: PolicyId, before: Option<&Policy>) -> Result<Policy, StoreError> {
    let after = row::policy(tx.transaction(), id).await?;
    let version = tx
        .record(Recorded {
            action,
            target: Target::Policy(id),
            touched: Vec::new(),
            before: before.map(audit::policy),
            after: Some(audit::policy(&after)),
        })
        .await?;
    tx.transaction().execute("UPDATE policies SET version = $2 WHERE id = $1", &[id.into(), version.into()]).await?;
    Ok(Policy { version, ..after })
}

pub(super) async fn write_permissions(transaction: &Transaction, id: PolicyId, permissions: &PermissionSet) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM policy_permissions WHERE policy = $1", &[id.into()]).await?;
    let names = Value::Texts(permissions.iter().map(|permission| Some(permission.as_str())).collect());
    transaction.execute("INSERT INTO policy_permissions (policy, permission) SELECT $1, unnest($2)", &[id.into(), names]).await?;
    Ok(())
}

/// Which of these full names are known, by a condition on their rows.
pub(super) async fn unknown(
    transaction: &Transaction,
    permissions: impl Iterator<Item = &Permission>,
    condition: &str,
) -> Result<Vec<Permission>, StoreError> {
    let asked: Vec<&Permission> = permissions.collect();
    let names = Value::Texts(asked.iter().map(|permission| Some(permission.as_str())).collect());
    let sql = format!("SELECT full_name FROM permissions WHERE full_name = ANY($1) AND {condition}");
    let known = transaction.query(&sql, &[names]).await?;
    let known = known.iter().map(|row| get(row, 0)).collect::<Result<Vec<&str>, _>>()?;
    Ok(asked.into_iter().filter(|permission| !known.contains(&permission.as_str())).cloned().collect())
}

/// What is newly granted must be declared; what was granted before may stay.
pub(super) async fn require_declared(transaction: &Transaction, before: &PermissionSet, after: &PermissionSet) -> Result<(), StoreError> {
    let unknown = unknown(transaction, after.beyond(before), "declared").await?;
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::UnknownPermissions(unknown)) }
}

fn require_version(policy: &Policy, wanted: Option<i64>) -> Result<(), StoreError> {
    match wanted {
        Some(version) if version != policy.version => Err(StoreError::VersionMismatch { current: policy.version }),
        _ => Ok(()),
    }
}

async fn live_keys(transaction: &Transaction, id: PolicyId) -> Result<Vec<(KeyId, String)>, StoreError> {
    let sql = format!("SELECT id, name FROM keys WHERE policy = $1 AND {} ORDER BY id", row::IS_LIVE);
    let keys = transaction.query(&sql, &[id.into()]).await?;
    keys.iter().map(|row| Ok((key_id(row, 0)?, get(row, 1)?))).collect()
}

fn name_taken(failure: Failure) -> StoreError {
    if failure.is_taken() { StoreError::Taken { what: What::Policy, field: "name" } } else { failure.into() }
}
