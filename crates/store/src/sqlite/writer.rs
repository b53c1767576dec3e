//! The one thread that writes. Changes that wait together are committed together, and one that is refused takes nothing of the others with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::counter::Counter;
use super::import::{self, Changes, Import};
use super::load;
use super::tx::{TouchedIds, Tx};
use crate::{Changed, Follower, Horizon, Origin, StoreError, StoreWatch};

/// The most changes of one transaction.
const GROUP: usize = 256;
/// The most changes that wait for the thread; beyond it, callers wait to be let in.
const QUEUE: usize = 4_096;

/// A piece of work inside the group's transaction.
trait Work: Send {
    /// Runs it. It may be taken back and run again: what it returned before counts for nothing then.
    fn run(&mut self, connection: &Connection, roles: &Roles, counter: &Counter, touched: &mut TouchedIds) -> Outcome;

    /// Answers its caller, once it is known whether the group committed.
    fn answer(self: Box<Self>, committed: Result<(), &StoreError>);

    /// Where its caller waits.
    fn runtime(&self) -> Option<&Handle>;
}

/// How a piece of work ended.
enum Outcome {
    /// What it wrote is to be kept.
    Done,
    /// What it wrote is to be taken back.
    Refused,
    /// There was no room for what it wrote.
    Full,
}

/// A piece of work, what it came to, and who waits for that.
struct Submitted<T, W> {
    work: W,
    result: Option<Result<T, StoreError>>,
    sender: oneshot::Sender<Result<T, StoreError>>,
    runtime: Option<Handle>,
}

impl<T, W> Work for Submitted<T, W>
where
    T: Send,
    W: FnMut(&Connection, &Roles, &Counter, &mut TouchedIds) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection, roles: &Roles, counter: &Counter, touched: &mut TouchedIds) -> Outcome {
        match self.result.insert((self.work)(connection, roles, counter, touched)) {
            Ok(_) => Outcome::Done,
            Err(StoreError::Full) => Outcome::Full,
            Err(_) => Outcome::Refused,
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), &StoreError>) {
        let answer = match (self.result, committed) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Ok(_)), Err(why)) => Err(lost(why)),
            (Some(Err(error)), _) => Err(error),
            (None, _) => Err(not_taken()),
        };
        // Nobody listens where the caller went away: the change stands all the same.
        drop(self.sender.send(answer));
    }

    fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }
}

/// Tells that they are committed. Those who wait are woken by one of them: from here, each would be woken by a call of the system, and its
/// answer sent before the next one's.
fn answer_all(committed: Vec<Box<dyn Work>>) {
    let runtime = if committed.len() > 1 { committed[0].runtime().cloned() } else { None };
    let committed = Committed(committed);
    if let Some(runtime) = runtime {
        drop(runtime.spawn(async move { drop(committed) }));
    }
}

/// Answered when it is dropped: a runtime that has ended does nothing else with it.
struct Committed(Vec<Box<dyn Work>>);

impl Drop for Committed {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|work| work.answer(Ok(())));
    }
}

enum Job {
    Work(Box<dyn Work>),
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
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work =
            move |connection: &_, roles: &_, counter: &_, touched: &mut _| work(&mut Tx::new(connection, roles, &origin, counter, touched));
        self.submit(work).await
    }

    /// Runs a write that is no change: no event, no revision.
    pub(super) async fn bookkeeping<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.submit(move |connection, _, _, _| work(connection)).await
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
        work: impl FnMut(&Connection, &Roles, &Counter, &mut TouchedIds) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, answered) = oneshot::channel();
        self.send(Job::Work(Box::new(Submitted { work, result: None, sender, runtime: Handle::try_current().ok() }))).await?;
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

    fn commit(&mut self, mut waiting: Vec<Box<dyn Work>>) {
        while !waiting.is_empty() {
            let began = Instant::now();
            let mut ran = 0;
            let committed = self.try_commit(&mut waiting, &mut ran);
            let ran = waiting.drain(..ran);
            match committed {
                Ok(changes) => {
                    if std::mem::take(&mut self.is_full) {
                        tracing::info!("there is room again: changes are made");
                    }
                    if let Some(follower) = &self.follower {
                        changes.into_iter().for_each(|changed| follower.apply(changed));
                    }
                    // Before the answers: who has one finds it counted.
                    if let Some(watch) = self.gauges.watch.get() {
                        watch.committed(ran.len(), began.elapsed());
                    }
                    answer_all(ran.collect());
                }
                Err(error) => {
                    // A full disk may stay so for hours: it is told once.
                    let is_full = matches!(error, StoreError::Full);
                    if !(is_full && std::mem::replace(&mut self.is_full, is_full)) {
                        tracing::error!(%error, "a transaction was not committed");
                    }
                    // Where not even the first one ran, none would. Those behind one that failed never ran: they are tried without it.
                    if ran.len() == 0 {
                        return;
                    }
                    ran.for_each(|work| work.answer(Err(&error)));
                }
            }
        }
    }

    /// Runs all of this in one transaction. Says of how many it is known what they came to, and returns what they changed.
    ///
    /// Hardly any change is refused behind its first write, and a savepoint for each has SQLite copy every page before it is written to: so they
    /// share the transaction at first. Where one wrote and was refused after all, everything is taken back and run again, each in a savepoint.
    fn try_commit(&mut self, waiting: &mut [Box<dyn Work>], ran: &mut usize) -> Result<Vec<Changed>, StoreError> {
        // Work that never ran answers its caller by being dropped: the channel closes, and that reads as unavailable.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let group = Group::begin(&transaction, &self.roles, self.horizon, self.follower.is_some())?;
        let mut changes = Vec::new();
        let mut leaves_nothing = true;
        for work in &mut *waiting {
            *ran += 1;
            let before = transaction.total_changes();
            let outcome = group.run(&transaction, &mut **work, &mut changes)?;
            leaves_nothing = matches!(outcome, Outcome::Done) || transaction.total_changes() == before;
            if !leaves_nothing {
                break;
            }
        }
        if leaves_nothing {
            group.counter.write(&transaction)?;
            transaction.commit()?;
            return Ok(changes);
        }
        transaction.rollback()?;

        *ran = 0;
        changes.clear();
        let mut transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let group = Group::begin(&transaction, &self.roles, self.horizon, self.follower.is_some())?;
        for work in waiting {
            let savepoint = transaction.savepoint()?;
            *ran += 1;
            if let Outcome::Done = group.run(&savepoint, &mut **work, &mut changes)? {
                savepoint.commit()?;
            }
        }
        group.counter.write(&transaction)?;
        transaction.commit()?;
        Ok(changes)
    }
}

/// What the changes of a transaction have in common.
struct Group<'a> {
    roles: &'a Roles,
    horizon: Horizon,
    is_followed: bool,
    counter: Counter,
}

impl<'a> Group<'a> {
    fn begin(connection: &Connection, roles: &'a Roles, horizon: Horizon, is_followed: bool) -> Result<Self, StoreError> {
        Ok(Self { roles, horizon, is_followed, counter: Counter::read(connection)? })
    }

    /// Runs one piece of work, and adds what it changed.
    fn run(&self, connection: &Connection, work: &mut dyn Work, changes: &mut Vec<Changed>) -> Result<Outcome, StoreError> {
        let mut touched = TouchedIds::new(self.is_followed);
        let before = self.counter.last();
        let outcome = work.run(connection, self.roles, &self.counter, &mut touched);
        // On a full disk and the like, SQLite takes back the whole transaction by itself. What came after would then be committed alone, and
        // the follower would never hear of it.
        if connection.is_autocommit() {
            return Err(match outcome {
                Outcome::Full => StoreError::Full,
                Outcome::Done | Outcome::Refused => StoreError::Unavailable("the transaction was taken back".into()),
            });
        }
        // Read before the commit, so that nothing can fail between the commit and the follower; and after each change, so that the follower
        // shows the rows as they followed each other. Those of two changes at once might grant what neither did: a key that moves to a policy
        // while that policy loses a permission.
        if let (Outcome::Done, true, Some(revision)) = (&outcome, self.is_followed, touched.revision()) {
            changes.push(load::touched(connection, self.horizon, &touched, revision)?);
        }
        if !matches!(outcome, Outcome::Done) {
            self.counter.go_back_to(before);
        }
        Ok(outcome)
    }
}
