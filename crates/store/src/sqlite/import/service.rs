//! Manifests from elsewhere.

use keybearer_core::authority::Authority;
use rusqlite::OptionalExtension;
use serde_json::json;

use super::super::export;
use super::super::tx::{Recorded, Tx};
use super::{Stop, Taken};
use crate::{RowRefusal, ServiceRow, Target};

/// Declares what a service declares elsewhere. One that is here keeps its own manifest: the service itself brings the next.
pub(super) fn take(tx: &mut Tx<'_>, authority: &Authority, row: &ServiceRow) -> Result<Taken, Stop> {
    authority.declare(&row.service)?;
    let spelled: Option<String> = tx
        .connection()
        .prepare_cached("SELECT name FROM services WHERE name_key = ?1")?
        .query_row([row.service.canonical()], |row| row.get(0))
        .optional()?;
    if let Some(spelled) = spelled {
        let differs = |field| Err(RowRefusal::Differs { what: "service", field }.into());
        if spelled != row.service.as_str() {
            return differs("spelling");
        }
        let mut permissions = row.permissions.clone();
        permissions.sort_by(|one, other| one.permission.cmp(&other.permission));
        let here = export::service(tx.connection(), row.service.clone())?;
        return if here.permissions == permissions { Ok(Taken::Present) } else { differs("manifest") };
    }
    tx.connection()
        .prepare_cached("INSERT INTO services (name, name_key) VALUES (?1, ?2)")?
        .execute((row.service.as_str(), row.service.canonical()))?;
    for one in &row.permissions {
        tx.connection()
            .prepare_cached("INSERT INTO permissions (full_name, service, description, declared) VALUES (?1, ?2, ?3, ?4)")?
            .execute((one.permission.as_str(), row.service.as_str(), &one.description, one.declared))?;
    }
    let names = |declared| -> Vec<&str> {
        row.permissions.iter().filter(|one| one.declared == declared).map(|one| one.permission.as_str()).collect()
    };
    tx.record(Recorded {
        action: "permissions.declared",
        target: Target::Service(row.service.clone()),
        touched: Vec::new(),
        before: Some(json!({"declared": [], "undeclared": []})),
        after: Some(json!({"declared": names(true), "undeclared": names(false), "imported": true})),
    })?;
    Ok(Taken::Written)
}
