//! Connections, and the transactions on them. A transaction that does not end well takes its connection along: nobody goes on where another
//! one left off.

use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, TimeoutType};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, RowStream, SimpleQueryMessage, SimpleQueryRow};

use super::address::PostgresUrl;
use super::failure::{Failure, told};
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

/// The oldest server that has all that is asked of it.
const OLDEST: u32 = 15;

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
}

impl Purpose {
    fn is_long(self) -> bool {
        matches!(self, Self::Walk | Self::Bulk)
    }

    /// Everything is said anew in each transaction, since a proxy may give each to another connection.
    fn begin(self) -> String {
        let (statement, lock) = match self {
            Self::Walk | Self::Bulk => (Duration::ZERO, LOCK),
            Self::Look | Self::Change => (STATEMENT, LOCK),
            Self::Follow | Self::Beat => (QUICK, QUICK),
        };
        let mode = match self {
            Self::Look | Self::Walk | Self::Follow => "ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::Change | Self::Bulk | Self::Beat => "ISOLATION LEVEL READ COMMITTED, READ WRITE",
        };
        format!(
            "BEGIN {mode}; SET LOCAL client_min_messages = warning; SET LOCAL synchronous_commit = on; SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {};
             SET LOCAL idle_in_transaction_session_timeout = {}",
            statement.as_millis(),
            lock.as_millis(),
            if self.is_long() { 0 } else { self.patience().as_millis() },
        )
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
pub(super) struct Pool(deadpool_postgres::Pool);

/// Something that is done with a transaction.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl Pool {
    pub(super) fn new(url: &PostgresUrl, size: usize) -> Result<Self, StoreError> {
        Self::within(url, size, CONNECT)
    }

    /// One connection for what must not wait long.
    pub(super) fn quick(url: &PostgresUrl) -> Result<Self, StoreError> {
        Self::within(url, 1, QUICK_CONNECT)
    }

    fn within(url: &PostgresUrl, size: usize, wait: Duration) -> Result<Self, StoreError> {
        let manager = Manager::from_config(url.client(), url.tls()?, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(wait))
            .create_timeout(Some(wait))
            .recycle_timeout(Some(wait))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move { require_fit(client).await.map_err(|error| HookError::message(error.to_string())) })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self(pool))
    }

    /// Begins a transaction. One on a connection that was lost meanwhile begins on another.
    pub(super) async fn begin(&self, purpose: Purpose) -> Result<Transaction, StoreError> {
        Ok(self.begin_with(purpose, "", "").await?.0)
    }

    /// As [`Pool::begin`], with these statements at its beginning, all in one journey to the server. Returns also the rows that they answered.
    pub(super) async fn begin_with(
        &self,
        purpose: Purpose,
        first: &str,
        second: &str,
    ) -> Result<(Transaction, Vec<SimpleQueryRow>), StoreError> {
        let sql = format!("{}; {first}; {second}", purpose.begin());
        let mut last = None;
        // As many as may have been lost at once, and then a new one.
        for _ in 0..=self.0.status().max_size {
            let client = self.0.get().await.map_err(no_connection)?;
            let transaction = Transaction { client: Some(client), purpose };
            match transaction.within(transaction.client().simple_query(&sql)).await {
                Ok(answers) => return Ok((transaction, rows(answers))),
                Err(failure) if failure.is_of_connection() || transaction.client().is_closed() => last = Some(failure),
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(last.unwrap_or_else(Failure::late).into())
    }

    /// Runs statements that begin and end their transaction by themselves, if they need any, in one journey.
    pub(super) async fn run(&self, sql: &str) -> Result<(), StoreError> {
        let mut whole = self.outside().await?;
        whole.batch(sql).await?;
        whole.keep();
        Ok(())
    }

    /// The rows that a statement answers, which is a transaction of its own.
    pub(super) async fn all(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut whole = self.outside().await?;
        let rows = whole.query(sql, values).await?;
        whole.keep();
        Ok(rows)
    }

    /// A connection on which no transaction was begun. It is dropped with whatever fails on it.
    async fn outside(&self) -> Result<Transaction, StoreError> {
        let client = self.0.get().await.map_err(no_connection)?;
        Ok(Transaction { client: Some(client), purpose: Purpose::Beat })
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

fn rows(answers: Vec<SimpleQueryMessage>) -> Vec<SimpleQueryRow> {
    let rows = answers.into_iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.collect()
}

fn no_connection(error: PoolError) -> StoreError {
    let why = match error {
        PoolError::Timeout(TimeoutType::Wait) => "no connection became free in time".to_owned(),
        PoolError::Timeout(_) => "no connection could be made in time".to_owned(),
        PoolError::Backend(error) => told(&error),
        PoolError::PostCreateHook(HookError::Message(why)) => why.into_owned(),
        PoolError::PostCreateHook(HookError::Backend(error)) => told(&error),
        PoolError::Closed | PoolError::NoRuntimeSpecified => error.to_string(),
    };
    StoreError::Unavailable(why)
}

/// Refuses a server that is too old, or that holds texts otherwise than they are written.
pub(super) async fn require_fit(client: &Client) -> Result<(), StoreError> {
    let sql =
        "SELECT current_setting('server_version_num')::int4 / 10000, current_setting('server_version'), current_setting('server_encoding')";
    let row = client.query_typed_one(sql, &[]).await.map_err(Failure::from)?;
    let (major, version, encoding): (i32, &str, &str) = (row.get(0), row.get(1), row.get(2));
    if u32::try_from(major).is_ok_and(|major| major < OLDEST) {
        return Err(StoreError::Unavailable(format!("the server is PostgreSQL {version}: Keybearer needs version {OLDEST} or newer")));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Unavailable(format!("the database has the encoding {encoding}: make one with ENCODING 'UTF8'")));
    }
    Ok(())
}

/// A transaction under way.
pub(super) struct Transaction {
    /// There until it ends.
    client: Option<Object>,
    purpose: Purpose,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // It was left in the middle. Without its connection it ends at the server too.
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Transaction {
    fn client(&self) -> &Client {
        self.client.as_ref().expect("it is there until the transaction ends, which takes the transaction")
    }

    /// Does something at the server, as long as it may take.
    async fn within<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Failure> {
        if self.purpose.is_long() {
            return Ok(work.await?);
        }
        Ok(tokio::time::timeout(self.purpose.patience(), work).await.map_err(|_| Failure::late())??)
    }

    /// Runs statements without values.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.within(self.client().batch_execute(sql)).await
    }

    pub(super) async fn query(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let values: Vec<_> = values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())).collect();
        self.within(self.client().query_typed(sql, &values)).await
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
        let values: Vec<_> = values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())).collect();
        self.within(self.client().execute_typed(sql, &values)).await
    }

    /// Rows one by one: there may be more than there is memory for.
    pub(super) async fn stream(&self, sql: &str, values: &[Value<'_>]) -> Result<Pin<Box<RowStream>>, Failure> {
        let values: Vec<_> = values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())).collect();
        Ok(Box::pin(self.within(self.client().query_typed_raw(sql, values)).await?))
    }

    /// As [`Transaction::commit`], and whoever listens is told by this statement.
    pub(super) async fn commit_and_tell(self, telling: &str) -> Result<(), Failure> {
        self.end(&format!("{telling}; COMMIT")).await
    }

    /// Ends it with all that it wrote. Where that fails, nobody knows whether it did.
    pub(super) async fn commit(self) -> Result<(), Failure> {
        // The server takes the COMMIT of a transaction in which a statement failed for a ROLLBACK, and says so in a word that nobody reads. It
        // refuses any other statement there.
        self.end("SELECT 1; COMMIT").await
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

    /// Gives the connection back to the others.
    fn keep(&mut self) {
        drop(self.client.take());
    }
}
