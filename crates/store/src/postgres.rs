//! The store on PostgreSQL: one task that writes, readers beside it, one node at a time.

mod account;
pub(crate) mod address;
mod conditions;
mod connection;
mod contents;
mod event;
mod export;
mod failure;
mod import;
mod key;
mod last_use;
mod load;
mod migrate;
mod peppers;
mod permission;
mod policy;
mod retention;
mod row;
mod session;
mod tenure;
mod tls;
mod tx;
mod value;
mod verification;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use keybearer_core::role::Roles;
use keybearer_core::token::PepperVersion;

pub use self::address::PostgresUrl;
use self::connection::{Pool, Purpose, Transaction};
use self::tenure::Lock;
use self::writer::Writer;
use crate::{Contents, Follower, Login, OutgoingRow, Store, StoreError, WriterWatch};

/// How many connections read beside the writer.
const READERS: usize = 8;

pub(crate) struct Postgres {
    readers: Pool,
    writer: Writer,
    /// Up to which death the follower was told to forget keys, in milliseconds since 1970.
    swept: AtomicI64,
}

impl Postgres {
    pub(crate) async fn open(url: &PostgresUrl, roles: Roles) -> Result<Self, StoreError> {
        // First, so that nobody changes the schema under a node that serves.
        let lock = Lock::take(url).await?;
        let writing = Pool::new(url, 1)?;
        migrate::run(&writing).await?;
        let tenure = lock.begin(&writing).await?;
        permission::declare_own(&writing).await?;
        last_use::settle(&writing).await?;
        let writer = Writer::start(writing, tenure, Arc::new(roles));
        Ok(Self { readers: Pool::new(url, READERS)?, writer, swept: AtomicI64::new(i64::MIN) })
    }
}

#[async_trait]
impl Store for Postgres {
    async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), StoreError> {
        self.writer.follow(follower).await
    }

    async fn check_peppers(&self, fingerprints: BTreeMap<PepperVersion, String>) -> Result<(), StoreError> {
        self.writer.bookkeeping(move |transaction| Box::pin(peppers::check(transaction, fingerprints))).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.ping()?;
        self.readers.read(|transaction| Box::pin(answers(transaction))).await
    }

    fn watch(&self, watch: Arc<dyn WriterWatch>) {
        self.writer.watch(watch);
    }

    fn waiting(&self) -> usize {
        self.writer.waiting()
    }
}

async fn answers(transaction: &Transaction) -> Result<(), StoreError> {
    transaction.one("SELECT 1", &[]).await.map(drop)
}

/// Whether no pepper was ever noted here.
pub(crate) async fn is_new(url: &PostgresUrl) -> Result<bool, StoreError> {
    let look = async |transaction: &Transaction| match transaction.query("SELECT 1 FROM peppers LIMIT 1", &[]).await {
        Ok(peppers) => Ok(peppers.is_empty()),
        Err(failure) if failure.is_undefined_table() => Ok(true),
        Err(failure) => Err(failure.into()),
    };
    Pool::new(url, 1)?.read(|transaction| Box::pin(look(transaction))).await
}

/// What a database holds. It is only read, while a server may use it.
pub(crate) async fn contents(url: &PostgresUrl) -> Result<Contents, StoreError> {
    Pool::new(url, 1)?.read_for(Purpose::Walk, |transaction| Box::pin(contents::of(transaction))).await
}

/// As [`crate::Accounts::login_by_username`], while a server may use the database.
pub(crate) async fn login(url: &PostgresUrl, username_key: String) -> Result<Option<Login>, StoreError> {
    let look = async |transaction: &Transaction| {
        migrate::require_current(transaction).await?;
        account::login_by_username(transaction, username_key).await
    };
    Pool::new(url, 1)?.read(|transaction| Box::pin(look(transaction))).await
}

/// As [`crate::Database::export`].
pub(crate) async fn export<E: From<StoreError>>(
    url: &PostgresUrl,
    with_passwords: bool,
    begin: impl FnOnce(&Contents) -> Result<(), E>,
    each: impl FnMut(OutgoingRow) -> Result<(), E>,
) -> Result<Contents, E> {
    let transaction = Pool::new(url, 1)?.begin(Purpose::Walk).await?;
    let contents = export::export(&transaction, with_passwords, begin, each).await?;
    transaction.roll_back().await?;
    Ok(contents)
}
