//! What a database holds, for whoever only looks at it.

use std::collections::BTreeMap;

use keybearer_core::time::UnixMillis;

use super::connection::Transaction;
use super::migrate;
use super::value::{get, unreadable};
use crate::{Contents, StoreError};

pub(super) async fn of(transaction: &Transaction) -> Result<Contents, StoreError> {
    migrate::require_current(transaction).await?;
    let row = transaction
        .one(
            "SELECT (SELECT id FROM installation), (SELECT revision FROM counter WHERE id = 1),
                    (SELECT at FROM events ORDER BY revision DESC LIMIT 1),
                    (SELECT count(*) FROM accounts WHERE deleted_at IS NULL), (SELECT count(*) FROM keys),
                    (SELECT count(*) FROM policies WHERE deleted_at IS NULL)",
            &[],
        )
        .await?;
    let number = |column| get::<i64>(&row, column)?.try_into().map_err(unreadable);
    let mut peppers = BTreeMap::new();
    let sql = "SELECT version, fingerprint FROM peppers WHERE EXISTS (SELECT 1 FROM keys WHERE keys.pepper = peppers.version)";
    for pepper in transaction.query(sql, &[]).await? {
        peppers.insert(get::<i32>(&pepper, 0)?.try_into().map_err(unreadable)?, get(&pepper, 1)?);
    }
    let sql = "SELECT DISTINCT role FROM accounts WHERE deleted_at IS NULL AND status = 'active' ORDER BY role";
    let active_roles = transaction.query(sql, &[]).await?.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    Ok(Contents {
        installation: get(&row, 0)?,
        revision: get(&row, 1)?,
        last_change: get::<Option<i64>>(&row, 2)?.map(UnixMillis),
        schema: migrate::known(),
        peppers,
        accounts: number(3)?,
        keys: number(4)?,
        policies: number(5)?,
        active_roles,
    })
}
