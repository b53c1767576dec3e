//! When keys were last used: in their rows, and in one value what waits to be written there.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rusqlite::Connection;

use crate::StoreError;
use crate::waiting_uses::{packed, unpacked};

/// Writes uses into the rows of the keys, and what waits in place of what waited.
pub(super) fn record(connection: &Connection, used: &[(KeyId, UnixMillis)], waits: &[(KeyId, UnixMillis)]) -> Result<(), StoreError> {
    let mut update =
        connection.prepare_cached("UPDATE keys SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)")?;
    for (id, at) in used {
        update.execute((id.as_bytes(), at.0))?;
    }
    connection.prepare_cached("UPDATE waiting_uses SET uses = ?1 WHERE uses != ?1")?.execute([packed(waits)])?;
    Ok(())
}

/// Writes into the rows what waited when the server stopped. Returns whether there was room for it: a start needs none.
pub(super) fn settle_at_start(connection: &mut Connection) -> Result<bool, StoreError> {
    let settled = connection.transaction().map_err(StoreError::from).and_then(|transaction| {
        settle(&transaction)?;
        Ok(transaction.commit()?)
    });
    match settled {
        Ok(()) => Ok(true),
        Err(StoreError::Full) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes into the rows what waits.
pub(super) fn settle(connection: &Connection) -> Result<(), StoreError> {
    let packed: Vec<u8> = connection.query_row("SELECT uses FROM waiting_uses", [], |row| row.get(0))?;
    record(connection, &unpacked(&packed)?, &[])
}
