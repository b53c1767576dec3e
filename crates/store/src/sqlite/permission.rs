//! Declared permissions on SQLite.

use std::collections::BTreeSet;

use async_trait::async_trait;
use keybearer_core::permission::{KEYBEARER, OwnPermission, ServiceName};
use rusqlite::{Connection, OptionalExtension, Row};

use super::tx::{Recorded, Tx};
use super::{Sqlite, row};
use crate::audit;
use crate::{Declaration, DeclaredPermission, Origin, Permissions, StoreError, Target};

const DECLARED: &str = "full_name, description, declared";
/// What no service declares any more is told of while a policy grants it.
const SHOWN: &str = "(declared = 1 OR EXISTS (SELECT 1 FROM policy_permissions WHERE permission = full_name))";

#[async_trait]
impl Permissions for Sqlite {
    async fn declare(&self, origin: Origin, declaration: Declaration) -> Result<Vec<DeclaredPermission>, StoreError> {
        self.writer.change(origin, move |tx| declare(tx, &declaration)).await
    }

    async fn permissions(&self) -> Result<Vec<DeclaredPermission>, StoreError> {
        self.readers
            .read(|connection| {
                let permissions = connection
                    .prepare_cached(&format!("SELECT {DECLARED} FROM permissions WHERE {SHOWN} ORDER BY full_name"))?
                    .query_map([], to_declared)?
                    .collect::<Result<_, _>>()?;
                Ok(permissions)
            })
            .await
    }
}

fn to_declared(row: &Row<'_>) -> rusqlite::Result<DeclaredPermission> {
    Ok(DeclaredPermission { permission: row::to_permission(row, 0)?, description: row.get(1)?, declared: row.get(2)? })
}

fn of_service(connection: &Connection, service: &ServiceName) -> Result<Vec<DeclaredPermission>, StoreError> {
    let permissions = connection
        .prepare_cached(&format!("SELECT {DECLARED} FROM permissions WHERE service = ?1 AND {SHOWN} ORDER BY full_name"))?
        .query_map([service.as_str()], to_declared)?
        .collect::<Result<_, _>>()?;
    Ok(permissions)
}

fn declare(tx: &mut Tx<'_>, declaration: &Declaration) -> Result<Vec<DeclaredPermission>, StoreError> {
    tx.authority()?.declare(&declaration.service)?;
    let spelled: Option<String> = tx
        .connection()
        .prepare_cached("SELECT name FROM services WHERE name_key = ?1")?
        .query_row([declaration.service.canonical()], |row| row.get(0))
        .optional()?;
    let is_new = spelled.is_none();
    match spelled {
        Some(spelled) if spelled != declaration.service.as_str() => return Err(StoreError::ServiceSpelledOtherwise(spelled)),
        Some(_) => {}
        None => {
            let service = &declaration.service;
            tx.connection().execute("INSERT INTO services (name, name_key) VALUES (?1, ?2)", (service.as_str(), service.canonical()))?;
        }
    }
    let before = of_service(tx.connection(), &declaration.service)?;
    let rows = declaration.permissions.iter().map(|(permission, description)| (permission.as_str(), description.as_str()));
    replace(tx.connection(), declaration.service.as_str(), rows)?;
    let after = of_service(tx.connection(), &declaration.service)?;
    if is_new || before != after {
        tx.record(Recorded {
            action: "permissions.declared",
            target: Target::Service(declaration.service.clone()),
            touched: Vec::new(),
            before: Some(audit::manifest(&before)),
            after: Some(audit::manifest(&after)),
        })?;
    }
    Ok(after)
}

/// Makes these the declared permissions of a service. Others stay while a policy grants them, marked as undeclared.
fn replace<'a>(connection: &Connection, service: &str, permissions: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), StoreError> {
    connection.execute("UPDATE permissions SET declared = 0 WHERE service = ?1", [service])?;
    for (full_name, description) in permissions {
        connection
            .prepare_cached(
                "INSERT INTO permissions (full_name, service, description, declared) VALUES (?1, ?2, ?3, 1)
                 ON CONFLICT (full_name) DO UPDATE SET description = excluded.description, declared = 1",
            )?
            .execute((full_name, service, description))?;
    }
    connection.execute(
        "DELETE FROM permissions WHERE service = ?1 AND declared = 0
         AND NOT EXISTS (SELECT 1 FROM policy_permissions WHERE permission = full_name)",
        [service],
    )?;
    Ok(())
}

/// Declares the permissions of Keybearer itself, as this version has them. Where they are declared already nothing is written, so that the
/// server also starts on a disk without room.
pub(super) fn declare_own(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction()?;
    let declared: BTreeSet<(String, String)> = transaction
        .prepare("SELECT full_name, description FROM permissions WHERE service = ?1 AND declared = 1")?
        .query_map([KEYBEARER], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    if declared == OwnPermission::ALL.iter().map(|own| (own.full_name().to_owned(), own.description().to_owned())).collect() {
        return Ok(());
    }
    transaction.execute("INSERT INTO services (name, name_key) VALUES (?1, ?1) ON CONFLICT DO NOTHING", [KEYBEARER])?;
    replace(&transaction, KEYBEARER, OwnPermission::ALL.iter().map(|own| (own.full_name(), own.description())))?;
    transaction.commit()?;
    Ok(())
}
