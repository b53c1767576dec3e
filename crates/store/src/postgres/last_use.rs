//! When keys were last used: in their rows, and in one value what waits to be written there.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use uuid::Uuid;

use super::connection::{Pool, Purpose, Transaction};
use super::value::{Value, get};
use crate::StoreError;
use crate::waiting_uses::{packed, unpacked};

/// Writes uses into the rows of the keys, and what waits in place of what waited.
pub(super) async fn record(
    transaction: &Transaction,
    used: Vec<(KeyId, UnixMillis)>,
    waits: Vec<(KeyId, UnixMillis)>,
) -> Result<(), StoreError> {
    let (ids, moments) = used.iter().map(|(id, at)| (Uuid::from_bytes(*id.as_bytes()), at.0)).unzip();
    transaction
        .execute(
            "UPDATE keys SET last_used_at = used.at FROM (SELECT id, max(at) AS at FROM unnest($1, $2) AS all_uses (id, at) GROUP BY id) AS used
             WHERE keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)",
            &[Value::Ids(ids), Value::Numbers(moments)],
        )
        .await?;
    transaction.execute("UPDATE waiting_uses SET uses = $1 WHERE uses != $1", &[Value::Bytes(&packed(&waits))]).await?;
    Ok(())
}

/// Writes into the rows what waited when the server stopped.
pub(super) async fn settle(pool: &Pool) -> Result<(), StoreError> {
    let transaction = pool.begin(Purpose::Bulk).await?;
    let waited = transaction.one("SELECT uses FROM waiting_uses", &[]).await?;
    record(&transaction, unpacked(get(&waited, 0)?)?, Vec::new()).await?;
    Ok(transaction.commit().await?)
}
