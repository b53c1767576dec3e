//! Accounts from elsewhere. They keep their numbers, since keys and events name them by these.

use keybearer_core::account::AccountId;
use keybearer_core::authority::Authority;
use keybearer_core::name::canonical;
use keybearer_core::role::{Level, USER};
use rusqlite::OptionalExtension;
use serde_json::{Value, json};

use super::super::export;
use super::super::tx::{Recorded, Tx};
use super::{Stop, Taken};
use crate::{Account, AccountRow, RowRefusal, Target, What};
use crate::{audit, difference};

pub(super) fn take(tx: &mut Tx<'_>, authority: &Authority, row: &AccountRow) -> Result<Taken, Stop> {
    if let Some(here) = export::account(tx.connection(), row.id())? {
        return match difference::of_account(row, &here) {
            None => Ok(Taken::Present),
            Some(field) => Err(RowRefusal::Differs { what: "account", field }.into()),
        };
    }
    let last: Option<i64> = tx
        .connection()
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'accounts'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if last.is_some_and(|last| row.id().0 <= last) {
        return Err(RowRefusal::NumberSpent(row.id().0).into());
    }
    match row {
        AccountRow::Present { account, password_hash } => write(tx, authority, account, password_hash.as_ref())?,
        AccountRow::Deleted { id, created_at, deleted_at } => {
            authority.create_account(Level::NONE)?;
            tx.connection()
                .prepare_cached(
                    "INSERT INTO accounts (id, role, status, consent, created_at, deleted_at) VALUES (?1, ?2, 'blocked', 0, ?3, ?4)",
                )?
                .execute((id.0, USER, created_at.0, deleted_at.0))?;
            let told = json!({"imported": true, "created_at": created_at, "deleted_at": deleted_at});
            record(tx, "account.deleted", *id, told)?;
        }
    }
    Ok(Taken::Written)
}

fn write(tx: &mut Tx<'_>, authority: &Authority, new: &Account, password_hash: Option<&String>) -> Result<(), Stop> {
    if !tx.roles().contains(&new.role) {
        return Err(RowRefusal::UnknownRole.into());
    }
    authority.create_account(tx.roles().level(&new.role))?;
    let username_key = canonical(&new.username);
    let has = |sql: &str, value: &str| tx.connection().prepare_cached(sql)?.exists([value]);
    let taken = |field| Err(RowRefusal::Taken { what: What::Account, field }.into());
    if has("SELECT 1 FROM accounts WHERE username_key = ?1", &username_key)? {
        return taken("username");
    }
    if let Some(external_id) = &new.external_id
        && tx
            .connection()
            .prepare_cached("SELECT 1 FROM accounts WHERE issuer = coalesce(?1, '') AND external_id = ?2")?
            .exists((&new.issuer, external_id))?
    {
        return taken("external_id");
    }
    tx.connection()
        .prepare_cached(
            "INSERT INTO accounts (id, username, username_key, email, external_id, metadata, password_hash, role, status, consent, created_at,
             issuer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, coalesce(?12, ''))",
        )?
        .execute((
            new.id.0,
            &new.username,
            username_key,
            &new.email,
            &new.external_id,
            Value::Object(new.metadata.clone()).to_string(),
            password_hash,
            &new.role,
            new.status.as_str(),
            new.consent,
            new.created_at.0,
            &new.issuer,
        ))?;
    let mut told = audit::account(&Account { has_password: password_hash.is_some(), ..new.clone() });
    told["imported"] = json!(true);
    told["created_at"] = json!(new.created_at);
    record(tx, "account.created", new.id, told)
}

fn record(tx: &mut Tx<'_>, action: &'static str, id: AccountId, after: Value) -> Result<(), Stop> {
    tx.record(Recorded { action, target: Target::Account(id), touched: Vec::new(), before: None, after: Some(after) })?;
    Ok(())
}
