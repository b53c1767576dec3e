//! Numbered migrations, run at start.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::StoreError;

/// All migrations in order: number, name, SQL. One that has been released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] =
    &[(1, "accounts_keys_policies", include_str!("../../migrations/sqlite/0001_accounts_keys_policies.sql"))];

/// Brings the schema up to date, all in one transaction, or refuses a newer one by name.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: Option<(i64, String)> = transaction
        .query_row("SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let known = MIGRATIONS.last().map_or(0, |migration| migration.0);
    let found = match last {
        Some((found, name)) if found > known => return Err(StoreError::NewerSchema { found, name, known }),
        Some((found, _)) => found,
        None => 0,
    };
    for (version, name, sql) in MIGRATIONS.iter().filter(|migration| migration.0 > found) {
        transaction.execute_batch(sql)?;
        transaction.execute("INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)", (version, name))?;
    }
    transaction.commit()?;
    Ok(())
}
