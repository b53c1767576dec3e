//! The store on PostgreSQL: one task that writes, readers beside it, and any number of nodes.

mod account;
pub(crate) mod address;
mod barrier;
mod clock;
mod conditions;
mod connection;
mod contents;
mod creation;
mod engine;
mod event;
mod export;
mod failure;
mod follow;
mod gate;
mod hints;
mod import;
mod key;
mod last_use;
mod load;
mod migrate;
mod nodes;
mod peppers;
mod permission;
mod policy;
mod retention;
mod revocation;
mod row;
mod seeded;
mod session;
mod settling;
mod tls;
mod tx;
mod value;
mod verification;
mod writer;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use keybearer_core::lease::Terms;
use keybearer_core::role::Roles;
use keybearer_core::token::{KeyId, PepperVersion};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

pub use self::address::PostgresUrl;
use self::barrier::Barrier;
use self::connection::{Pool, Purpose, Transaction};
use self::engine::Engine;
use self::follow::{Ask, Beginning, Following, Standing};
use self::hints::Hints;
use self::writer::{Gauges, Writer};
use crate::{Cluster, Contents, Follower, Horizon, Login, Membership, Nodes, OutgoingRow, ServerState, Store, StoreError, StoreWatch};

/// How long a lease lasts by a perfect clock.
const TTL: Duration = Duration::from_secs(2);
/// What may lie between an instant and its being noted.
const MARGIN: Duration = Duration::from_millis(20);
/// How long a request waits for the database to say what is in force. It is answered within 500 ms.
const DOUBT: Duration = Duration::from_millis(450);
/// How many connections read beside the writer.
const READERS: usize = 8;

pub(crate) struct Postgres {
    url: PostgresUrl,
    readers: Pool,
    tidying: Pool,
    membership: Membership,
    /// Tells what this process keeps for itself from what others do.
    process: Uuid,
    roles: String,
    /// The newest pepper of this node.
    pepper: AtomicU16,
    horizon: Mutex<Horizon>,
    /// Up to which death the follower was told to forget keys, in milliseconds since 1970.
    swept: AtomicI64,
    standing: ArcSwap<Standing>,
    hints: Hints,
    gauges: Arc<Gauges>,
    /// How to ask the task that follows, once there is one.
    following: Mutex<Option<mpsc::UnboundedSender<Ask>>>,
    writer: Writer,
    /// Dropped last: it waits for what nobody can ask any more.
    engine: Engine,
}

impl Postgres {
    pub(crate) async fn open(url: &PostgresUrl, roles: Roles, membership: Membership) -> Result<Self, StoreError> {
        let writing = Pool::writing(url)?;
        migrate::run(&writing).await?;
        permission::declare_own(&writing).await?;
        last_use::settle(&writing).await?;
        let tidying = Pool::tidying(url)?;
        let (hints, gauges) = (Hints::new(membership.messages, terms()), Arc::<Gauges>::default());
        let (committed, queue) = mpsc::unbounded_channel();
        let names = roles.iter().map(|(name, level)| format!("{name}={level}")).collect::<Vec<_>>().join(" ");
        // They end by themselves when nobody can ask them any more, or with the runtime of whoever opens this: then a change that nobody waits
        // for is done or not.
        let (writer, writing) = Writer::new(writing, Arc::new(roles), committed, hints.clone(), Arc::clone(&gauges));
        drop(tokio::spawn(writing));
        drop(tokio::spawn(settling::run(tidying.clone(), Arc::clone(&gauges))));
        let (pool, heard, told) = (Pool::quick(url)?, hints.clone(), Arc::clone(&gauges));
        drop(tokio::spawn(Barrier { pool, terms: terms(), hints: heard, queue, gauges: told }.run()));
        let engine = Engine::start()?;
        engine.spawn_for_ever(hints.clone().listen(url.clone()));
        Ok(Self {
            url: url.clone(),
            readers: Pool::new(url, READERS)?,
            tidying,
            membership,
            process: Uuid::new_v4(),
            roles: names,
            pepper: AtomicU16::new(0),
            horizon: Mutex::new(Horizon::NONE),
            swept: AtomicI64::new(i64::MIN),
            standing: ArcSwap::default(),
            hints,
            gauges,
            following: Mutex::new(None),
            writer,
            engine,
        })
    }

    fn standing(&self) -> Arc<Standing> {
        self.standing.load_full()
    }

    /// Asks the task that follows. False if there is none.
    fn ask(&self, ask: Ask) -> bool {
        let following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        following.as_ref().is_some_and(|following| following.send(ask).is_ok())
    }

    /// Moves the horizon forward, and has the follower forget these keys, which must have died behind it. Returns whether there is a follower.
    async fn forget_in_image(&self, horizon: Horizon, keys: Vec<KeyId>) -> bool {
        let horizon = {
            let mut known = self.horizon.lock().unwrap_or_else(PoisonError::into_inner);
            *known = known.advanced_to(horizon);
            *known
        };
        let (done, is_done) = oneshot::channel();
        self.ask(Ask::Forget(horizon, keys, done)) && is_done.await.is_ok()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.following.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// For how long leases are granted, and changes wait for them.
fn terms() -> Terms {
    Terms::new(TTL, MARGIN)
}

#[async_trait]
impl Store for Postgres {
    async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), StoreError> {
        let standing = Arc::<Standing>::default();
        let beginning = Beginning {
            pool: Pool::quick(&self.url)?,
            follower,
            membership: self.membership.clone(),
            roles: self.roles.clone(),
            pepper: self.pepper.load(Ordering::Relaxed),
            horizon: *self.horizon.lock().unwrap_or_else(PoisonError::into_inner),
            terms: terms(),
            hints: self.hints.clone(),
            standing: Arc::clone(&standing),
            gauges: Arc::clone(&self.gauges),
        };
        let following = self.engine.run(Following::begin(beginning)).await?;
        let (ask, asked) = mpsc::unbounded_channel();
        // One that followed before ends with the last who could ask it.
        *self.following.lock().unwrap_or_else(PoisonError::into_inner) = Some(ask);
        self.standing.store(standing);
        self.engine.spawn(following.run(asked));
        Ok(())
    }

    async fn check_peppers(&self, fingerprints: BTreeMap<PepperVersion, String>) -> Result<(), StoreError> {
        self.pepper.store(fingerprints.keys().next_back().copied().unwrap_or(0), Ordering::Relaxed);
        self.writer.bookkeeping(move |transaction| Box::pin(peppers::check(transaction, fingerprints))).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.ping()?;
        let is_followed = self.following.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|ask| !ask.is_closed());
        if is_followed == Some(false) {
            return Err(StoreError::Unavailable("the task that follows changes has ended".into()));
        }
        self.standing().may_serve()?;
        self.readers.read(|transaction| Box::pin(answers(transaction))).await
    }

    fn watch(&self, watch: Arc<dyn StoreWatch>) {
        self.writer.watch(watch);
    }

    fn waiting(&self) -> usize {
        self.writer.waiting()
    }
}

#[async_trait]
impl Nodes for Postgres {
    fn is_in_force(&self) -> bool {
        let has_doubts = self.hints.doubts.has_any();
        self.standing.load().is_in_force(has_doubts)
    }

    fn are_in_force(&self, keys: &[KeyId]) -> bool {
        let are_doubted = self.hints.doubts.has(keys);
        self.standing.load().is_in_force(are_doubted)
    }

    async fn confirm(&self) -> Result<(), StoreError> {
        self.standing.load().may_serve()?;
        let (answer, answered) = oneshot::channel();
        let absent = || StoreError::Unavailable("nobody follows the changes".into());
        if !self.ask(Ask::Confirm(answer)) {
            return Err(absent());
        }
        match tokio::time::timeout(DOUBT, answered).await {
            Ok(answer) => answer.map_err(|_| absent())?,
            Err(_) => Err(StoreError::Unavailable("the database did not say in time what is in force".into())),
        }
    }

    fn common_pepper(&self) -> Option<PepperVersion> {
        self.standing.load().pepper()
    }

    async fn cluster(&self) -> Result<Option<Cluster>, StoreError> {
        let own = self.standing().incarnation();
        self.readers.read(move |transaction| Box::pin(nodes::all(transaction, own))).await.map(Some)
    }

    async fn leave(&self) {
        let (done, is_done) = oneshot::channel();
        if self.ask(Ask::Leave(done)) {
            drop(is_done.await);
        }
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

/// As [`crate::Database::server_state`].
pub(crate) async fn server_state(url: &PostgresUrl) -> Result<ServerState, StoreError> {
    Pool::new(url, 1)?.read(|transaction| Box::pin(nodes::server_state(transaction))).await
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
