//! A client that says anything.

use std::net::SocketAddr;
use std::time::Duration;

use keybearer::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::support::Server;

/// What it takes to believe that something never comes.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// The time-outs of a server that is to use them.
pub const HEADER: Duration = Duration::from_millis(500);
pub const BODY: Duration = Duration::from_millis(600);
pub const IDLE: Duration = Duration::from_millis(2_000);

/// Time-outs that a test can wait for.
pub fn hurried(config: &mut Config) {
    (config.http.header_timeout, config.http.body_timeout, config.http.idle_timeout) = (HEADER, BODY, IDLE);
}

/// A server, and what ran before anybody knocked.
pub struct Watched {
    pub server: Server,
    tasks: usize,
}

impl Watched {
    pub async fn start(set: impl FnOnce(&mut Config)) -> Self {
        let server = Server::start_bare(set).await;
        // Until all that it starts by itself is there.
        Raw::connect(server.address).await.ask(GOOD).await;
        let watched = Self { server, tasks: usize::MAX };
        watched.until(|server| server.app.connections.open() == 0).await;
        Self { tasks: Handle::current().metrics().num_alive_tasks(), ..watched }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub async fn connect(&self) -> Raw {
        Raw::connect(self.address()).await
    }

    /// Others are answered.
    pub async fn assert_healthy(&self) {
        let answer = self.connect().await.ask(GOOD).await;
        assert_eq!(answer.statuses(), [200], "{}", answer.0);
    }

    /// Others are answered, and then no connection and no task is left.
    pub async fn assert_unharmed(&self) {
        self.assert_healthy().await;
        self.until(|server| server.app.connections.open() == 0).await;
        self.until(|_| Handle::current().metrics().num_alive_tasks() <= self.tasks).await;
    }

    pub async fn until(&self, so: impl Fn(&Server) -> bool) {
        let wait = async {
            while !so(&self.server) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let metrics = Handle::current().metrics();
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| {
            panic!("{} connections, {} tasks (were {})", self.server.app.connections.open(), metrics.num_alive_tasks(), self.tasks)
        });
    }
}

/// A request that is answered by 200, and the connection closed.
pub const GOOD: &str = "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A connection.
pub struct Raw(pub TcpStream);

/// All that came until the other side closed.
pub struct Heard(pub String);

impl Heard {
    /// The status of each answer of HTTP/1.
    pub fn statuses(&self) -> Vec<u16> {
        let status = |line: &str| line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        // An answer may follow the body of the one before without a line between.
        self.0.replace("}HTTP/1.", "}\nHTTP/1.").lines().filter_map(status).collect()
    }
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Says this, as far as the other side takes it.
    pub async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = timeout(PATIENCE, self.0.write_all(bytes.as_ref())).await.expect("it is taken, or refused");
    }

    /// Listens until the other side closes the connection; a reset loses what it said.
    pub async fn hear(&mut self) -> Heard {
        let mut heard = Vec::new();
        let closed = timeout(PATIENCE, self.0.read_to_end(&mut heard)).await;
        let text = String::from_utf8_lossy(&heard).into_owned();
        closed
            .unwrap_or_else(|_| panic!("the connection stays open after: {text}"))
            .unwrap_or_else(|error| panic!("{error} after: {text}"));
        Heard(text)
    }

    /// Listens until the other side closes the connection, in whichever way.
    pub async fn closed(&mut self) {
        let mut heard = Vec::new();
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut heard)).await.expect("the connection is closed");
    }

    pub async fn ask(mut self, bytes: impl AsRef<[u8]>) -> Heard {
        self.say(bytes).await;
        self.hear().await
    }
}
