//! The one task that writes. Changes that wait together are committed together, each in a savepoint of its own, so that one that is refused
//! takes nothing of the others with it. New keys that follow one another are made at once (see [`creation`]), in one savepoint.
//!
//! A transaction is READ COMMITTED and locks the counter row before anything else. So whatever any change of Keybearer writes was
//! committed before the lock was had or comes after it is given back, and each statement behind the lock sees all of it: what is looked up
//! again, caller, owner and policy, stays so until the commit. A higher level of isolation would take its snapshot before the lock and then
//! fail, where this one waits; and changes on different rows, which break a rule together (the last two administrators), are in an order too.
//! A revocation that was foreseen takes its snapshot before the lock all the same: the revision tells whether anything was committed in between
//! (see [`alone`]).

mod alone;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use keybearer_core::role::Roles;
use keybearer_core::token::KeyId;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Row;

use super::barrier::Committed;
use super::clock;
use super::connection::{Boxed, Lost, Pool, Purpose, Transaction};
use super::failure::Failure;
use super::hints::{Foretold, Hints, Told};
use super::import::Import;
use super::nodes::{self, WaitedFor, no_counter};
use super::seeded::Bug;
use super::tx::{Revocation, Tx};
use super::value::get;
use super::{creation, revocation};
use crate::{Key, Origin, StoreError, StoreWatch};

/// The most changes of one transaction. PostgreSQL keeps up to 64 savepoints of a transaction where others find them fast.
const GROUP: usize = 60;
/// The most changes that wait for the task; beyond it, callers wait to be let in.
const QUEUE: usize = 4_096;
/// Whoever wants to change anything waits for the end of the transaction that has this lock. Here as in all statements the counter is found by
/// its index: its versions that somebody may still see fill more and more pages, all of which would be read, also when nobody sees them any more.
const LOCK_COUNTER: &str = "SELECT revision FROM counter WHERE id = 1 FOR UPDATE";

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

impl Outcome {
    fn of<T>(result: &Result<T, StoreError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(StoreError::Full) => Self::Full,
            Err(_) => Self::Refused,
        }
    }
}

/// Who waits for an answer.
type Waiting<T> = oneshot::Sender<Result<T, StoreError>>;

enum Job {
    /// A piece of work, and whether its caller waits until the state that it was answered by is in force, and not only until it is kept.
    Work(Work, bool),
    Create(Box<creation::Asked>, Waiting<Key>),
    Revoke(Box<revocation::Asked>, Waiting<Vec<KeyId>>),
    Import(Box<Import>, Waiting<bool>),
}

/// What is done in a savepoint of its own.
enum Piece {
    /// As [`Job::Work`].
    Work(Work, bool),
    /// New keys, and who waits for each.
    Creations(Vec<creation::Asked>, Vec<Waiting<Key>>),
    /// Keys that are revoked, and who waits for that.
    Revocation(Box<revocation::Asked>, Waiting<Vec<KeyId>>),
}

/// What is done in one transaction, in the order in which it came.
#[derive(Default)]
struct Group {
    pieces: VecDeque<Piece>,
    /// How many jobs that are.
    jobs: usize,
}

impl Group {
    fn work(&mut self, work: Work, waits: bool) {
        self.jobs += 1;
        self.pieces.push_back(Piece::Work(work, waits));
    }

    fn revocation(&mut self, asked: Box<revocation::Asked>, answer: Waiting<Vec<KeyId>>) {
        self.jobs += 1;
        self.pieces.push_back(Piece::Revocation(asked, answer));
    }

    fn creation(&mut self, asked: creation::Asked, answer: Waiting<Key>) {
        self.jobs += 1;
        if let Some(Piece::Creations(all, answers)) = self.pieces.back_mut() {
            all.push(asked);
            answers.push(answer);
        } else {
            self.pieces.push_back(Piece::Creations(vec![asked], vec![answer]));
        }
    }
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
    /// Whether revocations may lie where they were written by themselves.
    has_unsettled: AtomicBool,
    watch: OnceLock<Arc<dyn StoreWatch>>,
}

impl Gauges {
    /// Tells whoever measures, if anybody does.
    pub(super) fn told(&self, tell: impl FnOnce(&dyn StoreWatch)) {
        if let Some(watch) = self.watch.get() {
            tell(&**watch);
        }
    }

    /// Whether the task that writes has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Notes that there may be revocations which are not among the others.
    pub(super) fn note_unsettled(&self) {
        self.has_unsettled.store(true, Ordering::Release);
    }

    /// Whether that was noted since this was asked last.
    pub(super) fn take_unsettled(&self) -> bool {
        self.has_unsettled.swap(false, Ordering::AcqRel)
    }
}

impl Writer {
    /// A writer, and its task, which takes changes until the writer is dropped and all that waits is done. What is committed and has to be waited
    /// for goes to `barrier`.
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
        if self.gauges.has_ended() { Err(gone()) } else { Ok(()) }
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

    /// Makes a key and waits until it is in force on every node, as with any change. Others may be made with it.
    pub(super) async fn create(&self, asked: creation::Asked) -> Result<Key, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Create(Box::new(asked), answer)).await?;
        answered.await.map_err(|_| not_taken())?
    }

    /// Revokes keys, and waits until that is in force on every node.
    pub(super) async fn revoke(&self, asked: revocation::Asked) -> Result<Vec<KeyId>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Revoke(Box::new(asked), answer)).await?;
        answered.await.map_err(|_| not_taken())?
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
                (Outcome::of(&result), answering(result, sender))
            })
        });
        self.send(Job::Work(work, waits)).await?;
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

/// How to answer whoever waits, once it is known whether the group committed.
fn answering<T: Send + 'static>(result: Result<T, StoreError>, waiting: Waiting<T>) -> Answer {
    Box::new(move |committed| {
        let answer = match (result, committed) {
            (result, Ok(())) => result,
            // What a refusal was judged by may have been lost too, or be in force here and not elsewhere.
            (_, Err(why)) => Err(lost(why)),
        };
        // Nobody listens where the caller went away: the change stands all the same.
        drop(waiting.send(answer));
    })
}

/// What the caller of a change hears that was lost with its group.
fn lost(why: &StoreError) -> StoreError {
    match why {
        StoreError::Full => StoreError::Full,
        StoreError::Unconfirmed => StoreError::Unconfirmed,
        why => StoreError::Unavailable(why.to_string()),
    }
}

/// What the caller of a change hears where the server did not say how it ended.
fn unknown(failure: Failure) -> StoreError {
    match failure.into() {
        StoreError::Full => StoreError::Full,
        error => StoreError::Unavailable(format!("nobody knows whether it was committed: {error}")),
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
    /// If it was told of before.
    foretold: Option<Foretold>,
}

impl Waits {
    /// Nothing was changed here; what was seen may have been, elsewhere.
    const UNKNOWN: Self = Self { nodes: None, told: Told::Everybody, foretold: None };
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
            let mut group = Group::default();
            let mut next = Some(first);
            while let Some(job) = next {
                self.gauges.waiting.fetch_sub(1, Ordering::Relaxed);
                match job {
                    Job::Work(work, waits) => group.work(work, waits),
                    Job::Create(asked, answer) => group.creation(*asked, answer),
                    Job::Revoke(asked, answer) => group.revocation(asked, answer),
                    Job::Import(import, answer) => {
                        self.commit(std::mem::take(&mut group)).await;
                        drop(answer.send(self.import(*import).await));
                    }
                }
                next = if group.jobs < GROUP { self.queue.try_recv().ok() } else { None };
            }
            self.commit(group).await;
        }
    }

    /// A transaction that has the counter row, by which nobody else changes anything until its end. Returns also the revision.
    async fn begin(&self, purpose: Purpose) -> Result<(Transaction, i64), StoreError> {
        let (transaction, counter) = self.pool.begin_with(purpose, Some((LOCK_COUNTER, &[]))).await?;
        let counter = counter.first().ok_or_else(no_counter)?;
        let revision = get(counter, 0)?;
        self.hints.counter_is(revision);
        Ok((transaction, revision))
    }

    /// Commits, with a revocation that is the change if one is given, and has the nodes told of this revision if there is a change. Returns then
    /// also whom it has to wait for.
    async fn finish(&self, transaction: Transaction, change: Option<i64>, revocation: Option<Revocation>) -> Result<Waits, StoreError> {
        let telling = change.and_then(|revision| self.hints.telling_all(revision));
        let committed = match change {
            Some(revision) => {
                let revoked = revocation.as_ref().map(|revocation| revocation.revoked().clone());
                let committed = || self.hints.committed(revision, revoked, telling.is_some());
                let last = revocation.as_ref().map(|revocation| (revocation.sql(), revocation.values()));
                let last = last.as_ref().map(|(sql, values)| (*sql, &values[..]));
                Box::pin(transaction.commit_and_tell(last, telling.as_deref(), (nodes::WAITED_FOR, &[]), committed)).await
            }
            None => transaction.commit().await.map(|()| None).map_err(Lost::Unknown),
        };
        // The nodes learn of it from the events if it was.
        let nodes = committed.map_err(|lost| match lost {
            Lost::Refused(failure) => failure.into(),
            Lost::Unknown(failure) => unknown(failure),
        })?;
        Ok(if change.is_some() { self.waits(nodes.as_deref(), telling.is_some()) } else { Waits::UNKNOWN })
    }

    /// Whom a change waits for that was just committed, by what was read behind it.
    fn waits(&self, nodes: Option<&[Row]>, by_the_database: bool) -> Waits {
        // Where they cannot be read, the barrier asks again.
        let members = nodes.and_then(|rows| nodes::to_members(rows).ok());
        let nodes = members.map(|members| self.hints.remember(members));
        let told = self.hints.waits_for(nodes.as_ref(), by_the_database);
        Waits { nodes, told, foretold: None }
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
            let waits = self.finish(tx.into_transaction(), (piece.revision > before).then_some(piece.revision), None).await?;
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

    fn hand_over(&self, revision: i64, Waits { nodes, told, foretold }: Waits, answers: Vec<Answer>) {
        if Bug::NoBarrier.is_seeded() {
            answers.into_iter().for_each(|answer| answer(Ok(())));
            return;
        }
        let committed = Committed { revision, at: clock::now(), nodes, told, foretold, answers };
        if let Some(committed) = committed.answered(&self.hints, &self.gauges) {
            // Without a barrier the answers are dropped, which reads as unavailable.
            drop(self.barrier.send(committed));
        }
    }

    async fn commit(&mut self, group: Group) {
        let mut waiting = group.pieces;
        while !waiting.is_empty() {
            let began = Instant::now();
            let mut callers = Callers::default();
            match self.try_commit(&mut waiting, &mut callers).await {
                Ok((revision, waits)) => {
                    if std::mem::take(&mut self.is_full) {
                        tracing::info!("there is room again: changes are made");
                    }
                    // There is nobody where creations are to be tried one by one.
                    if callers.len() > 0 {
                        self.gauges.told(|watch| watch.committed(callers.len(), began.elapsed()));
                    }
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

    /// Makes keys. Where a statement fails, which takes all of them along, they wait again, to be made one by one. Returns also the revision of
    /// the last one.
    async fn create(
        &self,
        transaction: &Transaction,
        all: Vec<creation::Asked>,
        answers: Vec<Waiting<Key>>,
        waiting: &mut VecDeque<Piece>,
        callers: &mut Vec<Answer>,
    ) -> (Outcome, Option<i64>) {
        let error = match Box::pin(creation::create(transaction, &self.roles, &all)).await {
            Ok(created) => {
                callers.extend(created.verdicts.into_iter().zip(answers).map(|(verdict, answer)| answering(verdict, answer)));
                return (Outcome::Done, created.revision);
            }
            Err(error) => error,
        };
        if matches!(error, StoreError::Full) {
            callers.extend(answers.into_iter().map(|answer| answering(Err(StoreError::Full), answer)));
            return (Outcome::Full, None);
        }
        if all.len() == 1 {
            callers.extend(answers.into_iter().next().map(|answer| answering(Err(error), answer)));
            return (Outcome::Refused, None);
        }
        tracing::warn!(%error, keys = all.len(), "keys could not be made together: they are made one by one");
        let alone = all.into_iter().zip(answers).map(|(asked, answer)| Piece::Creations(vec![asked], vec![answer]));
        alone.rev().for_each(|piece| waiting.push_front(piece));
        (Outcome::Refused, None)
    }

    /// Returns the revision of the last change, and whom it has to wait for if that was made here.
    async fn try_commit(&self, waiting: &mut VecDeque<Piece>, callers: &mut Callers) -> Result<(i64, Waits), StoreError> {
        // One that is alone is taken back with all of the transaction.
        let is_alone = waiting.len() == 1;
        if is_alone && let Some(Piece::Revocation(asked, answer)) = waiting.pop_front_if(|piece| matches!(piece, Piece::Revocation(..))) {
            return Box::pin(self.revoke(&asked, answer, callers)).await;
        }
        // Work that never ran answers its caller by being dropped: the channel closes, and that reads as unavailable.
        let (transaction, before) = self.begin(Purpose::Change).await?;
        // The server has it before whatever comes next, so nobody waits for that alone.
        let mut sent = if is_alone { None } else { Some(transaction.send("SAVEPOINT change").await?) };
        let mut revision = before;
        let mut has_revoked = false;
        let mut tx = Tx::new(transaction, Arc::clone(&self.roles));
        while let Some(piece) = waiting.pop_front() {
            let (outcome, raised) = match piece {
                Piece::Work(work, waits) => {
                    let (outcome, answer) = work(&mut tx).await;
                    let callers = if waits { &mut callers.of_changes } else { &mut callers.of_others };
                    callers.push(answer);
                    (outcome, tx.take_revision())
                }
                Piece::Revocation(asked, answer) => {
                    has_revoked = true;
                    let result = match Box::pin(asked.judge(&mut tx)).await {
                        Ok(revocation) => tx.revoke(&revocation).await.map(|()| revocation.revoked().keys.clone()),
                        Err(error) => Err(error),
                    };
                    let outcome = Outcome::of(&result);
                    callers.of_changes.push(answering(result, answer));
                    (outcome, tx.take_revision())
                }
                Piece::Creations(all, answers) => self.create(tx.transaction(), all, answers, waiting, &mut callers.of_changes).await,
            };
            if let Some(sent) = sent.take() {
                sent.done().await?;
            }
            match outcome {
                Outcome::Full => return Err(StoreError::Full),
                Outcome::Refused if is_alone => {
                    // Where that fails its connection is gone, and the transaction with it.
                    drop(tx.into_transaction().roll_back().await);
                    return Ok((before, Waits::UNKNOWN));
                }
                Outcome::Refused => sent = Some(tx.transaction().send("ROLLBACK TO SAVEPOINT change").await?),
                Outcome::Done => {
                    revision = raised.unwrap_or(revision);
                    // The commit ends the last one as well.
                    if !waiting.is_empty() {
                        sent = Some(tx.transaction().send("RELEASE SAVEPOINT change; SAVEPOINT change").await?);
                    }
                }
            }
        }
        if let Some(sent) = sent {
            sent.done().await?;
        }
        let waits = self.finish(tx.into_transaction(), (revision > before).then_some(revision), None).await;
        if has_revoked {
            self.gauges.note_unsettled();
        }
        Ok((revision, waits?))
    }
}
