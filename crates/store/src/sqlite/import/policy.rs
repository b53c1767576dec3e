//! Policies from elsewhere.

use keybearer_core::authority::Authority;
use keybearer_core::name::canonical;
use keybearer_core::permission::Permission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use serde_json::json;

use super::super::tx::{Recorded, Tx};
use super::super::{export, policy, row};
use super::{Stop, Taken};
use crate::difference;
use crate::{Policy, PolicyRow, RowRefusal, StoreError, Target, What};

pub(super) fn take(tx: &mut Tx<'_>, authority: &Authority, row: &PolicyRow) -> Result<Taken, Stop> {
    let id = match row {
        PolicyRow::Present(policy) => policy.id,
        PolicyRow::Deleted { id, .. } => *id,
    };
    if let Some(here) = known(tx, id)? {
        return match difference::of_policy(row, &here) {
            None => Ok(Taken::Present),
            Some(field) => Err(RowRefusal::Differs { what: "policy", field }.into()),
        };
    }
    match row {
        PolicyRow::Present(policy) => write(tx, authority, policy)?,
        PolicyRow::Deleted { id, name, created_at, created_by, deleted_at } => {
            authority.write_policy(&PermissionSet::default(), &PermissionSet::default())?;
            tx.connection()
                .prepare_cached(
                    "INSERT INTO policies (id, name, name_key, created_at, created_by, version, deleted_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
                )?
                .execute((id.0.as_bytes(), name, canonical(name), created_at.0, created_by, deleted_at.0))?;
            let told =
                json!({"imported": true, "name": name, "created_at": created_at, "created_by": created_by, "deleted_at": deleted_at});
            let (action, target) = ("policy.deleted", Target::Policy(*id));
            tx.record(Recorded { action, target, touched: Vec::new(), before: None, after: Some(told) })?;
        }
    }
    Ok(Taken::Written)
}

/// A policy as it is here, in whatever state.
fn known(tx: &Tx<'_>, id: PolicyId) -> Result<Option<PolicyRow>, StoreError> {
    match row::policy(tx.connection(), id) {
        Ok(policy) => return Ok(Some(PolicyRow::Present(policy))),
        Err(StoreError::NotFound(What::Policy)) => {}
        Err(error) => return Err(error),
    }
    let mut statement =
        tx.connection().prepare_cached("SELECT id, name, created_at, created_by, deleted_at FROM policies WHERE id = ?1")?;
    let mut found = statement.query_map([id.0.as_bytes()], export::to_deleted_policy)?;
    Ok(found.next().transpose()?)
}

fn write(tx: &mut Tx<'_>, authority: &Authority, new: &Policy) -> Result<(), Stop> {
    authority.write_policy(&PermissionSet::default(), &new.permissions)?;
    // What its service no longer declares may stay granted, and so may it come along.
    let mut statement = tx.connection().prepare_cached("SELECT 1 FROM permissions WHERE full_name = ?1")?;
    let mut unknown: Vec<Permission> = Vec::new();
    for permission in new.permissions.iter() {
        if !statement.exists([permission.as_str()])? {
            unknown.push(permission.clone());
        }
    }
    if !unknown.is_empty() {
        return Err(RowRefusal::UnknownPermissions(unknown).into());
    }
    let name_key = canonical(&new.name);
    let taken = "SELECT 1 FROM policies WHERE name_key = ?1 AND deleted_at IS NULL";
    if tx.connection().prepare_cached(taken)?.exists([&name_key])? {
        return Err(RowRefusal::Taken { what: What::Policy, field: "name" }.into());
    }
    tx.connection()
        .prepare_cached("INSERT INTO policies (id, name, name_key, created_at, created_by, version) VALUES (?1, ?2, ?3, ?4, ?5, 0)")?
        .execute((new.id.0.as_bytes(), &new.name, name_key, new.created_at.0, &new.created_by))?;
    policy::write_permissions(tx.connection(), new.id, &new.permissions)?;
    policy::stamp(tx, "policy.created", new.id, None)?;
    Ok(())
}
