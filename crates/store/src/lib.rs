//! Where rows and events live: one contract in domain verbs ([`Store`]), and its implementations on SQLite and on PostgreSQL.
//!
//! A change is one transaction that holds the rows, one event and one step of the revision counter. Whoever asks for it is looked up again
//! inside that transaction, and the rules of the core are asked with what is found there (or, for a revocation, with what was found at the very
//! revision that the transaction goes on from, and only then: see [`Foreseen`]). After the commit the rows that it
//! touched are handed to the [`Follower`], in the order of the commits: so the image in memory cannot miss a change, not even one whose caller
//! went away meanwhile. That is so before the call returns, or before the image counts as in force again ([`Nodes`]).
#![warn(missing_docs)]

mod account;
mod audit;
mod backup;
mod caller;
mod cluster;
mod database;
mod difference;
mod error;
mod event;
mod follow;
mod gate;
mod key;
mod key_cursor;
mod origin;
mod permission;
mod policy;
mod postgres;
mod retention;
mod session;
mod sqlite;
mod transfer;
mod verification;
mod waiting_uses;
mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::PepperVersion;

pub use crate::account::{
    Account, AccountChange, AccountFilter, Accounts, ChangedAccount, Login, NewAccount, Newcomer, PasswordReset, Revoked,
};
pub use crate::backup::{CarriedOver, Contents, Replaced};
pub use crate::cluster::{Cluster, Consistency, Membership, Messages, Node, Nodes, ServerState};
pub use crate::database::Database;
pub use crate::error::{StoreError, What};
pub use crate::event::{Event, EventFilter, Events, Stats, Target};
pub use crate::follow::{Changed, Follower, RevokedKeys};
pub use crate::gate::{GateText, Gates, IfGate, NamedGate, PutGate, RuleText};
pub use crate::key::{
    Cascade, Foreseen, Key, KeyFilter, KeyHolder, KeySort, KeyStateFilter, Keys, NewAccountKey, NewKey, NewServiceKey, ServiceKeyChange,
};
pub use crate::origin::{Actor, Origin};
pub use crate::permission::{Declaration, DeclaredPermission, Permissions};
pub use crate::policy::{NewPolicy, Policies, Policy, PolicyChange};
pub use crate::postgres::PostgresUrl;
pub use crate::retention::{Forgotten, Horizon, Retention};
pub use crate::session::{NewSession, Session, SessionId, Sessions};
pub use crate::sqlite::DataDirLock;
pub use crate::transfer::{
    AccountRow, Imports, Incoming, IncomingHolder, IncomingKey, IncomingRow, Keep, OutgoingRow, OwnerName, PolicyName, PolicyRow,
    RowRefusal, ServiceRow, Verdict,
};
pub use crate::verification::{Answered, MINUTE, Verifications};
pub use crate::watch::StoreWatch;

/// A JSON object that applications keep with an account or a key.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// One page of a list, and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// What to ask the next page with, where there is one. Opaque to callers.
    pub next: Option<String>,
}

/// Which page of a list is asked for.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// The [`Page::next`] of the page before; `None` for the first.
    pub cursor: Option<String>,
    /// The most rows of the page.
    pub limit: u32,
}

/// Cuts a list that was read one row too far. Returns its last row where there is more behind it.
pub(crate) fn page_end<T>(items: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last()
}

/// All that Keybearer asks of a database.
#[async_trait]
pub trait Store:
    Accounts + Sessions + Keys + Policies + Gates + Permissions + Events + Verifications + Retention + Imports + Nodes + Send + Sync
{
    /// Loads every row that is not forgotten (see [`Retention::forget`]) into the follower, then keeps it informed of each change. To be called once, before anything else is asked.
    async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), StoreError>;

    /// Notes which peppers this node holds, by fingerprint.
    ///
    /// # Errors
    /// [`StoreError::Pepper`] where a version in use is missing here, or is another pepper.
    async fn check_peppers(&self, fingerprints: BTreeMap<PepperVersion, String>) -> Result<(), StoreError>;

    /// Whether the database answers, and changes can be made.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Has the writer measured, from now on. The first one stays.
    fn watch(&self, watch: Arc<dyn StoreWatch>);

    /// How many changes wait for the writer.
    fn waiting(&self) -> usize;
}

/// Opens the SQLite database of a data directory, bringing its schema up to date.
///
/// # Errors
/// [`StoreError::NewerSchema`] where a later version of Keybearer has been here; [`StoreError::Unavailable`] where it cannot be opened.
pub fn open_sqlite(file: &Path, roles: Roles) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(sqlite::Sqlite::open(file, roles)?))
}

/// Writes the state of one moment of a SQLite database into `to`, an empty file, while a server may use the database. It is only read.
///
/// # Errors
/// [`StoreError::Unavailable`] where either file cannot be used.
pub fn copy_sqlite(database: &Path, to: &Path) -> Result<Contents, StoreError> {
    sqlite::backup::copy(database, to)
}

/// What a SQLite database holds. It is only read.
///
/// # Errors
/// [`StoreError::Unavailable`] where it cannot be read, [`StoreError::NewerSchema`] where a later version wrote it.
pub fn sqlite_contents(database: &Path) -> Result<Contents, StoreError> {
    sqlite::backup::contents(database)
}

/// What a sign-in under this canonical username is checked against, of a SQLite database that a server may use meanwhile. It is only read.
///
/// # Errors
/// As [`sqlite_contents`].
pub fn sqlite_login(database: &Path, username_key: String) -> Result<Option<Login>, StoreError> {
    sqlite::account::login_of(database, username_key)
}

/// Hands out all that makes up the keys of a SQLite database, as it is at one moment, while a server may use it. It is only read. What a
/// row names comes before it. `begin` is told what there is, before the first row.
///
/// # Errors
/// As [`sqlite_contents`], and whatever `begin` or `each` fails with.
pub fn export_sqlite<E: From<StoreError>>(
    database: &Path,
    with_passwords: bool,
    begin: impl FnOnce(&Contents) -> Result<(), E>,
    each: impl FnMut(OutgoingRow) -> Result<(), E>,
) -> Result<Contents, E> {
    sqlite::export::export(database, with_passwords, begin, each)
}

/// Checks the whole file of a SQLite database for damage. It is only read.
///
/// # Errors
/// [`StoreError::Unavailable`] says what is damaged.
pub fn check_sqlite(database: &Path) -> Result<(), StoreError> {
    sqlite::backup::check(database)
}

/// Reads a SQLite database that is to be replaced by a restored one. The caller holds the lock of its data directory.
///
/// # Errors
/// [`StoreError`] where any part of it cannot be read.
pub fn read_replaced_sqlite(database: &Path) -> Result<Replaced, StoreError> {
    sqlite::backup::replaced(database)
}

/// Makes a copy of a SQLite database fit to be a store again: schema up to date, proved sound, its peppers held, all sessions ended, and
/// every revocation and every lowering taken over that the store which it replaces knows of. Put in its place it is by the caller.
///
/// # Errors
/// [`StoreError::Pepper`] where a pepper in use is not held; [`StoreError::Unavailable`] where the copy is damaged.
pub fn prepare_restored_sqlite(
    copy: &Path,
    replaced: Option<&Replaced>,
    fingerprints: &BTreeMap<PepperVersion, String>,
    roles: &Roles,
    now: UnixMillis,
) -> Result<CarriedOver, StoreError> {
    sqlite::restore::prepare(copy, replaced, fingerprints, roles, now)
}
