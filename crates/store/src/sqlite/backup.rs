//! Copying a database while it is in use, and reading what a copy must not bring back.

use std::collections::BTreeMap;
use std::path::Path;

use keybearer_core::account::AccountId;
use keybearer_core::key::Lifecycle;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{connect, gate, migrate, policy, row};
use crate::backup::{EventMark, ReplacedAccount, ReplacedKey};
use crate::{Contents, KeyHolder, Replaced, StoreError};

/// A connection that cannot write, beside whoever else uses the file.
pub(super) fn connect_read_only(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// Writes the state of one moment into `to`, an empty file.
pub(crate) fn copy(file: &Path, to: &Path) -> Result<Contents, StoreError> {
    let path = to.to_str().ok_or_else(|| StoreError::Unavailable(format!("{}: the path is not UTF-8", to.display())))?;
    connect_read_only(file)?.execute("VACUUM INTO ?1", [path])?;
    contents(to)
}

/// What a database holds. It is not changed.
pub(crate) fn contents(file: &Path) -> Result<Contents, StoreError> {
    let mut connection = connect_read_only(file)?;
    let transaction = connection.transaction()?;
    contents_of(&transaction)
}

/// What a database holds at the moment of this transaction.
pub(super) fn contents_of(transaction: &Connection) -> Result<Contents, StoreError> {
    migrate::require_current(transaction)?;
    let count = |sql| Ok::<u64, StoreError>(u64::try_from(transaction.query_row(sql, [], |row| row.get::<_, i64>(0))?).unwrap_or(0));
    let peppers = transaction
        .prepare("SELECT version, fingerprint FROM peppers WHERE EXISTS (SELECT 1 FROM keys WHERE keys.pepper = peppers.version)")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let active_roles = transaction
        .prepare("SELECT DISTINCT role FROM accounts WHERE deleted_at IS NULL AND status = 'active' ORDER BY role")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Contents {
        installation: installation(transaction)?,
        revision: transaction.query_row("SELECT revision FROM counter", [], |row| row.get(0))?,
        last_change: last_change(transaction)?,
        schema: transaction.query_row("SELECT max(version) FROM schema_migrations", [], |row| row.get(0))?,
        peppers,
        accounts: count("SELECT count(*) FROM accounts WHERE deleted_at IS NULL")?,
        keys: count("SELECT count(*) FROM keys")?,
        policies: count("SELECT count(*) FROM policies WHERE deleted_at IS NULL")?,
        active_roles,
    })
}

/// As [`require_sound`], of a file.
pub(crate) fn check(file: &Path) -> Result<(), StoreError> {
    require_sound(&connect_read_only(file)?)
}

/// Nothing of the file is damaged, as far as SQLite can tell.
pub(super) fn require_sound(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Unavailable(format!("the database is damaged: {verdict}")));
    }
    let dangling: Option<String> = connection.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()?;
    match dangling {
        Some(table) => Err(StoreError::Unavailable(format!("the database is damaged: rows of {table} refer to nothing"))),
        None => Ok(()),
    }
}

pub(super) fn installation(connection: &Connection) -> Result<Uuid, StoreError> {
    Ok(Uuid::from_bytes(connection.query_row("SELECT id FROM installation", [], |row| row.get(0))?))
}

/// When the last change was made.
fn last_change(connection: &Connection) -> Result<Option<UnixMillis>, StoreError> {
    let at = connection.query_row("SELECT at FROM events ORDER BY revision DESC LIMIT 1", [], |row| row.get(0)).optional()?;
    Ok(at.map(UnixMillis))
}

/// What tells each event from those of another history, by its revision.
pub(super) fn history(connection: &Connection) -> Result<BTreeMap<i64, EventMark>, StoreError> {
    let mut statement = connection.prepare("SELECT revision, at, actor, action, target, touched, request_id FROM events")?;
    let mark = |row: &rusqlite::Row<'_>| {
        let mut hash = Sha256::new();
        hash.update(row.get::<_, i64>(1)?.to_be_bytes());
        for column in 2..7 {
            let text = row.get_ref(column)?.as_bytes()?;
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        }
        Ok((row.get(0)?, hash.finalize().into()))
    };
    let marks = statement.query_map([], mark)?.collect::<Result<_, _>>()?;
    Ok(marks)
}

/// What events touched, as they name it, each with the last revision that did.
pub(super) fn touched(connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut statement = connection.prepare("SELECT revision, touched FROM events ORDER BY revision")?;
    let mut last = BTreeMap::new();
    for event in statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))? {
        let (revision, names) = event?;
        let names: Vec<String> = serde_json::from_str(&names).map_err(row::unreadable)?;
        last.extend(names.into_iter().map(|name| (name, revision)));
    }
    Ok(last)
}

/// Reads a whole store that is to be replaced. The process that calls must hold the lock of its data directory.
pub(crate) fn replaced(file: &Path) -> Result<Replaced, StoreError> {
    if !file.exists() {
        return Err(StoreError::Unavailable(format!("there is no {}", file.display())));
    }
    let mut connection = connect(file)?;
    require_sound(&connection)?;
    migrate::run(&mut connection)?;
    let transaction = connection.transaction()?;
    let last_account: Option<i64> =
        transaction.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'accounts'", [], |row| row.get(0)).optional()?;
    let replaced = Replaced {
        installation: installation(&transaction)?,
        revision: transaction.query_row("SELECT revision FROM counter", [], |row| row.get(0))?,
        history: history(&transaction)?,
        touched: touched(&transaction)?,
        last_account: last_account.unwrap_or(0),
        accounts: accounts(&transaction)?,
        policies: policies(&transaction)?,
        gates: gate::all(&transaction)?.into_iter().map(|gate| (gate.name.clone(), gate)).collect(),
        keys: keys(&transaction)?,
    };
    drop(transaction);
    // So that nothing of it is left in files beside it, which another database in its place would be read with.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(replaced)
}

fn accounts(connection: &Connection) -> Result<BTreeMap<AccountId, ReplacedAccount>, StoreError> {
    let mut found = BTreeMap::new();
    let mut deleted = connection.prepare("SELECT id FROM accounts WHERE deleted_at IS NOT NULL")?;
    for id in deleted.query_map([], |row| row.get(0))? {
        found.insert(AccountId(id?), ReplacedAccount::Deleted);
    }
    let mut present = connection.prepare(&format!("SELECT {}, password_hash FROM accounts WHERE deleted_at IS NULL", row::ACCOUNT))?;
    for account in present.query_map([], |row| Ok((row::to_account(row)?, row.get("password_hash")?)))? {
        let (account, password_hash) = account?;
        found.insert(account.id, ReplacedAccount::Present { account: Box::new(account), password_hash });
    }
    Ok(found)
}

fn policies(connection: &Connection) -> Result<BTreeMap<keybearer_core::policy::PolicyId, Option<crate::Policy>>, StoreError> {
    let mut found = BTreeMap::new();
    let mut deleted = connection.prepare("SELECT id FROM policies WHERE deleted_at IS NOT NULL")?;
    for id in deleted.query_map([], |row| row.get(0))? {
        found.insert(row::policy_id(id?), None);
    }
    found.extend(policy::all_alone(connection)?.into_iter().map(|policy| (policy.id, Some(policy))));
    Ok(found)
}

fn keys(connection: &Connection) -> Result<BTreeMap<KeyId, ReplacedKey>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT {} FROM keys", row::KEY))?;
    let mut found = BTreeMap::new();
    for key in statement.query_map([], row::to_key)? {
        let key = key?;
        let revoked = match key.lifecycle {
            Lifecycle::Revoked { at, reason, .. } => Some((at, reason)),
            Lifecycle::Live { .. } => None,
        };
        let policy = match key.holder {
            KeyHolder::Service { policy, .. } => Some(policy),
            KeyHolder::Account { .. } => None,
        };
        found.insert(key.id, ReplacedKey { revoked, policy });
    }
    Ok(found)
}
