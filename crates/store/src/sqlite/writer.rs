//! The one thread that writes. Changes that wait together are committed together, each in a savepoint of its own, so that one that is refused
//! takes nothing of the others with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::import::{self, Changes, Import};
use super::load;
use super::tx::{TouchedIds, Tx};
use crate::{Changed, Follower, Horizon, Origin, StoreError, StoreWatch};

/// The most changes of one transaction.
const GROUP: usize = 256;
/// The most changes that wait for the thread; beyond it, callers wait to be let in.
const QUEUE: usize = 4_096;

/// Runs a piece of work inside the group's transaction. Returns how it ended, and how to answer its caller once it is known whether the group
/// committed.
type Work = Box<dyn FnOnce(&Connection, &Roles, &mut TouchedIds) -> (Outcome, Answer) + Send>;
type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// How a piece of work ended.
enum Outcome {
    /// What it wrote is to be kept.
    Done,
    /// What it wrote is to be taken back.
    Refused,
    /// There was no room for what it wrote.
    Full,
}

enum Job {
    Work(Work),
    Follow(Arc<dyn Follower>, oneshot::Sender<Result<(), StoreError>>),
    Forget(Horizon, Vec<KeyId>, oneshot::Sender<Result<Gone, StoreError>>),
    Import(Box<Import>, oneshot::Sender<Result<bool, StoreError>>),
}

/// What a job to forget came to.
pub(super) struct Gone {
    /// How many sessions were deleted.
    pub(super) sessions: usize,
    /// Whether there is a follower, which may have keys that it is to forget.
    pub(super) is_followed: bool,
}

pub(super) struct Writer {
    /// Both are there until the writer is dropped.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    gauges: Arc<Gauges>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without anybody who could send, the thread ends what waits, and its connection is closed.
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the thread and those who wait for it share.
#[derive(Default)]
struct Gauges {
    waiting: AtomicUsize,
    watch: OnceLock<Arc<dyn StoreWatch>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, roles: Arc<Roles>) -> Result<Self, StoreError> {
        let (jobs, queue) = sync_channel(QUEUE);
        let gauges = Arc::<Gauges>::default();
        let thread =
            WriterThread { connection, roles, queue, gauges: Arc::clone(&gauges), follower: None, horizon: Horizon::NONE, is_full: false };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || thread.run())
            .map_err(|error| StoreError::Unavailable(format!("writer thread: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), gauges })
    }

    /// Whether the thread still runs. It is not asked to do anything, so that whoever wants to know delays no change.
    pub(super) fn ping(&self) -> Result<(), StoreError> {
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) { Err(gone()) } else { Ok(()) }
    }

    pub(super) fn watch(&self, watch: Arc<dyn StoreWatch>) {
        drop(self.gauges.watch.set(watch));
    }

    pub(super) fn waiting(&self) -> usize {
        self.gauges.waiting.load(Ordering::Relaxed)
    }

    /// Runs a change and waits until it is committed and the follower has it. A caller that goes away meanwhile changes nothing of that.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        origin: Origin,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.submit(move |connection, roles, touched| work(&mut Tx::new(connection, roles, &origin, touched))).await
    }

    /// Runs a write that is no change: no event, no revision.
    pub(super) async fn bookkeeping<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.submit(move |connection, _, _| work(connection)).await
    }

    pub(super) async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Follow(follower, answer)).await?;
        answered.await.map_err(|_| gone())?
    }

    /// Moves the horizon forward, and has the follower forget these keys, which must have died behind it.
    pub(super) async fn forget(&self, horizon: Horizon, keys: Vec<KeyId>) -> Result<Gone, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Forget(horizon, keys, answer)).await?;
        answered.await.map_err(|_| gone())?
    }

    /// Takes in rows from elsewhere. Whoever wants a change meanwhile waits for the last of them.
    pub(super) async fn import(&self, import: Import) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Import(Box::new(import), answer)).await?;
        answered.await.map_err(|_| gone())?
    }

    async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, &Roles, &mut TouchedIds) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answered) = oneshot::channel();
        let job = Job::Work(Box::new(move |connection, roles, touched| {
            let result = work(connection, roles, touched);
            let outcome = match &result {
                Ok(_) => Outcome::Done,
                Err(StoreError::Full) => Outcome::Full,
                Err(_) => Outcome::Refused,
            };
            let answer: Answer = Box::new(move |committed| {
                let answer = match (result, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (Ok(_), Err(why)) => Err(lost(why)),
                    (Err(error), _) => Err(error),
                };
                // Nobody listens where the caller went away: the change stands all the same.
                drop(sender.send(answer));
            });
            (outcome, answer)
        }));
        self.send(job).await?;
        answered.await.map_err(|_| not_taken())?
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let Some(jobs) = &self.jobs else { return Err(gone()) };
        // Before it is sent, so that the thread cannot count it down first.
        self.gauges.waiting.fetch_add(1, Ordering::Relaxed);
        match jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => Err(gone()),
            Err(std::sync::mpsc::TrySendError::Full(job)) => {
                let jobs = jobs.clone();
                let sent = tokio::task::spawn_blocking(move || jobs.send(job)).await;
                sent.map_err(|error| StoreError::Unavailable(error.to_string()))?.map_err(|_| gone())
            }
        }
    }
}

/// What the caller of a change hears that was lost with its group.
fn lost(why: &StoreError) -> StoreError {
    match why {
        StoreError::Full => StoreError::Full,
        why => StoreError::Unavailable(why.to_string()),
    }
}

/// Work that was dropped before it ran: its group was given up, for the reason that the log has.
fn not_taken() -> StoreError {
    StoreError::Unavailable("the change was given up with the group that it waited in".into())
}

fn gone() -> StoreError {
    StoreError::Unavailable("the writer thread has ended".into())
}

struct WriterThread {
    connection: Connection,
    roles: Arc<Roles>,
    queue: Receiver<Job>,
    gauges: Arc<Gauges>,
    follower: Option<Arc<dyn Follower>>,
    /// What died behind it is not handed to the follower, by whatever way.
    horizon: Horizon,
    /// Whether the last transaction found no room.
    is_full: bool,
}

impl WriterThread {
    fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
                match job {
                    Job::Work(work) => group.push(work),
                    Job::Follow(follower, answer) => {
                        self.commit(std::mem::take(&mut group));
                        drop(answer.send(self.load(&*follower)));
                        self.follower = Some(follower);
                    }
                    Job::Forget(horizon, keys, answer) => {
                        self.commit(std::mem::take(&mut group));
                        drop(answer.send(self.forget(horizon, keys)));
                    }
                    Job::Import(import, answer) => {
                        self.commit(std::mem::take(&mut group));
                        drop(answer.send(self.import(*import)));
                    }
                }
                next = if group.len() < GROUP { self.queue.try_recv().ok() } else { None };
            }
            self.commit(group);
        }
    }

    fn load(&mut self, follower: &dyn Follower) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        load::everything(&transaction, self.horizon, follower)
    }

    /// In its place among the changes, so that none of them brings back what is forgotten.
    fn forget(&mut self, horizon: Horizon, keys: Vec<KeyId>) -> Result<Gone, StoreError> {
        let horizon = self.horizon.advanced_to(horizon);
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (sessions, changed) = load::forget(&transaction, horizon, keys)?;
        transaction.commit()?;
        self.horizon = horizon;
        if let Some(follower) = &self.follower
            && !(changed.sessions.is_empty() && changed.keys.is_empty())
        {
            follower.apply(changed);
        }
        Ok(Gone { sessions, is_followed: self.follower.is_some() })
    }

    fn import(&mut self, import: Import) -> Result<bool, StoreError> {
        self.connection.pragma_update(None, "cache_size", import::ROOM)?;
        let imported = self.import_pieces(import);
        self.connection.pragma_update(None, "cache_size", import::USUAL_ROOM)?;
        imported
    }

    fn import_pieces(&mut self, mut import: Import) -> Result<bool, StoreError> {
        loop {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut changes = self.follower.is_some().then(|| Changes { horizon: self.horizon, made: Vec::new() });
            let is_last = import.take_piece(&transaction, &self.roles, &mut changes)?;
            if is_last && !import.is_wanted() {
                transaction.rollback()?;
                return Ok(false);
            }
            transaction.commit()?;
            if let (Some(follower), Some(changes)) = (&self.follower, changes) {
                changes.made.into_iter().for_each(|changed| follower.apply(changed));
            }
            import.committed();
            if is_last {
                return Ok(true);
            }
        }
    }

    fn commit(&mut self, group: Vec<Work>) {
        let mut waiting = group.into_iter();
        while waiting.len() > 0 {
            let began = Instant::now();
            let mut answers = Vec::with_capacity(waiting.len());
            match self.try_commit(&mut waiting, &mut answers) {
                Ok(changes) => {
                    if std::mem::take(&mut self.is_full) {
                        tracing::info!("there is room again: changes are made");
                    }
                    if let Some(follower) = &self.follower {
                        changes.into_iter().for_each(|changed| follower.apply(changed));
                    }
                    // Before the answers: who has one finds it counted.
                    if let Some(watch) = self.gauges.watch.get() {
                        watch.committed(answers.len(), began.elapsed());
                    }
                    answers.into_iter().for_each(|answer| answer(Ok(())));
                }
                Err(error) => {
                    // A full disk may stay so for hours: it is told once.
                    let is_full = matches!(error, StoreError::Full);
                    if !(is_full && std::mem::replace(&mut self.is_full, is_full)) {
                        tracing::error!(%error, "a transaction was not committed");
                    }
                    // Where not even the first one ran, none would. Those behind one that failed never ran: they are tried without it.
                    if answers.is_empty() {
                        return;
                    }
                    answers.into_iter().for_each(|answer| answer(Err(&error)));
                }
            }
        }
    }

    fn try_commit(&mut self, waiting: &mut std::vec::IntoIter<Work>, answers: &mut Vec<Answer>) -> Result<Vec<Changed>, StoreError> {
        let mut changes = Vec::new();
        let follows = self.follower.is_some();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        // Work that never ran answers its caller by being dropped: the channel closes, and that reads as unavailable.
        let mut transaction = transaction?;
        for work in waiting {
            let savepoint = transaction.savepoint()?;
            let mut touched = TouchedIds::new(follows);
            let (outcome, answer) = work(&savepoint, &self.roles, &mut touched);
            answers.push(answer);
            // On a full disk and the like, SQLite takes back the whole transaction by itself. What came after would then be committed alone
            // by the release of its savepoint, and the follower would never hear of it.
            if savepoint.is_autocommit() {
                return Err(match outcome {
                    Outcome::Full => StoreError::Full,
                    Outcome::Done | Outcome::Refused => StoreError::Unavailable("the transaction was taken back".into()),
                });
            }
            if let Outcome::Done = outcome {
                // Read before the commit, so that nothing can fail between the commit and the follower; and after each change, so that the
                // follower shows the rows as they followed each other. Those of two changes at once might grant what neither did: a key
                // that moves to a policy while that policy loses a permission.
                if follows && !touched.is_empty() {
                    changes.push(load::touched(&savepoint, self.horizon, &touched)?);
                }
                savepoint.commit()?;
            }
        }
        transaction.commit()?;
        Ok(changes)
    }
}
