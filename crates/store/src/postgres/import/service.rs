//! Manifests from elsewhere.

use keybearer_core::authority::Authority;
use serde_json::json;

use super::super::tx::{Recorded, Tx};
use super::super::{export, permission};
use super::{Stop, Taken};
use crate::{RowRefusal, ServiceRow, Target};

/// Declares what a service declares elsewhere. One that is here keeps its own manifest: the service itself brings the next.
pub(super) async fn take(tx: &mut Tx, authority: &Authority, row: &ServiceRow) -> Result<Taken, Stop> {
    authority.declare(&row.service)?;
    if let Some(spelled) = permission::spelling(tx.transaction(), &row.service).await? {
        let differs = |field| Err(RowRefusal::Differs { what: "service", field }.into());
        if spelled != row.service.as_str() {
            return differs("spelling");
        }
        let mut permissions = row.permissions.clone();
        permissions.sort_by(|one, other| one.permission.cmp(&other.permission));
        let here = export::service(tx.transaction(), row.service.clone()).await?;
        return if here.permissions == permissions { Ok(Taken::Present) } else { differs("manifest") };
    }
    permission::add_service(tx.transaction(), &row.service).await?;
    for one in &row.permissions {
        let sql = "INSERT INTO permissions (full_name, service, description, declared) VALUES ($1, $2, $3, $4)";
        let values = [one.permission.as_str().into(), row.service.as_str().into(), (&one.description).into(), one.declared.into()];
        tx.transaction().execute(sql, &values).await?;
    }
    let names = |declared| -> Vec<&str> {
        row.permissions.iter().filter(|one| one.declared == declared).map(|one| one.permission.as_str()).collect()
    };
    let after = json!({"declared": names(true), "undeclared": names(false), "imported": true});
    tx.record(Recorded {
        action: "permissions.declared",
        target: Target::Service(row.service.clone()),
        touched: Vec::new(),
        before: Some(json!({"declared": [], "undeclared": []})),
        after: Some(after),
    })
    .await?;
    Ok(Taken::Written)
}
