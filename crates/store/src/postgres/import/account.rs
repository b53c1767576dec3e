//! Accounts from elsewhere. They keep their numbers, since keys and events name them by these.

use keybearer_core::account::AccountId;
use keybearer_core::authority::Authority;
use keybearer_core::name::canonical;
use keybearer_core::role::{Level, USER};
use serde_json::{Value as Json, json};

use super::super::export;
use super::super::tx::{Recorded, Tx};
use super::super::value::get;
use super::{Stop, Taken};
use crate::{Account, AccountRow, RowRefusal, Target, What};
use crate::{audit, difference};

pub(super) async fn take(tx: &mut Tx, authority: &Authority, row: &AccountRow) -> Result<Taken, Stop> {
    if let Some(here) = export::account(tx.transaction(), row.id()).await? {
        return match difference::of_account(row, &here) {
            None => Ok(Taken::Present),
            Some(field) => Err(RowRefusal::Differs { what: "account", field }.into()),
        };
    }
    let last: i64 = get(&tx.transaction().one("SELECT last_account FROM counter WHERE id = 1", &[]).await?, 0)?;
    if row.id().0 <= last {
        return Err(RowRefusal::NumberSpent(row.id().0).into());
    }
    match row {
        AccountRow::Present { account, password_hash } => write(tx, authority, account, password_hash.as_ref()).await?,
        AccountRow::Deleted { id, created_at, deleted_at } => {
            authority.create_account(Level::NONE)?;
            let sql = "INSERT INTO accounts (id, role, status, consent, created_at, deleted_at) VALUES ($1, $2, 'blocked', FALSE, $3, $4)";
            tx.transaction().execute(sql, &[(*id).into(), USER.into(), (*created_at).into(), (*deleted_at).into()]).await?;
            let told = json!({"imported": true, "created_at": created_at, "deleted_at": deleted_at});
            record(tx, "account.deleted", *id, told).await?;
        }
    }
    tx.transaction().execute("UPDATE counter SET last_account = $1 WHERE id = 1", &[row.id().into()]).await?;
    Ok(Taken::Written)
}

async fn write(tx: &mut Tx, authority: &Authority, new: &Account, password_hash: Option<&String>) -> Result<(), Stop> {
    if !tx.roles().contains(&new.role) {
        return Err(RowRefusal::UnknownRole.into());
    }
    authority.create_account(tx.roles().level(&new.role))?;
    let username_key = canonical(&new.username);
    let taken = |field| Err(RowRefusal::Taken { what: What::Account, field }.into());
    if tx.transaction().find("SELECT 1 FROM accounts WHERE username_key = $1", &[(&username_key).into()]).await?.is_some() {
        return taken("username");
    }
    if let Some(external_id) = &new.external_id
        && tx
            .transaction()
            .find(
                "SELECT 1 FROM accounts WHERE issuer = coalesce($1, '') AND external_id = $2",
                &[(&new.issuer).into(), external_id.into()],
            )
            .await?
            .is_some()
    {
        return taken("external_id");
    }
    let metadata = Json::Object(new.metadata.clone()).to_string();
    tx.transaction()
        .execute(
            "INSERT INTO accounts (id, username, username_key, email, external_id, metadata, password_hash, role, status, consent, created_at,
             issuer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, coalesce($12, ''))",
            &[
                new.id.into(),
                (&new.username).into(),
                (&username_key).into(),
                (&new.email).into(),
                (&new.external_id).into(),
                (&metadata).into(),
                password_hash.map(String::as_str).into(),
                (&new.role).into(),
                new.status.as_str().into(),
                new.consent.into(),
                new.created_at.into(),
                (&new.issuer).into(),
            ],
        )
        .await?;
    let mut told = audit::account(&Account { has_password: password_hash.is_some(), ..new.clone() });
    told["imported"] = json!(true);
    told["created_at"] = json!(new.created_at);
    record(tx, "account.created", new.id, told).await
}

async fn record(tx: &mut Tx, action: &'static str, id: AccountId, after: Json) -> Result<(), Stop> {
    tx.record(Recorded { action, target: Target::Account(id), touched: Vec::new(), before: None, after: Some(after) }).await?;
    Ok(())
}
