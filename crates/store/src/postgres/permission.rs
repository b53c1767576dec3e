//! Declared permissions on PostgreSQL.

use std::collections::BTreeSet;

use async_trait::async_trait;
use keybearer_core::permission::{KEYBEARER, OwnPermission, ServiceName};
use tokio_postgres::Row;

use super::connection::{Pool, Purpose, Transaction};
use super::tx::{Recorded, Tx};
use super::value::{Value, get};
use super::{Postgres, row};
use crate::audit;
use crate::{Declaration, DeclaredPermission, Origin, Permissions, StoreError, Target};

pub(super) const DECLARED: &str = "full_name, description, declared";
/// What no service declares any more is told of while a policy grants it.
const SHOWN: &str = "(declared OR EXISTS (SELECT 1 FROM policy_permissions WHERE permission = full_name))";

#[async_trait]
impl Permissions for Postgres {
    async fn declare(&self, origin: Origin, declaration: Declaration) -> Result<Vec<DeclaredPermission>, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(declare(tx, declaration))).await
    }

    async fn permissions(&self) -> Result<Vec<DeclaredPermission>, StoreError> {
        self.readers.read(|transaction| Box::pin(all(transaction))).await
    }
}

pub(super) fn to_declared(row: &Row) -> Result<DeclaredPermission, StoreError> {
    Ok(DeclaredPermission { permission: row::to_permission(row, 0)?, description: get(row, 1)?, declared: get(row, 2)? })
}

async fn all(transaction: &Transaction) -> Result<Vec<DeclaredPermission>, StoreError> {
    let sql = format!("SELECT {DECLARED} FROM permissions WHERE {SHOWN} ORDER BY full_name");
    transaction.query(&sql, &[]).await?.iter().map(to_declared).collect()
}

async fn of_service(transaction: &Transaction, service: &ServiceName) -> Result<Vec<DeclaredPermission>, StoreError> {
    let sql = format!("SELECT {DECLARED} FROM permissions WHERE service = $1 AND {SHOWN} ORDER BY full_name");
    transaction.query(&sql, &[service.as_str().into()]).await?.iter().map(to_declared).collect()
}

/// How a service is spelled here, where it is.
pub(super) async fn spelling(transaction: &Transaction, service: &ServiceName) -> Result<Option<String>, StoreError> {
    let canonical = service.canonical();
    let found = transaction.find("SELECT name FROM services WHERE name_key = $1", &[(&canonical).into()]).await?;
    found.map(|row| get(&row, 0)).transpose()
}

pub(super) async fn add_service(transaction: &Transaction, service: &ServiceName) -> Result<(), StoreError> {
    let canonical = service.canonical();
    transaction.execute("INSERT INTO services (name, name_key) VALUES ($1, $2)", &[service.as_str().into(), (&canonical).into()]).await?;
    Ok(())
}

async fn declare(tx: &mut Tx, declaration: Declaration) -> Result<Vec<DeclaredPermission>, StoreError> {
    tx.authority().await?.declare(&declaration.service)?;
    let spelled = spelling(tx.transaction(), &declaration.service).await?;
    let is_new = spelled.is_none();
    match spelled {
        Some(spelled) if spelled != declaration.service.as_str() => return Err(StoreError::ServiceSpelledOtherwise(spelled)),
        Some(_) => {}
        None => add_service(tx.transaction(), &declaration.service).await?,
    }
    let before = of_service(tx.transaction(), &declaration.service).await?;
    let rows = declaration.permissions.iter().map(|(permission, description)| (permission.as_str(), description.as_str()));
    replace(tx.transaction(), declaration.service.as_str(), rows).await?;
    let after = of_service(tx.transaction(), &declaration.service).await?;
    if is_new || before != after {
        tx.record(Recorded {
            action: "permissions.declared",
            target: Target::Service(declaration.service.clone()),
            touched: Vec::new(),
            before: Some(audit::manifest(&before)),
            after: Some(audit::manifest(&after)),
        })
        .await?;
    }
    Ok(after)
}

/// Makes these the declared permissions of a service. Others stay while a policy grants them, marked as undeclared.
async fn replace<'a>(
    transaction: &Transaction,
    service: &str,
    permissions: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), StoreError> {
    transaction.execute("UPDATE permissions SET declared = FALSE WHERE service = $1", &[service.into()]).await?;
    let (names, descriptions): (Vec<_>, Vec<_>) = permissions.map(|(name, description)| (Some(name), Some(description))).unzip();
    transaction
        .execute(
            "INSERT INTO permissions (full_name, service, description, declared)
             SELECT full_name, $1, description, TRUE FROM unnest($2, $3) AS new (full_name, description)
             ON CONFLICT (full_name) DO UPDATE SET description = excluded.description, declared = TRUE",
            &[service.into(), Value::Texts(names), Value::Texts(descriptions)],
        )
        .await?;
    transaction
        .execute(
            "DELETE FROM permissions WHERE service = $1 AND NOT declared
             AND NOT EXISTS (SELECT 1 FROM policy_permissions WHERE permission = full_name)",
            &[service.into()],
        )
        .await?;
    Ok(())
}

/// Declares the permissions of Keybearer itself, as this version has them. Where they are declared already nothing is written, so that the
/// server also starts on a disk without room.
pub(super) async fn declare_own(pool: &Pool) -> Result<(), StoreError> {
    let transaction = pool.begin(Purpose::Change).await?;
    let sql = "SELECT full_name, description FROM permissions WHERE service = $1 AND declared";
    let declared: BTreeSet<(String, String)> = transaction
        .query(sql, &[KEYBEARER.into()])
        .await?
        .iter()
        .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
        .collect::<Result<_, StoreError>>()?;
    if declared == OwnPermission::ALL.iter().map(|own| (own.full_name().to_owned(), own.description().to_owned())).collect() {
        return transaction.roll_back().await;
    }
    transaction.execute("INSERT INTO services (name, name_key) VALUES ($1, $1) ON CONFLICT DO NOTHING", &[KEYBEARER.into()]).await?;
    replace(&transaction, KEYBEARER, OwnPermission::ALL.iter().map(|own| (own.full_name(), own.description()))).await?;
    Ok(transaction.commit().await?)
}
