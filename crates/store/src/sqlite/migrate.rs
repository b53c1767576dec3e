//! Numbered migrations, run at start.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::StoreError;

/// All migrations in order: number, name, SQL. One that has been released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "accounts_keys_policies", include_str!("../../migrations/sqlite/0001_accounts_keys_policies.sql")),
    (2, "installation", include_str!("../../migrations/sqlite/0002_installation.sql")),
    (3, "retention", include_str!("../../migrations/sqlite/0003_retention.sql")),
    (4, "verifications", include_str!("../../migrations/sqlite/0004_verifications.sql")),
    (5, "key_lists", include_str!("../../migrations/sqlite/0005_key_lists.sql")),
    (6, "waiting_uses", include_str!("../../migrations/sqlite/0006_waiting_uses.sql")),
    (7, "nodes", include_str!("../../migrations/sqlite/0007_nodes.sql")),
    (8, "gates", include_str!("../../migrations/sqlite/0008_gates.sql")),
    (9, "counted_keys", include_str!("../../migrations/sqlite/0009_counted_keys.sql")),
    (10, "joined", include_str!("../../migrations/sqlite/0010_joined.sql")),
    (11, "key_holders", include_str!("../../migrations/sqlite/0011_key_holders.sql")),
    (12, "revocations", include_str!("../../migrations/sqlite/0012_revocations.sql")),
    (13, "lone_revocations", include_str!("../../migrations/sqlite/0013_lone_revocations.sql")),
];

/// Brings the schema up to date, all in one transaction, or refuses a newer one by name.
pub(super) fn run(connection: &mut Connection) -> Result<(), StoreError> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = last_run(&transaction)?;
    for (version, name, sql) in MIGRATIONS.iter().filter(|migration| migration.0 > found) {
        transaction.execute_batch(sql)?;
        transaction.execute("INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)", (version, name))?;
    }
    transaction.commit()?;
    Ok(())
}

/// All migrations were run here, and no others. For those who only read.
pub(super) fn require_current(connection: &Connection) -> Result<(), StoreError> {
    match last_run(connection)? {
        found if found == known() => Ok(()),
        found => Err(StoreError::Unavailable(format!(
            "the database has schema {found}, this binary has {}: start the server with this binary once, which brings it up to date",
            known()
        ))),
    }
}

fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.0)
}

/// The number of the last migration that was run here, 0 for none; refuses one that this binary does not know.
fn last_run(connection: &Connection) -> Result<i64, StoreError> {
    let last: Option<(i64, String)> = connection
        .query_row("SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match last {
        Some((found, name)) if found > known() => Err(StoreError::NewerSchema { found, name, known: known() }),
        Some((found, _)) => Ok(found),
        None => Ok(0),
    }
}
