//! The one task that writes. Changes that wait together are committed together, each in a savepoint of its own, so that one that is refused
//! takes nothing of the others with it.
//!
//! A transaction is READ COMMITTED and locks the counter row before anything else. So whatever any transaction of Keybearer writes was
//! committed before the lock was had or comes after it is given back, and each statement behind the lock sees all of it: what is looked up
//! again, caller, owner and policy, stays so until the commit. A higher level of isolation would take its snapshot before the lock and then
//! fail, where this one waits; and changes on different rows, which break a rule together (the last two administrators), are in an order too.

mod doubt;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::doubt::Doubt;
use super::connection::{Boxed, Pool, Purpose, Transaction};
use super::import::{Changes, Import};
use super::load;
use super::tenure::Tenure;
use super::tx::Tx;
use crate::{Changed, Follower, Horizon, Origin, StoreError, WriterWatch};

/// The most changes of one transaction. PostgreSQL keeps up to 64 savepoints of a transaction where others find them fast.
const GROUP: usize = 60;
/// The most changes that wait for the task; beyond it, callers wait to be let in.
const QUEUE: usize = 4_096;
/// How long after a commit of which nobody knows whether it was one the server is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Runs a piece of work inside the group's transaction. Returns how it ended, and how to answer its caller once it is known whether the group
/// committed.
type Work = Box<dyn for<'a> FnOnce(&'a mut Tx) -> std::pin::Pin<Box<dyn Future<Output = (Outcome, Answer)> + Send + 'a>> + Send>;
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
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<()>,
    /// Whether the lock of the database is held.
    is_held: Arc<AtomicBool>,
    gauges: Arc<Gauges>,
}

/// What the task and those who wait for it share.
#[derive(Default)]
struct Gauges {
    waiting: AtomicUsize,
    /// Whether the task found that another node has followed this one, or that it cannot tell any more what is in force.
    is_over: AtomicBool,
    watch: OnceLock<Arc<dyn WriterWatch>>,
}

impl Writer {
    /// Begins to take changes, until it is dropped and all that waits is done.
    pub(super) fn start(pool: Pool, tenure: Tenure, roles: Arc<Roles>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let gauges = Arc::<Gauges>::default();
        let is_held = tenure.watch();
        let task = WriterTask {
            pool,
            tenure,
            roles,
            queue,
            gauges: Arc::clone(&gauges),
            follower: None,
            horizon: Horizon::NONE,
            is_full: false,
            revision: None,
            doubt: None,
        };
        Self { jobs, task: tokio::spawn(task.run()), is_held, gauges }
    }

    /// Whether the task still runs, and this node is the one that serves the database. It is not asked to do anything, so that whoever wants to
    /// know delays no change.
    pub(super) fn ping(&self) -> Result<(), StoreError> {
        if self.gauges.is_over.load(Ordering::Acquire) {
            return Err(StoreError::Served);
        }
        if !self.is_held.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("the lock of the database was lost".into()));
        }
        if self.task.is_finished() { Err(gone()) } else { Ok(()) }
    }

    pub(super) fn watch(&self, watch: Arc<dyn WriterWatch>) {
        drop(self.gauges.watch.set(watch));
    }

    pub(super) fn waiting(&self) -> usize {
        self.gauges.waiting.load(Ordering::Relaxed)
    }

    /// Runs a change and waits until it is committed and the follower has it. A caller that goes away meanwhile changes nothing of that.
    pub(super) async fn change<T, W>(&self, origin: Origin, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'a> FnOnce(&'a mut Tx) -> Boxed<'a, T> + Send + 'static,
    {
        self.submit(move |tx| {
            tx.begin(origin);
            work(tx)
        })
        .await
    }

    /// Runs a write that is no change: no event, no revision.
    pub(super) async fn bookkeeping<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'a> FnOnce(&'a Transaction) -> Boxed<'a, T> + Send + 'static,
    {
        self.submit(move |tx| work(tx.transaction())).await
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

    async fn submit<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'a> FnOnce(&'a mut Tx) -> Boxed<'a, T> + Send + 'static,
    {
        let (sender, answered) = oneshot::channel();
        let job = Job::Work(Box::new(move |tx| {
            Box::pin(async move {
                let result = work(tx).await;
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
            })
        }));
        self.send(job).await?;
        answered.await.map_err(|_| not_taken())?
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        // Before it is sent, so that the task cannot count it down first.
        self.gauges.waiting.fetch_add(1, Ordering::Relaxed);
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(gone()),
            Err(mpsc::error::TrySendError::Full(job)) => self.jobs.send(job).await.map_err(|_| gone()),
        }
    }
}

/// What the caller of a change hears that was lost with its group.
fn lost(why: &StoreError) -> StoreError {
    match why {
        StoreError::Full => StoreError::Full,
        StoreError::Served => StoreError::Served,
        why => StoreError::Unavailable(why.to_string()),
    }
}

/// Work that was dropped before it ran: its group was given up, for the reason that the log has.
fn not_taken() -> StoreError {
    StoreError::Unavailable("the change was given up with the group that it waited in".into())
}

fn gone() -> StoreError {
    StoreError::Unavailable("the writer task has ended".into())
}

struct WriterTask {
    pool: Pool,
    tenure: Tenure,
    roles: Arc<Roles>,
    queue: mpsc::Receiver<Job>,
    gauges: Arc<Gauges>,
    follower: Option<Arc<dyn Follower>>,
    /// What died behind it is not handed to the follower, by whatever way.
    horizon: Horizon,
    /// Whether the last transaction found no room.
    is_full: bool,
    /// The revision of the last change, which was made here, and which the follower has. Nothing where nobody has looked yet.
    revision: Option<i64>,
    doubt: Option<Doubt>,
}

/// What a transaction did, by the time of its commit.
struct Written {
    changes: Vec<Changed>,
    revision: i64,
}

impl WriterTask {
    async fn run(mut self) {
        while let Some(first) = self.next().await {
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
                match job {
                    Job::Work(work) => group.push(work),
                    Job::Follow(follower, answer) => {
                        self.commit(std::mem::take(&mut group)).await;
                        drop(answer.send(self.load(follower).await));
                    }
                    Job::Forget(horizon, keys, answer) => {
                        self.commit(std::mem::take(&mut group)).await;
                        drop(answer.send(self.forget(horizon, keys).await));
                    }
                    Job::Import(import, answer) => {
                        self.commit(std::mem::take(&mut group)).await;
                        drop(answer.send(self.import(*import).await));
                    }
                }
                next = if group.len() < GROUP { self.queue.try_recv().ok() } else { None };
            }
            self.commit(group).await;
        }
    }

    /// The next job; none when nobody can send any more. While there is a doubt, it is seen to meanwhile: the follower may lack what is in
    /// force.
    async fn next(&mut self) -> Option<Job> {
        while self.doubt.is_some() {
            tokio::select! {
                job = self.queue.recv() => return job,
                () = tokio::time::sleep(ASK_AGAIN) => drop(self.begin(Purpose::Change).await),
            }
        }
        self.queue.recv().await
    }

    /// A transaction that has the counter row, by which nobody else changes anything until its end. What is in force is what the follower has.
    async fn begin(&mut self, purpose: Purpose) -> Result<(Transaction, i64), StoreError> {
        let transaction = self.pool.begin(purpose).await?;
        match self.settle(&transaction).await {
            Ok(revision) => Ok((transaction, revision)),
            Err(error) => {
                if matches!(error, StoreError::Served) && !self.gauges.is_over.swap(true, Ordering::AcqRel) {
                    tracing::error!("another node has taken over the database: this one makes no changes any more; stop it");
                }
                Err(error)
            }
        }
    }

    async fn settle(&mut self, transaction: &Transaction) -> Result<i64, StoreError> {
        let revision = self.tenure.lock_counter(transaction).await?;
        if let Some(doubt) = self.doubt.take() {
            self.revision = Some(doubt.settle(revision, self.follower.as_deref()));
        }
        match self.revision {
            Some(known) if known != revision => Err(StoreError::Served),
            _ => Ok(*self.revision.insert(revision)),
        }
    }

    /// Commits, and tells the follower. Where nobody knows whether it was done, that is found out before anything else.
    async fn finish(&mut self, transaction: Transaction, written: Written) -> Result<(), StoreError> {
        let before = self.revision.unwrap_or(written.revision);
        if let Err(failure) = transaction.commit().await {
            let error = StoreError::from(failure);
            self.doubt = Some(Doubt { before, after: written.revision, changes: written.changes });
            return Err(StoreError::Unavailable(format!("nobody knows whether it was committed: {error}")));
        }
        self.revision = Some(written.revision);
        if let Some(follower) = &self.follower {
            written.changes.into_iter().for_each(|changed| follower.apply(changed));
        }
        Ok(())
    }

    async fn load(&mut self, follower: Arc<dyn Follower>) -> Result<(), StoreError> {
        // Behind this, no commit of an earlier transaction is under way any more.
        self.begin(Purpose::Change).await?.0.roll_back().await?;
        let transaction = self.pool.begin(Purpose::Walk).await?;
        let revision = load::everything(&transaction, self.horizon, &*follower).await?;
        transaction.roll_back().await?;
        self.follower = Some(follower);
        self.revision = Some(revision);
        Ok(())
    }

    /// In its place among the changes, so that none of them brings back what is forgotten.
    async fn forget(&mut self, horizon: Horizon, keys: Vec<KeyId>) -> Result<Gone, StoreError> {
        let horizon = self.horizon.advanced_to(horizon);
        let (transaction, revision) = self.begin(Purpose::Change).await?;
        let (sessions, changed) = load::forget(&transaction, horizon, keys).await?;
        let is_any = !(changed.sessions.is_empty() && changed.keys.is_empty());
        let changes = if is_any { vec![changed] } else { Vec::new() };
        self.finish(transaction, Written { changes, revision }).await?;
        self.horizon = horizon;
        Ok(Gone { sessions, is_followed: self.follower.is_some() })
    }

    async fn import(&mut self, mut import: Import) -> Result<bool, StoreError> {
        loop {
            let (transaction, revision) = self.begin(Purpose::Bulk).await?;
            let mut tx = Tx::new(transaction, Arc::clone(&self.roles), self.follower.is_some());
            let mut changes = self.follower.is_some().then(|| Changes { horizon: self.horizon, made: Vec::new() });
            let piece = import.take_piece(&mut tx, revision, &mut changes).await?;
            if piece.is_last && !import.is_wanted().await? {
                tx.into_transaction().roll_back().await?;
                return Ok(false);
            }
            let changes = changes.map_or_else(Vec::new, |changes| changes.made);
            self.finish(tx.into_transaction(), Written { changes, revision: piece.revision }).await?;
            import.committed();
            if piece.is_last {
                return Ok(true);
            }
        }
    }

    async fn commit(&mut self, group: Vec<Work>) {
        let mut waiting = group.into_iter();
        while waiting.len() > 0 {
            let began = Instant::now();
            let mut answers = Vec::with_capacity(waiting.len());
            match self.try_commit(&mut waiting, &mut answers).await {
                Ok(()) => {
                    if std::mem::take(&mut self.is_full) {
                        tracing::info!("there is room again: changes are made");
                    }
                    let changes_asked = answers.len();
                    answers.into_iter().for_each(|answer| answer(Ok(())));
                    if let Some(watch) = self.gauges.watch.get() {
                        watch.committed(changes_asked, began.elapsed());
                    }
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

    async fn try_commit(&mut self, waiting: &mut std::vec::IntoIter<Work>, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
        let follows = self.follower.is_some();
        // Work that never ran answers its caller by being dropped: the channel closes, and that reads as unavailable.
        let (transaction, mut revision) = self.begin(Purpose::Change).await?;
        let mut changes = Vec::new();
        transaction.batch("SAVEPOINT change").await?;
        let mut tx = Tx::new(transaction, Arc::clone(&self.roles), follows);
        for work in waiting {
            let (outcome, answer) = work(&mut tx).await;
            answers.push(answer);
            let touched = tx.take_touched();
            match outcome {
                Outcome::Full => return Err(StoreError::Full),
                Outcome::Refused => tx.transaction().batch("ROLLBACK TO SAVEPOINT change").await?,
                Outcome::Done => {
                    // Read before the commit, so that nothing can fail between the commit and the follower; and after each change, so that the
                    // follower shows the rows as they followed each other. Those of two changes at once might grant what neither did: a key
                    // that moves to a policy while that policy loses a permission.
                    if let Some(raised) = touched.revision {
                        revision = raised;
                        if follows {
                            changes.push(load::touched(tx.transaction(), self.horizon, &touched, revision).await?);
                        }
                    }
                    tx.transaction().batch("RELEASE SAVEPOINT change; SAVEPOINT change").await?;
                }
            }
        }
        self.finish(tx.into_transaction(), Written { changes, revision }).await
    }
}
