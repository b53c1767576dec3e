//! Numbered migrations, run at start. Numbers and names are those of the other engine.

use super::connection::{Pool, Purpose, Transaction};
use super::failure::Failure;
use super::value::get;
use crate::StoreError;

/// All migrations in order: number, name, SQL. One that has been released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "accounts_keys_policies", include_str!("../../migrations/postgres/0001_accounts_keys_policies.sql")),
    (2, "installation", include_str!("../../migrations/postgres/0002_installation.sql")),
    (3, "retention", include_str!("../../migrations/postgres/0003_retention.sql")),
    (4, "verifications", include_str!("../../migrations/postgres/0004_verifications.sql")),
    (5, "key_lists", include_str!("../../migrations/postgres/0005_key_lists.sql")),
    (6, "waiting_uses", include_str!("../../migrations/postgres/0006_waiting_uses.sql")),
    (7, "nodes", include_str!("../../migrations/postgres/0007_nodes.sql")),
    (8, "gates", include_str!("../../migrations/postgres/0008_gates.sql")),
    (9, "counted_keys", include_str!("../../migrations/postgres/0009_counted_keys.sql")),
    (10, "joined", include_str!("../../migrations/postgres/0010_joined.sql")),
    (11, "key_holders", include_str!("../../migrations/postgres/0011_key_holders.sql")),
    (12, "revocations", include_str!("../../migrations/postgres/0012_revocations.sql")),
    (13, "lone_revocations", include_str!("../../migrations/postgres/0013_lone_revocations.sql")),
];

/// What two processes that migrate at once agree on, so that one waits for the other: "keybear" and 0, as bytes.
const LOCK: i64 = 0x6b65_7962_6561_7200;

/// Brings the schema up to date, all in one transaction, or refuses a newer one by name.
pub(super) async fn run(pool: &Pool) -> Result<(), StoreError> {
    let transaction = pool.begin(Purpose::Bulk).await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[LOCK.into()]).await?;
    transaction.batch("CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL)").await?;
    let found = last_run(&transaction).await?;
    for (version, name, sql) in MIGRATIONS.iter().filter(|migration| migration.0 > found) {
        transaction.batch(sql).await.map_err(|failure| stopped(failure, *version, name))?;
        let values = [(*version).into(), (*name).into()];
        transaction.execute("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", &values).await?;
    }
    Ok(transaction.commit().await?)
}

/// Why a migration was not run.
fn stopped(failure: Failure, version: i64, name: &str) -> StoreError {
    if !failure.is_of_lock() {
        return failure.into();
    }
    StoreError::Unavailable(format!(
        "somebody else is busy with the tables that schema {version} ({name}) changes, such as pg_dump: nothing was changed. Start again when \
         that has ended: {}",
        StoreError::from(failure)
    ))
}

/// All migrations were run here, and no others. For those who only read.
pub(super) async fn require_current(transaction: &Transaction) -> Result<(), StoreError> {
    match last_run(transaction).await? {
        found if found == known() => Ok(()),
        found => Err(StoreError::Unavailable(format!(
            "the database has schema {found}, this binary has {}: start the server with this binary once, which brings it up to date",
            known()
        ))),
    }
}

/// The number of the last migration that this binary has.
pub(super) fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.0)
}

/// The number of the last migration that was run here, 0 for none; refuses one that this binary does not know.
async fn last_run(transaction: &Transaction) -> Result<i64, StoreError> {
    let last = transaction.find("SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1", &[]).await;
    match last {
        Err(failure) if failure.is_undefined_table() => Ok(0),
        last => match last?.map(|row| Ok::<_, StoreError>((get::<i64>(&row, 0)?, get::<String>(&row, 1)?))).transpose()? {
            Some((found, name)) if found > known() => Err(StoreError::NewerSchema { found, name, known: known() }),
            Some((found, _)) => Ok(found),
            None => Ok(0),
        },
    }
}
