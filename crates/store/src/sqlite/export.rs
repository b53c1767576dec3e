//! Handing out all rows that make up the keys, while the database may be in use.

use std::path::Path;

use keybearer_core::account::AccountId;
use keybearer_core::permission::{KEYBEARER, ServiceName};
use keybearer_core::time::UnixMillis;
use rusqlite::Connection;

use super::{backup, gate, policy, row};
use crate::{AccountRow, Contents, DeclaredPermission, OutgoingRow, PolicyRow, ServiceRow, StoreError};

/// As [`crate::export_sqlite`].
pub(crate) fn export<E: From<StoreError>>(
    file: &Path,
    with_passwords: bool,
    begin: impl FnOnce(&Contents) -> Result<(), E>,
    mut each: impl FnMut(OutgoingRow) -> Result<(), E>,
) -> Result<Contents, E> {
    let mut connection = backup::connect_read_only(file)?;
    let transaction = connection.transaction().map_err(StoreError::from)?;
    let contents = backup::contents_of(&transaction)?;
    begin(&contents)?;
    for service in services(&transaction)? {
        each(OutgoingRow::Service(service))?;
    }
    accounts(&transaction, with_passwords, &mut each)?;
    for policy in policies(&transaction)? {
        each(OutgoingRow::Policy(policy))?;
    }
    for gate in gate::all(&transaction)? {
        each(OutgoingRow::Gate(gate))?;
    }
    keys(&transaction, &mut each)?;
    Ok(contents)
}

/// All services but Keybearer itself, which each version declares for itself.
fn services(connection: &Connection) -> Result<Vec<ServiceRow>, StoreError> {
    let names: Vec<String> = connection
        .prepare("SELECT name FROM services WHERE name <> ?1 ORDER BY name")?
        .query_map([KEYBEARER], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    names.into_iter().map(|name| service(connection, name.parse().map_err(row::unreadable)?)).collect()
}

/// A service as the store has it; without permissions where it is not there.
pub(super) fn service(connection: &Connection, service: ServiceName) -> Result<ServiceRow, StoreError> {
    let to_declared = |row: &rusqlite::Row<'_>| {
        Ok(DeclaredPermission { permission: row::to_permission(row, 0)?, description: row.get(1)?, declared: row.get(2)? })
    };
    let permissions = connection
        .prepare_cached("SELECT full_name, description, declared FROM permissions WHERE service = ?1 ORDER BY full_name")?
        .query_map([service.as_str()], to_declared)?
        .collect::<Result<_, _>>()?;
    Ok(ServiceRow { service, permissions })
}

fn accounts<E: From<StoreError>>(
    connection: &Connection,
    with_passwords: bool,
    each: &mut impl FnMut(OutgoingRow) -> Result<(), E>,
) -> Result<(), E> {
    let sql = format!("SELECT {}, password_hash, deleted_at FROM accounts ORDER BY id", row::ACCOUNT);
    let mut statement = connection.prepare(&sql).map_err(StoreError::from)?;
    for account in statement.query_map([], |row| to_account(row, with_passwords)).map_err(StoreError::from)? {
        each(OutgoingRow::Account(account.map_err(StoreError::from)?))?;
    }
    Ok(())
}

fn to_account(row: &rusqlite::Row<'_>, with_password: bool) -> rusqlite::Result<AccountRow> {
    match row.get::<_, Option<i64>>("deleted_at")? {
        Some(at) => Ok(AccountRow::Deleted {
            id: AccountId(row.get("id")?),
            created_at: UnixMillis(row.get("created_at")?),
            deleted_at: UnixMillis(at),
        }),
        None => {
            let password_hash = if with_password { row.get("password_hash")? } else { None };
            Ok(AccountRow::Present { account: row::to_account(row)?, password_hash })
        }
    }
}

/// One account in whatever state, with its password.
pub(super) fn account(connection: &Connection, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
    let sql = format!("SELECT {}, password_hash, deleted_at FROM accounts WHERE id = ?1", row::ACCOUNT);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query_map([id.0], |row| to_account(row, true))?;
    Ok(found.next().transpose()?)
}

fn policies(connection: &Connection) -> Result<Vec<PolicyRow>, StoreError> {
    let mut rows: Vec<PolicyRow> = policy::all_alone(connection)?.into_iter().map(PolicyRow::Present).collect();
    let mut deleted =
        connection.prepare("SELECT id, name, created_at, created_by, deleted_at FROM policies WHERE deleted_at IS NOT NULL ORDER BY id")?;
    for policy in deleted.query_map([], to_deleted_policy)? {
        rows.push(policy?);
    }
    Ok(rows)
}

/// Of the columns id, name, created_at, created_by and deleted_at.
pub(super) fn to_deleted_policy(row: &rusqlite::Row<'_>) -> rusqlite::Result<PolicyRow> {
    Ok(PolicyRow::Deleted {
        id: row::policy_id(row.get(0)?),
        name: row.get(1)?,
        created_at: UnixMillis(row.get(2)?),
        created_by: row.get(3)?,
        deleted_at: UnixMillis(row.get(4)?),
    })
}

/// First those that no key made, then those that these made, and so on: the clock may have gone back, so ids alone are not enough.
fn keys<E: From<StoreError>>(connection: &Connection, each: &mut impl FnMut(OutgoingRow) -> Result<(), E>) -> Result<(), E> {
    let select = format!("SELECT {}, (SELECT username FROM accounts WHERE accounts.id = owner) AS owner_name FROM keys", row::KEY);
    let first = format!("{select} WHERE created_by_key IS NULL ORDER BY id");
    let later = format!(
        "WITH RECURSIVE made (made_id, depth) AS (
             SELECT made.id, 1 FROM keys AS made JOIN keys AS maker ON made.created_by_key = maker.id WHERE maker.created_by_key IS NULL
             UNION ALL SELECT keys.id, depth + 1 FROM keys JOIN made ON keys.created_by_key = made_id)
         {select} JOIN made ON id = made_id ORDER BY depth, id"
    );
    for sql in [first, later] {
        let mut statement = connection.prepare(&sql).map_err(StoreError::from)?;
        let read = |row: &rusqlite::Row<'_>| Ok(OutgoingRow::Key { key: row::to_key(row)?, owner_name: row.get("owner_name")? });
        for key in statement.query_map([], read).map_err(StoreError::from)? {
            each(key.map_err(StoreError::from)?)?;
        }
    }
    Ok(())
}
