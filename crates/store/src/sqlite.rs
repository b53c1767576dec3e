//! The store on SQLite: one writer thread, readers beside it, one process at a time.

pub(crate) mod account;
pub(crate) mod backup;
mod counter;
mod event;
pub(crate) mod export;
mod gate;
mod import;
mod key;
mod last_use;
mod load;
mod lock;
mod migrate;
mod peppers;
mod permission;
mod policy;
mod private;
mod readers;
pub(crate) mod restore;
mod retention;
mod row;
mod session;
mod tx;
mod verification;
mod writer;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use async_trait::async_trait;
use keybearer_core::role::Roles;
use keybearer_core::token::{KeyId, PepperVersion};
use rusqlite::Connection;

pub use self::lock::DataDirLock;
use self::readers::Readers;
use self::writer::Writer;
use crate::{Cluster, Follower, Nodes, Store, StoreError, StoreWatch};

/// How many connections read beside the writer.
const READERS: usize = 4;

pub(crate) struct Sqlite {
    // Closed first, so that the writer is the last one and leaves one file behind.
    readers: Readers,
    writer: Writer,
    /// Whether the rows have the uses that waited when the server last stopped. Otherwise they get them with the next ones.
    is_settled: AtomicBool,
    /// Up to which death the follower was told to forget keys, in milliseconds since 1970.
    swept: AtomicI64,
}

impl Sqlite {
    pub(crate) fn open(file: &Path, roles: Roles) -> Result<Self, StoreError> {
        make_private(file)?;
        let mut connection = connect(file)?;
        migrate::run(&mut connection)?;
        permission::declare_own(&mut connection)?;
        let is_settled = AtomicBool::new(last_use::settle_at_start(&mut connection)?);
        let readers = Readers::open(file, READERS)?;
        Ok(Self { writer: Writer::start(connection, Arc::new(roles))?, readers, is_settled, swept: AtomicI64::new(i64::MIN) })
    }
}

/// Makes the file for its owner only, where there is none: it tells who has which key, and others may look into the directory. SQLite
/// gives the files beside it the same mode and owner.
fn make_private(file: &Path) -> Result<(), StoreError> {
    match private::open(file, OpenOptions::new().create_new(true)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::of_file(file.display(), &error)),
    }
}

/// A connection that keeps what it has committed, even when the power goes.
fn connect(file: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

#[async_trait]
impl Store for Sqlite {
    async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), StoreError> {
        self.writer.follow(follower).await
    }

    async fn check_peppers(&self, fingerprints: BTreeMap<PepperVersion, String>) -> Result<(), StoreError> {
        self.writer.bookkeeping(move |connection| peppers::check(connection, &fingerprints)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.ping()?;
        self.readers.read(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    fn watch(&self, watch: Arc<dyn StoreWatch>) {
        self.writer.watch(watch);
    }

    fn waiting(&self) -> usize {
        self.writer.waiting()
    }
}

/// The lock of the data directory keeps other processes away, and a change is in the image before it is answered.
#[async_trait]
impl Nodes for Sqlite {
    fn is_in_force(&self) -> bool {
        true
    }

    fn are_in_force(&self, _: &[KeyId]) -> bool {
        true
    }

    async fn confirm(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn common_pepper(&self) -> Option<PepperVersion> {
        None
    }

    async fn cluster(&self) -> Result<Option<Cluster>, StoreError> {
        Ok(None)
    }

    async fn leave(&self) {}
}
