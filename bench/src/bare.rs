//! Rows that one thread writes through the driver alone, into the schema of the store and by its settings: what changes are measured beside.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement, Transaction, TransactionBehavior, params_from_iter};

const KEYS: &str = "id, kind, name, name_key, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, \
                    created_by_key, expires_at, revoked_at, revoked_reason, last_used_at";
const EVENTS: &str = "revision, at, actor, action, target, touched, before, after, request_id";
/// What keys name, in the order in which it may be written.
const HOLDERS: [&str; 4] = ["peppers", "accounts", "policies", "policy_permissions"];

/// A database that nobody else uses.
pub struct Bare {
    connection: Connection,
    /// Whether each key is written with its event and the counter, as Keybearer does.
    with_events: bool,
}

/// Keys, and the events that tell of them.
#[derive(Default)]
pub struct Rows {
    keys: Vec<Vec<Value>>,
    events: Vec<Vec<Value>>,
}

impl Rows {
    /// How many keys.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }
}

impl Bare {
    /// Opens a database as the store does.
    ///
    /// # Panics
    /// Where it cannot be opened.
    #[must_use]
    pub fn open(database: &Path, with_events: bool) -> Self {
        let connection = Connection::open(database).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        Self { connection, with_events }
    }

    /// With as much of it in memory as an import of the store has, in KiB.
    ///
    /// # Panics
    /// Where the driver refuses.
    #[must_use]
    pub fn with_room(self, kib: i64) -> Self {
        self.connection.pragma_update(None, "cache_size", -kib).unwrap();
        self
    }

    /// Takes over what the keys of another database name.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub fn copy_holders(&self, from: &Path) {
        self.connection.execute("ATTACH ?1 AS other", [from.to_str().unwrap()]).unwrap();
        for table in HOLDERS {
            self.connection.execute(&format!("INSERT OR REPLACE INTO main.{table} SELECT * FROM other.{table}"), []).unwrap();
        }
        self.connection.execute("DETACH other", []).unwrap();
    }

    /// Writes keys, so many in a transaction. Returns how long it took.
    ///
    /// # Panics
    /// Where they cannot be written.
    pub fn write(&mut self, rows: &Rows, at_once: usize) -> Duration {
        let began = Instant::now();
        for first in (0..rows.keys.len()).step_by(at_once) {
            let places = first..(first + at_once).min(rows.keys.len());
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            insert(&transaction, "keys", KEYS, &rows.keys[places.clone()]);
            if self.with_events {
                insert(&transaction, "events", EVENTS, &rows.events[places]);
                transaction
                    .prepare_cached("UPDATE counter SET revision = (SELECT max(revision) FROM events)")
                    .unwrap()
                    .execute([])
                    .unwrap();
            }
            transaction.commit().unwrap();
        }
        began.elapsed()
    }
}

fn insert(transaction: &Transaction<'_>, table: &str, columns: &str, rows: &[Vec<Value>]) {
    let values: Vec<String> = (1..=columns.split(',').count()).map(|number| format!("?{number}")).collect();
    let mut statement = transaction.prepare_cached(&format!("INSERT INTO {table} ({columns}) VALUES ({})", values.join(", "))).unwrap();
    for row in rows {
        statement.execute(params_from_iter(row)).unwrap();
    }
}

/// A database that is read, while its server may run, part by part.
pub struct Source {
    connection: Connection,
    /// Of the keys that were read.
    last: Vec<u8>,
    /// As `last`, of their events.
    revision: i64,
}

impl Source {
    /// From its end: what is added from now on. Or from its beginning.
    ///
    /// # Panics
    /// Where it cannot be read.
    #[must_use]
    pub fn open(database: &Path, at_end: bool) -> Self {
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut source = Self { connection, last: Vec::new(), revision: 0 };
        if at_end {
            source.last = source.connection.query_row("SELECT max(id) FROM keys", [], |row| row.get(0)).unwrap();
            source.revision = source.connection.query_row("SELECT max(revision) FROM events", [], |row| row.get(0)).unwrap();
        }
        source
    }

    /// The next keys in the order of their ids, at most so many, and as many events of keys that were made.
    ///
    /// # Panics
    /// Where they cannot be read.
    pub fn next(&mut self, most: usize) -> Rows {
        let most = i64::try_from(most).unwrap();
        let mut keys = self.connection.prepare_cached(&format!("SELECT {KEYS} FROM keys WHERE id > ?1 ORDER BY id LIMIT ?2")).unwrap();
        let keys = all(&mut keys, (&self.last, most));
        let made = format!("SELECT {EVENTS} FROM events WHERE revision > ?1 AND action = 'key.created' ORDER BY revision LIMIT ?2");
        let events = all(&mut self.connection.prepare_cached(&made).unwrap(), (self.revision, most));
        assert_eq!(keys.len(), events.len(), "each key has an event");
        if let (Some(Value::Blob(last)), Some(Value::Integer(revision))) = (first(&keys), first(&events)) {
            (self.last, self.revision) = (last, revision);
        }
        Rows { keys, events }
    }
}

/// The first column of the last row.
fn first(rows: &[Vec<Value>]) -> Option<Value> {
    rows.last()?.first().cloned()
}

fn all(statement: &mut Statement<'_>, parameters: impl rusqlite::Params) -> Vec<Vec<Value>> {
    let columns = statement.column_count();
    let rows = statement.query_map(parameters, |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
