//! Connections, and the transactions on them. A transaction that does not end well takes its connection along: nobody goes on where another
//! one left off.

mod at_hand;
mod direct;
#[cfg(unix)]
mod local;
mod manager;

use std::future::ready;
use std::pin::Pin;
use std::thread::Thread;
use std::time::Duration;

use deadpool::managed::{PoolError, TimeoutType};
use deadpool_postgres::Runtime;
use futures_util::TryStreamExt;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream, SimpleQueryMessage, SimpleQueryStream, Statement};

use self::at_hand::{AtHand, Held};
use self::manager::{Connection, Manager, millis};
use super::address::PostgresUrl;
use super::failure::Failure;
use super::value::Value;
use crate::StoreError;

/// How long anybody waits for a connection, be it for a free one or for a new one.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// How long one statement may take at the server, but for those that go through all rows.
const STATEMENT: Duration = Duration::from_secs(10);
/// How long a statement waits for a lock that another one holds.
pub(super) const LOCK: Duration = Duration::from_secs(5);
/// How long nobody hears anything of a statement until the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long any of this may take where a lease, or somebody who verifies a key, depends on it.
const QUICK: Duration = Duration::from_secs(1);
/// How long such a connection is waited for.
const QUICK_CONNECT: Duration = Duration::from_millis(500);

/// The server takes the COMMIT of a transaction in which a statement failed for a ROLLBACK, and says so in a word that nobody reads. It refuses
/// any other statement there. This one says what is so already, and costs the least.
const REFUSED_AFTER_A_FAILURE: &str = "SET LOCAL synchronous_commit = on";
/// The same, of what is [`Purpose::Tidy`].
const REFUSED_IN_TIDYING: &str = "SET LOCAL synchronous_commit = off";

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reads one state, and not for long.
    Look,
    /// Reads one state, from its beginning to its end.
    Walk,
    /// Writes.
    Change,
    /// Writes very much.
    Bulk,
    /// Reads one state for the image, and soon.
    Follow,
    /// Writes for the nodes, and soon.
    Beat,
    /// Writes what nobody waits for, not even on the disk: where it is lost, it is done again.
    Tidy,
}

impl Purpose {
    fn is_long(self) -> bool {
        matches!(self, Self::Walk | Self::Bulk)
    }

    /// How long a statement may take, how long it waits for a lock, and how long nothing is asked for in a transaction. Zero for any time.
    fn limits(self) -> [Duration; 3] {
        let (statement, lock) = match self {
            Self::Walk | Self::Bulk => (Duration::ZERO, LOCK),
            Self::Look | Self::Change | Self::Tidy => (STATEMENT, LOCK),
            Self::Follow | Self::Beat => (QUICK, QUICK),
        };
        [statement, lock, if self.is_long() { Duration::ZERO } else { self.patience() }]
    }

    /// What the server is to heed.
    fn settings(self) -> [(&'static str, String); 5] {
        let [statement, lock, idle] = self.limits();
        [
            ("client_min_messages", "warning".to_owned()),
            ("synchronous_commit", if self == Self::Tidy { "off" } else { "on" }.to_owned()),
            ("statement_timeout", millis(statement)),
            ("lock_timeout", millis(lock)),
            ("idle_in_transaction_session_timeout", millis(idle)),
        ]
    }

    /// Whether a session that was told this heeds what the other needs.
    fn suits(self, other: Self) -> bool {
        self.limits() == other.limits() && (self == Self::Tidy) == (other == Self::Tidy)
    }

    /// Everything is said anew in each transaction, since a proxy may give each to another connection; but for what the session knows.
    fn begin(self, session: Option<Self>) -> String {
        let mode = match self {
            Self::Look | Self::Walk | Self::Follow => "ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::Change | Self::Bulk | Self::Beat | Self::Tidy => "ISOLATION LEVEL READ COMMITTED, READ WRITE",
        };
        if session.is_some_and(|usual| usual.suits(self)) {
            return format!("BEGIN {mode}");
        }
        let settings: String = self.settings().iter().map(|(name, value)| format!("; SET LOCAL {name} = {value}")).collect();
        // Who goes through all rows goes through them as they lie.
        let way = if session.is_some() { "; SET LOCAL enable_seqscan = on" } else { "" };
        format!("BEGIN {mode}{settings}{way}")
    }

    /// Does something at the server, as long as it may take.
    async fn within<T>(self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        if self.is_long() {
            return Ok(work.await?);
        }
        Ok(tokio::time::timeout(self.patience(), work).await.map_err(|_| Failure::late())??)
    }

    fn patience(self) -> Duration {
        match self {
            Self::Follow | Self::Beat => QUICK,
            _ => PATIENCE,
        }
    }
}

/// Connections that are used one after another by many.
#[derive(Clone)]
pub(super) struct Pool {
    all: deadpool::managed::Pool<Manager>,
    at_hand: Option<AtHand>,
}

/// A query with its values.
pub(super) type First<'a> = (&'a str, &'a [Value<'a>]);

/// Something that is done with a transaction.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl Pool {
    pub(super) fn new(url: &PostgresUrl, size: usize) -> Result<Self, StoreError> {
        Self::within(url, size, None, CONNECT)
    }

    /// One connection for whoever writes, which is one at a time.
    pub(super) fn writing(url: &PostgresUrl) -> Result<Self, StoreError> {
        let pool = Self::within(url, 1, Some(Purpose::Change), CONNECT)?;
        Ok(Self { at_hand: Some(AtHand::default()), ..pool })
    }

    /// One connection for what must not wait long.
    pub(super) fn quick(url: &PostgresUrl) -> Result<Self, StoreError> {
        Self::within(url, 1, Some(Purpose::Beat), QUICK_CONNECT)
    }

    /// One connection for whoever tidies up.
    pub(super) fn tidying(url: &PostgresUrl) -> Result<Self, StoreError> {
        Self::within(url, 1, Some(Purpose::Tidy), CONNECT)
    }

    fn within(url: &PostgresUrl, size: usize, usual: Option<Purpose>, wait: Duration) -> Result<Self, StoreError> {
        let all = deadpool::managed::Pool::builder(Manager::new(url, usual)?)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(wait))
            .create_timeout(Some(wait))
            .recycle_timeout(Some(wait))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { all, at_hand: None })
    }

    async fn connection(&self) -> Result<Held, StoreError> {
        if let Some(held) = self.at_hand.as_ref().and_then(AtHand::take) {
            return Ok(held);
        }
        let object = self.all.get().await.map_err(no_connection)?;
        Ok(Held::new(object, self.at_hand.clone()))
    }

    /// Begins a transaction. One on a connection that was lost meanwhile begins on another.
    pub(super) async fn begin(&self, purpose: Purpose) -> Result<Transaction, StoreError> {
        Ok(self.begin_with(purpose, None).await?.0)
    }

    /// As [`Pool::begin`], with a query at its beginning, in one journey to the server. Returns also the rows that it answered.
    pub(super) async fn begin_with(&self, purpose: Purpose, first: Option<First<'_>>) -> Result<(Transaction, Vec<Row>), StoreError> {
        let mut last = None;
        // As many as may have been lost at once, and then a new one.
        for _ in 0..=self.all.status().max_size {
            let client = self.connection().await?;
            let transaction = Transaction { client: Some(client), purpose };
            let sql = purpose.begin(transaction.connection().usual);
            let asking = async {
                match first {
                    Some((sql, values)) => transaction.query(sql, values).await,
                    None => Ok(Vec::new()),
                }
            };
            // They are sent in this order.
            let (begun, rows) = tokio::join!(transaction.batch(&sql), asking);
            match begun.and(rows) {
                Ok(rows) => return Ok((transaction, rows)),
                Err(failure) if transaction.was_lost(&failure) => last = Some(failure),
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(last.unwrap_or_else(Failure::late).into())
    }

    /// As [`Pool::begin_with`], of a query without values whose first row is one number, and nobody waits for either: what is asked in this
    /// transaction is on its way behind them. Whether it has begun, [`Sent::number`] tells.
    pub(super) async fn begin_ahead(&self, purpose: Purpose, first: &str) -> Result<(Transaction, Sent), StoreError> {
        let mut last = None;
        for _ in 0..=self.all.status().max_size {
            let client = self.connection().await?;
            let transaction = Transaction { client: Some(client), purpose };
            let sql = format!("{}; {first}", purpose.begin(transaction.connection().usual));
            match transaction.send(&sql).await {
                Ok(sent) => return Ok((transaction, sent)),
                // It was lost just now.
                Err(failure) => last = Some(failure),
            }
        }
        Err(last.unwrap_or_else(Failure::late).into())
    }

    /// Runs statements that begin and end their transaction by themselves, if they need any, in one journey.
    pub(super) async fn run(&self, sql: &str) -> Result<(), StoreError> {
        let mut whole = self.outside(Purpose::Beat).await?;
        whole.batch(sql).await?;
        whole.keep();
        Ok(())
    }

    /// The rows that a statement answers, which is a transaction of its own.
    pub(super) async fn all(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut whole = self.outside(Purpose::Beat).await?;
        let rows = whole.query(sql, values).await?;
        whole.keep();
        Ok(rows)
    }

    /// Runs a statement that is a transaction of its own, and right before that `ready`, which may name a thread that is woken when it is sent.
    /// Returns the rows that it answered; none where nothing was done: there is no connection whose session knows what is to be heeded, or the
    /// server refused it.
    ///
    /// # Errors
    /// A [`Failure`] where nobody knows whether it was done, or where somebody else had a lock for too long: then it was not.
    pub(super) async fn alone(
        &self,
        purpose: Purpose,
        (sql, values): (&'static str, &[Value<'_>]),
        ready: impl FnOnce() -> Option<Thread>,
    ) -> Result<Option<Vec<Row>>, Failure> {
        let Ok(mut whole) = self.outside(purpose).await else { return Ok(None) };
        if whole.connection().usual.is_none_or(|usual| !usual.suits(purpose)) {
            whole.keep();
            return Ok(None);
        }
        let statement = match whole.connection().last(sql) {
            Some(statement) => Some(statement),
            // Now, so that the statement itself is one journey.
            None => match whole.with_kept(whole.kept(sql, &types(values))).await {
                Ok(statement) => statement.inspect(|statement| whole.connection().was_last(sql, statement)),
                Err(_) => return Ok(None),
            },
        };
        if let Some(thread) = ready() {
            whole.connection().goes_on.when_sent(thread);
        }
        match whole.with_kept(whole.query_ready(statement.as_ref(), sql, values)).await {
            Ok(rows) => {
                whole.keep();
                Ok(Some(rows))
            }
            Err(failure) if failure.is_of_statement() && !failure.is_of_waiting() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A connection on which no transaction was begun. It is dropped with whatever fails on it.
    async fn outside(&self, purpose: Purpose) -> Result<Transaction, StoreError> {
        let client = self.connection().await?;
        Ok(Transaction { client: Some(client), purpose })
    }

    /// Runs a query in one transaction, so that all its statements see one state.
    pub(super) async fn read<T, Q>(&self, query: Q) -> Result<T, StoreError>
    where
        Q: for<'a> FnOnce(&'a Transaction) -> Boxed<'a, T> + Send,
    {
        self.read_for(Purpose::Look, query).await
    }

    /// As [`Pool::read`], however long it takes.
    pub(super) async fn read_for<T, Q>(&self, purpose: Purpose, query: Q) -> Result<T, StoreError>
    where
        Q: for<'a> FnOnce(&'a Transaction) -> Boxed<'a, T> + Send,
    {
        let transaction = self.begin(purpose).await?;
        let answer = query(&transaction).await;
        let ended = transaction.roll_back().await;
        let answer = answer?;
        ended.map(|()| answer)
    }
}

fn no_connection(error: PoolError<StoreError>) -> StoreError {
    let why = match error {
        PoolError::Backend(error) => return error,
        PoolError::Timeout(TimeoutType::Wait) => "no connection became free in time".to_owned(),
        PoolError::Timeout(_) => "no connection could be made in time".to_owned(),
        error => error.to_string(),
    };
    StoreError::Unavailable(why)
}

/// A transaction under way.
pub(super) struct Transaction {
    /// There until it ends.
    client: Option<Held>,
    purpose: Purpose,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // It was left in the middle. Without its connection it ends at the server too.
        if let Some(client) = self.client.take() {
            client.close();
        }
    }
}

impl Transaction {
    fn connection(&self) -> &Connection {
        self.client.as_ref().expect("it is there until the transaction ends, which takes the transaction")
    }

    fn client(&self) -> &Client {
        &self.connection().client
    }

    /// Whether this came of a connection that is lost.
    pub(super) fn was_lost(&self, failure: &Failure) -> bool {
        failure.is_of_connection() || self.client().is_closed()
    }

    /// Waits for statements that may be kept at the server.
    async fn with_kept<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        let done = self.within(work).await;
        if done.as_ref().is_err_and(Failure::is_of_kept) {
            // They are kept anew.
            self.connection().client.statement_cache.clear();
        }
        done
    }

    /// The statement as it is kept at the server, if it is one of those that come again and again.
    async fn kept(&self, sql: &str, types: &[Type]) -> Result<Option<Statement>, tokio_postgres::Error> {
        if self.purpose.is_long() { Ok(None) } else { self.connection().kept(sql, types).await }
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        self.purpose.within(work).await
    }

    /// Runs statements without values.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.within(self.client().batch_execute(sql)).await
    }

    /// As [`Transaction::batch`]. It is on its way when this returns, and may be waited for later.
    pub(super) async fn send(&self, sql: &str) -> Result<Sent, Failure> {
        Ok(Sent { answers: Box::pin(self.client().simple_query_raw(sql).await?), purpose: self.purpose })
    }

    pub(super) async fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        self.with_kept(async { self.query_ready(self.kept(sql, &types(values)).await?.as_ref(), sql, values).await }).await
    }

    /// As [`Transaction::query`], of a statement that is looked up already.
    async fn query_ready(&self, statement: Option<&Statement>, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, tokio_postgres::Error> {
        match statement {
            Some(statement) => self.client().query(statement, &parameters(values)).await,
            None => self.client().query_typed(sql, &with_types(values)).await,
        }
    }

    /// The one row of an answer, or none.
    pub(super) async fn find(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>, Failure> {
        Ok(self.query(sql, values).await?.pop())
    }

    /// The one row that an answer always has.
    pub(super) async fn one(&self, sql: &str, values: &[Value<'_>]) -> Result<Row, StoreError> {
        let row = self.find(sql, values).await?;
        row.ok_or_else(|| StoreError::Unavailable("a row is missing that is always there".into()))
    }

    /// How many rows a statement wrote.
    pub(super) async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        let statement = self.with_kept(self.kept(sql, &types(values))).await?;
        self.execute_ready(statement.as_ref(), sql, values).await
    }

    /// Rows one by one: there may be more than there is memory for.
    pub(super) async fn stream(&self, sql: &str, values: &[Value<'_>]) -> Result<Pin<Box<RowStream>>, Failure> {
        Ok(Box::pin(self.within(self.client().query_typed_raw(sql, with_types(values))).await?))
    }

    /// As [`Transaction::execute`], of a statement that is looked up already: it is on its way as soon as this is polled.
    async fn execute_ready(&self, statement: Option<&Statement>, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        self.with_kept(async {
            match statement {
                Some(statement) => self.client().execute(statement, &parameters(values)).await,
                None => self.client().execute_typed(sql, &with_types(values)).await,
            }
        })
        .await
    }

    /// As [`Transaction::commit`], behind a `last` statement if there is one, which is not committed where it fails; whoever listens is told by
    /// this statement if there is one, and a query is made once it is committed, in one journey. `committed` is called in between. Returns also the
    /// rows that it answered, unless it failed: then it is committed all the same.
    pub(super) async fn commit_and_tell(
        mut self,
        last: Option<First<'_>>,
        telling: Option<&str>,
        then: First<'_>,
        committed: impl FnOnce(),
    ) -> Result<Option<Vec<Row>>, Lost> {
        let last = match last {
            Some((sql, values)) => {
                // Now, so that nothing is waited for between it and the commit: it would come too late.
                let statement = self.with_kept(self.kept(sql, &types(values))).await.map_err(Lost::Refused)?;
                Some((statement, sql, values))
            }
            None => None,
        };
        let writing = async {
            match &last {
                Some((statement, sql, values)) => self.execute_ready(statement.as_ref(), sql, values).await.map(drop),
                None => Ok(()),
            }
        };
        let sql = format!("{}; COMMIT", telling.unwrap_or(REFUSED_AFTER_A_FAILURE));
        // They are sent in this order.
        let committing = async {
            let (written, ended) = tokio::join!(writing, self.batch(&sql));
            if written.is_ok() && ended.is_ok() {
                committed();
            }
            (written, ended)
        };
        let ((written, ended), rows) = tokio::join!(committing, self.query(then.0, then.1));
        match (written, ended) {
            (Ok(()), Ok(())) => {}
            (Err(failure), Err(_)) if failure.is_of_statement() => return Err(Lost::Refused(failure)),
            (_, Err(failure)) | (Err(failure), Ok(())) => return Err(Lost::Unknown(failure)),
        }
        if rows.is_ok() {
            self.keep();
        }
        Ok(rows.ok())
    }

    /// Ends it with all that it wrote. Where that fails, nobody knows whether it did.
    pub(super) async fn commit(self) -> Result<(), Failure> {
        let refused = if self.purpose == Purpose::Tidy { REFUSED_IN_TIDYING } else { REFUSED_AFTER_A_FAILURE };
        self.end(&format!("{refused}; COMMIT")).await
    }

    /// Ends it without anything that it wrote, and in the same journey runs statements that begin and end a transaction of their own.
    pub(super) async fn roll_back_and(self, sql: &str) -> Result<(), StoreError> {
        Ok(self.end(&format!("ROLLBACK; {sql}")).await?)
    }

    /// Ends it without anything that it wrote.
    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        Ok(self.end("ROLLBACK").await?)
    }

    async fn end(mut self, sql: &str) -> Result<(), Failure> {
        self.batch(sql).await?;
        self.keep();
        Ok(())
    }

    /// Gives the connection back to whoever is next.
    fn keep(&mut self) {
        if let Some(client) = self.client.take() {
            client.keep();
        }
    }
}

/// A transaction that was not committed, as far as anybody knows.
pub(super) enum Lost {
    /// The server refused a statement before the commit, and the commit with it.
    Refused(Failure),
    /// Nobody knows whether it was committed.
    Unknown(Failure),
}

/// Statements under way.
pub(super) struct Sent {
    answers: Pin<Box<SimpleQueryStream>>,
    purpose: Purpose,
}

impl Sent {
    /// Waits until they are done.
    pub(super) async fn done(self) -> Result<(), Failure> {
        self.purpose.within(self.answers.try_for_each(|_| ready(Ok(())))).await
    }

    /// Waits until they are done. The one number of the one row that they answer; none if there was no such row.
    pub(super) async fn number(self) -> Result<Option<i64>, Failure> {
        let number = |message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).and_then(|number| number.parse().ok()),
            _ => None,
        };
        self.purpose.within(self.answers.try_fold(None, |last, message| ready(Ok(number(message).or(last))))).await
    }
}

type Parameter<'a> = &'a (dyn ToSql + Sync);

fn parameters<'a>(values: &'a [Value<'_>]) -> Vec<Parameter<'a>> {
    values.iter().map(|value| value as Parameter<'a>).collect()
}

fn types(values: &[Value<'_>]) -> Vec<Type> {
    values.iter().map(Value::kind).collect()
}

fn with_types<'a>(values: &'a [Value<'_>]) -> Vec<(Parameter<'a>, Type)> {
    values.iter().map(|value| (value as Parameter<'a>, value.kind())).collect()
}
