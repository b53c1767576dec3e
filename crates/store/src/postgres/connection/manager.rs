//! Makes connections, and looks at each before it is used: whether its server fits, and whether statements can be kept there.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Connection as Driver, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::address::PostgresUrl;
use super::super::failure::{Failure, told};
#[cfg(unix)]
use super::local::{self, Local};
use super::{Purpose, direct};
use crate::StoreError;

/// The oldest server that has all that is asked of it.
const OLDEST: u32 = 15;
/// The most statements that a connection keeps. There are fewer; but where a text is made of what somebody asks for, they must not pile up.
const KEPT: usize = 200;

/// Makes the connections of one pool.
pub(super) struct Manager {
    config: Config,
    tls: MakeRustlsConnect,
    /// What its transactions are for, where they are so much alike that it pays to keep their statements at the server.
    usual: Option<Purpose>,
}

impl Manager {
    pub(super) fn new(url: &PostgresUrl, usual: Option<Purpose>) -> Result<Self, StoreError> {
        Ok(Self { config: url.client(), tls: url.tls()?, usual })
    }

    /// Returns also who is to go on once what is asked has been sent.
    async fn connect(&self) -> Result<(ClientWrapper, GoesOn), StoreError> {
        let tls = self.tls.clone();
        #[cfg(unix)]
        if let Some(path) = local::socket(&self.config) {
            let unavailable = |error| StoreError::Unavailable(format!("{}: {error}", path.display()));
            let socket = Local::connect(&path).await.map_err(unavailable)?;
            // There is no name by which it could prove itself, so that fails where it is asked for.
            let Ok(tls) = MakeTlsConnect::<Local>::make_tls_connect(&mut { tls }, "");
            return Ok(driven(Box::pin(self.config.connect_raw(socket, tls)).await.map_err(Failure::from)?));
        }
        Ok(driven(Box::pin(self.config.connect(tls)).await.map_err(Failure::from)?))
    }
}

/// The thread that is woken when what is asked has been sent, if any is; at times a little earlier. It takes some time to wake a thread, and that
/// one may take the processor at once.
#[derive(Clone, Default)]
pub(super) struct GoesOn(Arc<Mutex<Option<Thread>>>);

impl GoesOn {
    /// Before it is asked.
    pub(super) fn when_sent(&self, thread: Thread) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }

    fn now(&self) {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.unpark();
        }
    }
}

/// A client whose connection is driven by a task, which ends with it.
fn driven<S, T>((client, mut connection): (Client, Driver<S, T>)) -> (ClientWrapper, GoesOn)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let goes_on = GoesOn::default();
    let sent = goes_on.clone();
    let drive = async move {
        let driven = poll_fn(|context| {
            let driven = connection.poll_unpin(context);
            sent.now();
            driven
        });
        if let Err(error) = driven.await {
            tracing::warn!(error = told(&error), "a connection to the database was lost");
        }
    };
    (ClientWrapper::new(client, tokio::spawn(drive)), goes_on)
}

/// A connection, and what was said at its beginning.
pub(super) struct Connection {
    pub(super) client: ClientWrapper,
    /// Who is to go on once what is asked has been sent.
    pub(super) goes_on: GoesOn,
    /// What its session was told for good; none where each transaction has to be told, since it may run in another session.
    pub(super) usual: Option<Purpose>,
    /// The statement that was the last to be run alone, as it is kept at the server. Where that fails, the connection is given up.
    last: Mutex<Option<(&'static str, Statement)>>,
}

impl Connection {
    /// The statement as it is kept at the server, if it may be.
    pub(super) async fn kept(&self, sql: &str, types: &[Type]) -> Result<Option<Statement>, tokio_postgres::Error> {
        if self.usual.is_none() || self.client.statement_cache.size() >= KEPT {
            return Ok(None);
        }
        self.client.prepare_typed_cached(sql, types).await.map(Some)
    }

    /// As [`Connection::kept`], of what was the last to be run alone, if it is this very text: nothing has to be looked up then.
    pub(super) fn last(&self, sql: &'static str) -> Option<Statement> {
        self.last_one().as_ref().and_then(|(last, statement)| std::ptr::eq(*last, sql).then(|| statement.clone()))
    }

    /// That one was, and of this text.
    pub(super) fn was_last(&self, sql: &'static str, statement: &Statement) {
        *self.last_one() = Some((sql, statement.clone()));
    }

    fn last_one(&self) -> MutexGuard<'_, Option<(&'static str, Statement)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection, StoreError> {
        let (client, goes_on) = self.connect().await?;
        let process = require_fit(&client).await?;
        let usual = match self.usual {
            Some(usual) if direct::told_process(&client).await == Some(process) => Some(usual),
            _ => None,
        };
        if let Some(usual) = usual {
            client.batch_execute(&session(usual)).await.map_err(Failure::from)?;
        }
        Ok(Connection { client, goes_on, usual, last: Mutex::default() })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<StoreError> {
        if connection.client.is_closed() { Err(RecycleError::message("the connection was closed")) } else { Ok(()) }
    }
}

/// What a session is told for good. Its statements are planned once, for any values, and by then a table may be so small that it seems best to
/// read all of it; it grows, and the plan stays. So an index is used wherever there is one. That makes what has none look so dear that it would
/// be compiled: which is not to be.
fn session(usual: Purpose) -> String {
    let settings: Vec<_> = usual.settings().iter().map(|(name, value)| format!("SET {name} = {value}")).collect();
    format!("{}; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off", settings.join("; "))
}

/// Refuses a server that is too old, or that holds texts otherwise than they are written. Returns which process answers.
async fn require_fit(client: &Client) -> Result<i32, StoreError> {
    let sql =
        "SELECT current_setting('server_version_num')::int4 / 10000, current_setting('server_version'), current_setting('server_encoding'),
                      pg_backend_pid()";
    let row = client.query_typed_one(sql, &[]).await.map_err(Failure::from)?;
    let (major, version, encoding): (i32, &str, &str) = (row.get(0), row.get(1), row.get(2));
    if u32::try_from(major).is_ok_and(|major| major < OLDEST) {
        return Err(StoreError::Unavailable(format!("the server is PostgreSQL {version}: Keybearer needs version {OLDEST} or newer")));
    }
    if encoding != "UTF8" {
        return Err(StoreError::Unavailable(format!("the database has the encoding {encoding}: make one with ENCODING 'UTF8'")));
    }
    Ok(row.get(3))
}

/// As PostgreSQL writes it.
pub(super) fn millis(time: Duration) -> String {
    time.as_millis().to_string()
}
