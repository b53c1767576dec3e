//! Policies from elsewhere.

use keybearer_core::authority::Authority;
use keybearer_core::name::canonical;
use keybearer_core::policy::{PermissionSet, PolicyId};
use serde_json::json;

use super::super::tx::{Recorded, Tx};
use super::super::{export, policy, row};
use super::{Stop, Taken};
use crate::difference;
use crate::{Policy, PolicyRow, RowRefusal, StoreError, Target, What};

pub(super) async fn take(tx: &mut Tx, authority: &Authority, row: &PolicyRow) -> Result<Taken, Stop> {
    let id = match row {
        PolicyRow::Present(policy) => policy.id,
        PolicyRow::Deleted { id, .. } => *id,
    };
    if let Some(here) = known(tx, id).await? {
        return match difference::of_policy(row, &here) {
            None => Ok(Taken::Present),
            Some(field) => Err(RowRefusal::Differs { what: "policy", field }.into()),
        };
    }
    match row {
        PolicyRow::Present(policy) => write(tx, authority, policy).await?,
        PolicyRow::Deleted { id, name, created_at, created_by, deleted_at } => {
            authority.write_policy(&PermissionSet::default(), &PermissionSet::default())?;
            let name_key = canonical(name);
            tx.transaction()
                .execute(
                    "INSERT INTO policies (id, name, name_key, created_at, created_by, version, deleted_at) VALUES ($1, $2, $3, $4, $5, 0, $6)",
                    &[(*id).into(), name.into(), (&name_key).into(), (*created_at).into(), created_by.into(), (*deleted_at).into()],
                )
                .await?;
            let told =
                json!({"imported": true, "name": name, "created_at": created_at, "created_by": created_by, "deleted_at": deleted_at});
            let (action, target) = ("policy.deleted", Target::Policy(*id));
            tx.record(Recorded { action, target, touched: Vec::new(), before: None, after: Some(told) }).await?;
        }
    }
    Ok(Taken::Written)
}

/// A policy as it is here, in whatever state.
async fn known(tx: &Tx, id: PolicyId) -> Result<Option<PolicyRow>, StoreError> {
    match row::policy(tx.transaction(), id).await {
        Ok(policy) => Ok(Some(PolicyRow::Present(policy))),
        Err(StoreError::NotFound(What::Policy)) => export::deleted_policy(tx.transaction(), id).await,
        Err(error) => Err(error),
    }
}

async fn write(tx: &mut Tx, authority: &Authority, new: &Policy) -> Result<(), Stop> {
    authority.write_policy(&PermissionSet::default(), &new.permissions)?;
    // What its service no longer declares may stay granted, and so may it come along.
    let unknown = policy::unknown(tx.transaction(), new.permissions.iter(), "TRUE").await?;
    if !unknown.is_empty() {
        return Err(RowRefusal::UnknownPermissions(unknown).into());
    }
    let name_key = canonical(&new.name);
    let taken = "SELECT 1 FROM policies WHERE name_key = $1 AND deleted_at IS NULL";
    if tx.transaction().find(taken, &[(&name_key).into()]).await?.is_some() {
        return Err(RowRefusal::Taken { what: What::Policy, field: "name" }.into());
    }
    tx.transaction()
        .execute(
            "INSERT INTO policies (id, name, name_key, created_at, created_by, version) VALUES ($1, $2, $3, $4, $5, 0)",
            &[new.id.into(), (&new.name).into(), (&name_key).into(), new.created_at.into(), (&new.created_by).into()],
        )
        .await?;
    policy::write_permissions(tx.transaction(), new.id, &new.permissions).await?;
    policy::stamp(tx, "policy.created", new.id, None).await?;
    Ok(())
}
