//! When keys were last used: in their rows, and in one value what waits to be written there.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use uuid::Uuid;

use super::connection::{Pool, Purpose, Transaction};
use super::value::{Value, get};
use crate::StoreError;
use crate::waiting_uses::{packed, unpacked};

/// Writes uses into the rows of the keys, and what waits at this node in place of what waited there.
pub(super) async fn record(
    transaction: &Transaction,
    node: Uuid,
    used: Vec<(KeyId, UnixMillis)>,
    waits: Vec<(KeyId, UnixMillis)>,
) -> Result<(), StoreError> {
    write(transaction, used).await?;
    let sql = "INSERT INTO waiting_uses (node, uses) VALUES ($1, $2)
               ON CONFLICT (node) DO UPDATE SET uses = excluded.uses WHERE waiting_uses.uses != excluded.uses";
    transaction.execute(sql, &[Value::Id(Some(node)), Value::Bytes(&packed(&waits))]).await?;
    Ok(())
}

async fn write(transaction: &Transaction, used: Vec<(KeyId, UnixMillis)>) -> Result<(), StoreError> {
    let (ids, moments) = used.iter().map(|(id, at)| (Uuid::from_bytes(*id.as_bytes()), at.0)).unzip();
    transaction
        .execute(
            "UPDATE keys SET last_used_at = used.at FROM (SELECT id, max(at) AS at FROM unnest($1, $2) AS all_uses (id, at) GROUP BY id) AS used
             WHERE keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)",
            &[Value::Ids(ids), Value::Numbers(moments)],
        )
        .await?;
    Ok(())
}

/// Writes into the rows what waited when a server stopped. One that runs writes what waits there anew.
pub(super) async fn settle(pool: &Pool) -> Result<(), StoreError> {
    let transaction = pool.begin(Purpose::Bulk).await?;
    for waited in transaction.query("DELETE FROM waiting_uses RETURNING uses", &[]).await? {
        write(&transaction, unpacked(get(&waited, 0)?)?).await?;
    }
    Ok(transaction.commit().await?)
}
