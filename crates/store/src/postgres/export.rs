//! Handing out all rows that make up the keys, while the database may be in use.

use futures_util::TryStreamExt;
use keybearer_core::account::AccountId;
use keybearer_core::permission::{KEYBEARER, ServiceName};
use keybearer_core::policy::PolicyId;
use tokio_postgres::Row;

use super::connection::Transaction;
use super::failure::Failure;
use super::value::{get, moment, moment_or_none, policy_id, unreadable};
use super::{contents, gate, permission, policy, row};
use crate::{AccountRow, Contents, OutgoingRow, PolicyRow, ServiceRow, StoreError};

/// As [`crate::Database::export`], of the state that this transaction sees.
pub(super) async fn export<E: From<StoreError>>(
    transaction: &Transaction,
    with_passwords: bool,
    begin: impl FnOnce(&Contents) -> Result<(), E>,
    mut each: impl FnMut(OutgoingRow) -> Result<(), E>,
) -> Result<Contents, E> {
    let contents = contents::of(transaction).await?;
    begin(&contents)?;
    for service in services(transaction).await? {
        each(OutgoingRow::Service(service))?;
    }
    let sql = format!("SELECT {}, password_hash, deleted_at FROM accounts ORDER BY id", row::ACCOUNT);
    stream(transaction, &sql, |row| Ok(OutgoingRow::Account(to_account(row, with_passwords)?)), &mut each).await?;
    for policy in policies(transaction).await? {
        each(OutgoingRow::Policy(policy))?;
    }
    for gate in gate::all(transaction).await? {
        each(OutgoingRow::Gate(gate))?;
    }
    keys(transaction, &mut each).await?;
    Ok(contents)
}

/// Hands out each row of an answer.
async fn stream<E: From<StoreError>>(
    transaction: &Transaction,
    sql: &str,
    read: impl Fn(&Row) -> Result<OutgoingRow, StoreError>,
    each: &mut impl FnMut(OutgoingRow) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |failure: Failure| StoreError::from(failure);
    let mut rows = transaction.stream(sql, &[]).await.map_err(failed)?;
    while let Some(row) = rows.try_next().await.map_err(|error| failed(error.into()))? {
        each(read(&row)?)?;
    }
    Ok(())
}

/// All services but Keybearer itself, which each version declares for itself.
async fn services(transaction: &Transaction) -> Result<Vec<ServiceRow>, StoreError> {
    let mut services = Vec::new();
    for name in transaction.query("SELECT name FROM services WHERE name <> $1 ORDER BY name", &[KEYBEARER.into()]).await? {
        services.push(service(transaction, get::<&str>(&name, 0)?.parse().map_err(unreadable)?).await?);
    }
    Ok(services)
}

/// A service as the store has it; without permissions where it is not there.
pub(super) async fn service(transaction: &Transaction, service: ServiceName) -> Result<ServiceRow, StoreError> {
    let sql = format!("SELECT {} FROM permissions WHERE service = $1 ORDER BY full_name", permission::DECLARED);
    let permissions = transaction.query(&sql, &[service.as_str().into()]).await?;
    let permissions = permissions.iter().map(permission::to_declared).collect::<Result<_, _>>()?;
    Ok(ServiceRow { service, permissions })
}

fn to_account(row: &Row, with_password: bool) -> Result<AccountRow, StoreError> {
    match moment_or_none(row, row::AFTER_ACCOUNT + 1)? {
        Some(deleted_at) => Ok(AccountRow::Deleted { id: AccountId(get(row, 0)?), created_at: moment(row, 9)?, deleted_at }),
        None => {
            let password_hash = if with_password { get(row, row::AFTER_ACCOUNT)? } else { None };
            Ok(AccountRow::Present { account: row::to_account(row)?, password_hash })
        }
    }
}

/// One account in whatever state, with its password.
pub(super) async fn account(transaction: &Transaction, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    let sql = format!("SELECT {}, password_hash, deleted_at FROM accounts WHERE id = $1", row::ACCOUNT);
    transaction.find(&sql, &[id.into()]).await?.map(|row| to_account(&row, true)).transpose()
}

const DELETED_POLICY: &str = "SELECT id, name, created_at, created_by, deleted_at FROM policies WHERE deleted_at IS NOT NULL";

async fn policies(transaction: &Transaction) -> Result<Vec<PolicyRow>, StoreError> {
    let mut rows: Vec<PolicyRow> = policy::all_alone(transaction).await?.into_iter().map(PolicyRow::Present).collect();
    for policy in transaction.query(&format!("{DELETED_POLICY} ORDER BY id"), &[]).await? {
        rows.push(to_deleted_policy(&policy)?);
    }
    Ok(rows)
}

/// A policy that is not there any more.
pub(super) async fn deleted_policy(transaction: &Transaction, id: PolicyId) -> Result<Option<PolicyRow>, StoreError> {
    let found = transaction.find(&format!("{DELETED_POLICY} AND id = $1"), &[id.into()]).await?;
    found.as_ref().map(to_deleted_policy).transpose()
}

fn to_deleted_policy(row: &Row) -> Result<PolicyRow, StoreError> {
    Ok(PolicyRow::Deleted {
        id: policy_id(row, 0)?,
        name: get(row, 1)?,
        created_at: moment(row, 2)?,
        created_by: get(row, 3)?,
        deleted_at: moment(row, 4)?,
    })
}

/// First those that no key made, then those that these made, and so on: the clock may have gone back, so ids alone are not enough.
async fn keys<E: From<StoreError>>(transaction: &Transaction, each: &mut impl FnMut(OutgoingRow) -> Result<(), E>) -> Result<(), E> {
    let (key, keys) = (row::KEY_OF_ALL, row::ALL_KEYS);
    let select = format!("SELECT {key}, (SELECT username FROM accounts WHERE accounts.id = owner) AS owner_name FROM {keys}");
    let first = format!("{select} WHERE created_by_key IS NULL ORDER BY id");
    let later = format!(
        "WITH RECURSIVE made (made_id, depth) AS (
             SELECT made.id, 1 FROM keys AS made JOIN keys AS maker ON made.created_by_key = maker.id WHERE maker.created_by_key IS NULL
             UNION ALL SELECT keys.id, depth + 1 FROM keys JOIN made ON keys.created_by_key = made_id)
         {select} JOIN made ON id = made_id ORDER BY depth, id"
    );
    let read = |row: &Row| Ok(OutgoingRow::Key { key: row::to_key(row)?, owner_name: get(row, row::AFTER_KEY)? });
    for sql in [first, later] {
        stream(transaction, &sql, read, each).await?;
    }
    Ok(())
}
