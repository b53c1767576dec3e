//! The one task that writes. Changes that wait together are committed together, each in a savepoint of its own, so that one that is refused
//! takes nothing of the others with it.
//!
//! A transaction is READ COMMITTED and locks the counter row before anything else. So whatever any transaction of Keybearer writes was
//! committed before the lock was had or comes after it is given back, and each statement behind the lock sees all of it: what is looked up
//! again, caller, owner and policy, stays so until the commit. A higher level of isolation would take its snapshot before the lock and then
//! fail, where this one waits; and changes on different rows, which break a rule together (the last two administrators), are in an order too.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use keybearer_core::role::Roles;
use tokio::sync::{mpsc, oneshot};

use super::barrier::Committed;
use super::clock;
use super::connection::{Boxed, Pool, Purpose, Transaction};
use super::hints::{Hints, Told};
use super::import::Import;
use super::nodes::{self, WaitedFor};
use super::seeded::Bug;
use super::tx::Tx;
use super::value::get;
use crate::{Origin, StoreError, StoreWatch};

/// The most changes of one transaction. PostgreSQL keeps up to 64 savepoints of a transaction where others find them fast.
const GROUP: usize = 60;
/// The most changes that wait for the task; beyond it, callers wait to be let in.
const QUEUE: usize = 4_096;
/// Whoever wants to change anything waits for the end of the transaction that has this lock.
const LOCK_COUNTER: &str = "SELECT revision FROM counter FOR UPDATE";

/// Runs a piece of work inside the group's transaction. Returns how it ended, and how to answer its caller once it is known whether the group
/// committed.
type Work = Box<dyn for<'a> FnOnce(&'a mut Tx) -> std::pin::Pin<Box<dyn Future<Output = (Outcome, Answer)> + Send + 'a>> + Send>;
pub(super) type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// How a piece of work ended.
enum Outcome {
    /// What it wrote is to be kept.
    Done,
    /// What it wrote is to be taken back.
    Refused,
    /// There was no room for what it wrote.
    Full,
}

/// One piece of work.
struct Piece {
    work: Work,
    /// Whether its caller waits until the state that it was answered by is in force, and not only until it is kept.
    waits: bool,
}

enum Job {
    Work(Piece),
    Import(Box<Import>, oneshot::Sender<Result<bool, StoreError>>),
}

pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    gauges: Arc<Gauges>,
}

/// What the tasks of the database and those who wait for them share.
#[derive(Default)]
pub(super) struct Gauges {
    waiting: AtomicUsize,
    has_ended: AtomicBool,
    watch: OnceLock<Arc<dyn StoreWatch>>,
}

impl Gauges {
    /// Tells whoever measures, if anybody does.
    pub(super) fn told(&self, tell: impl FnOnce(&dyn StoreWatch)) {
        if let Some(watch) = self.watch.get() {
            tell(&**watch);
        }
    }
}

impl Writer {
    /// A writer, and its task, which takes changes until the writer is dropped and all that waits is done. What is committed goes to `barrier`.
    pub(super) fn new(
        pool: Pool,
        roles: Arc<Roles>,
        barrier: mpsc::UnboundedSender<Committed>,
        hints: Hints,
        gauges: Arc<Gauges>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let task = WriterTask { pool, roles, queue, barrier, hints, gauges: Arc::clone(&gauges), is_full: false };
        (Self { jobs, gauges }, task.run())
    }

    /// Whether the task still runs. It is not asked to do anything, so that whoever wants to know delays no change.
    pub(super) fn ping(&self) -> Result<(), StoreError> {
        if self.gauges.has_ended.load(Ordering::Acquire) { Err(gone()) } else { Ok(()) }
    }

    pub(super) fn watch(&self, watch: Arc<dyn StoreWatch>) {
        drop(self.gauges.watch.set(watch));
    }

    pub(super) fn waiting(&self) -> usize {
        self.gauges.waiting.load(Ordering::Relaxed)
    }

    /// Runs a change and waits until it is committed and in force on every node. A caller that goes away meanwhile changes nothing of that.
    pub(super) async fn change<T, W>(&self, origin: Origin, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'a> FnOnce(&'a mut Tx) -> Boxed<'a, T> + Send + 'static,
    {
        self.submit(true, move |tx| {
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
        self.submit(false, move |tx| work(tx.transaction())).await
    }

    /// Takes in rows from elsewhere. Whoever wants a change meanwhile waits for the last of them.
    pub(super) async fn import(&self, import: Import) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Import(Box::new(import), answer)).await?;
        answered.await.map_err(|_| gone())?
    }

    async fn submit<T, W>(&self, waits: bool, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'a> FnOnce(&'a mut Tx) -> Boxed<'a, T> + Send + 'static,
    {
        let (sender, answered) = oneshot::channel();
        let work: Work = Box::new(move |tx| {
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
        });
        let job = Job::Work(Piece { work, waits });
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
        StoreError::Unconfirmed => StoreError::Unconfirmed,
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
    roles: Arc<Roles>,
    queue: mpsc::Receiver<Job>,
    barrier: mpsc::UnboundedSender<Committed>,
    hints: Hints,
    gauges: Arc<Gauges>,
    /// Whether the last transaction found no room.
    is_full: bool,
}

impl Drop for WriterTask {
    fn drop(&mut self) {
        self.gauges.has_ended.store(true, Ordering::Release);
    }
}

/// What a committed change waits for.
struct Waits {
    /// None if nobody looked.
    nodes: Option<WaitedFor>,
    /// Who was told of it.
    told: Told,
}

impl Waits {
    /// Nothing was changed here; what was seen may have been, elsewhere.
    const UNKNOWN: Self = Self { nodes: None, told: Told::Everybody };
}

/// Those who wait for what a transaction did.
#[derive(Default)]
struct Callers {
    /// Who wait until what they were answered by is in force. Also those who were refused, or changed nothing: whoever asks again for what was
    /// done already is told so, and takes it for done.
    of_changes: Vec<Answer>,
    /// Who asked for no change.
    of_others: Vec<Answer>,
}

impl Callers {
    fn len(&self) -> usize {
        self.of_changes.len() + self.of_others.len()
    }

    fn hear(self, error: &StoreError) {
        self.of_changes.into_iter().chain(self.of_others).for_each(|answer| answer(Err(error)));
    }
}

impl WriterTask {
    async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
                match job {
                    Job::Work(work) => group.push(work),
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

    /// A transaction that has the counter row, by which nobody else changes anything until its end. Returns also the revision.
    async fn begin(&self, purpose: Purpose) -> Result<(Transaction, i64), StoreError> {
        let (transaction, counter) = self.pool.begin_with(purpose, Some((LOCK_COUNTER, &[]))).await?;
        let counter = counter.first().ok_or_else(|| StoreError::Unavailable("the counter row is missing".into()))?;
        let revision = get(counter, 0)?;
        self.hints.counter_is(revision);
        Ok((transaction, revision))
    }

    /// Commits, and has the nodes told of this revision if there is a change. Returns then also whom it has to wait for.
    async fn finish(&self, transaction: Transaction, change: Option<i64>) -> Result<Waits, StoreError> {
        let telling = change.and_then(|revision| self.hints.telling_all(revision));
        let committed = match change {
            Some(revision) => {
                let committed = || self.hints.committed(revision, telling.is_some());
                transaction.commit_and_tell(telling.as_deref(), (nodes::WAITED_FOR, &[]), committed).await
            }
            None => transaction.commit().await.map(|()| None),
        };
        // The nodes learn of it from the events if it was.
        let nodes = committed.map_err(|failure| match StoreError::from(failure) {
            StoreError::Full => StoreError::Full,
            error => StoreError::Unavailable(format!("nobody knows whether it was committed: {error}")),
        })?;
        // Where they cannot be read, the barrier asks again.
        let nodes = nodes.and_then(|rows| nodes::to_waited_for(&rows).ok());
        let told = if change.is_some() { self.hints.waits_for(nodes.as_ref(), telling.is_some()) } else { Told::Everybody };
        Ok(Waits { nodes, told })
    }

    async fn import(&mut self, mut import: Import) -> Result<bool, StoreError> {
        loop {
            let (transaction, before) = self.begin(Purpose::Bulk).await?;
            let mut tx = Tx::new(transaction, Arc::clone(&self.roles));
            let piece = import.take_piece(&mut tx, before).await?;
            if piece.is_last && !import.is_wanted().await? {
                tx.into_transaction().roll_back().await?;
                return Ok(false);
            }
            let waits = self.finish(tx.into_transaction(), (piece.revision > before).then_some(piece.revision)).await?;
            import.committed();
            if piece.is_last {
                self.in_force(piece.revision, waits).await?;
                return Ok(true);
            }
        }
    }

    /// Waits until every node has this revision.
    async fn in_force(&self, revision: i64, waits: Waits) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let tell: Answer = Box::new(move |confirmed| drop(answer.send(confirmed.map_err(lost))));
        self.hand_over(revision, waits, vec![tell]);
        answered.await.map_err(|_| gone())?
    }

    fn hand_over(&self, revision: i64, Waits { nodes, told }: Waits, answers: Vec<Answer>) {
        if Bug::NoBarrier.is_seeded() {
            answers.into_iter().for_each(|answer| answer(Ok(())));
            return;
        }
        // Without a barrier the answers are dropped, which reads as unavailable.
        drop(self.barrier.send(Committed { revision, at: clock::now(), nodes, told, answers }));
    }

    async fn commit(&mut self, group: Vec<Piece>) {
        let mut waiting = group.into_iter();
        while waiting.len() > 0 {
            let began = Instant::now();
            let mut callers = Callers::default();
            match self.try_commit(&mut waiting, &mut callers).await {
                Ok((revision, waits)) => {
                    if std::mem::take(&mut self.is_full) {
                        tracing::info!("there is room again: changes are made");
                    }
                    self.gauges.told(|watch| watch.committed(callers.len(), began.elapsed()));
                    callers.of_others.into_iter().for_each(|answer| answer(Ok(())));
                    if !callers.of_changes.is_empty() {
                        self.hand_over(revision, waits, callers.of_changes);
                    }
                }
                Err(error) => {
                    // A full disk may stay so for hours: it is told once.
                    let is_full = matches!(error, StoreError::Full);
                    if !(is_full && std::mem::replace(&mut self.is_full, is_full)) {
                        tracing::error!(%error, "a transaction was not committed");
                    }
                    // Where not even the first one ran, none would. Those behind one that failed never ran: they are tried without it.
                    if callers.len() == 0 {
                        return;
                    }
                    callers.hear(&error);
                }
            }
        }
    }

    /// Returns the revision of the last change, and whom it has to wait for if that was made here.
    async fn try_commit(&self, waiting: &mut std::vec::IntoIter<Piece>, callers: &mut Callers) -> Result<(i64, Waits), StoreError> {
        // One that is alone is taken back with all of the transaction.
        let is_alone = waiting.len() == 1;
        // Work that never ran answers its caller by being dropped: the channel closes, and that reads as unavailable.
        let (transaction, before) = self.begin(Purpose::Change).await?;
        // The server has it before whatever comes next, so nobody waits for that alone.
        let mut sent = if is_alone { None } else { Some(transaction.send("SAVEPOINT change").await?) };
        let mut revision = before;
        let mut tx = Tx::new(transaction, Arc::clone(&self.roles));
        while let Some(piece) = waiting.next() {
            let (outcome, answer) = (piece.work)(&mut tx).await;
            let raised = tx.take_revision();
            if piece.waits {
                callers.of_changes.push(answer);
            } else {
                callers.of_others.push(answer);
            }
            if let Some(sent) = sent.take() {
                sent.done().await?;
            }
            match outcome {
                Outcome::Full => return Err(StoreError::Full),
                Outcome::Refused if is_alone => {
                    tx.into_transaction().roll_back().await?;
                    return Ok((before, Waits::UNKNOWN));
                }
                Outcome::Refused => sent = Some(tx.transaction().send("ROLLBACK TO SAVEPOINT change").await?),
                Outcome::Done => {
                    revision = raised.unwrap_or(revision);
                    // The commit ends the last one as well.
                    if waiting.len() > 0 {
                        sent = Some(tx.transaction().send("RELEASE SAVEPOINT change; SAVEPOINT change").await?);
                    }
                }
            }
        }
        if let Some(sent) = sent {
            sent.done().await?;
        }
        let waits = self.finish(tx.into_transaction(), (revision > before).then_some(revision)).await?;
        Ok((revision, waits))
    }
}
