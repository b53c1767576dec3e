//! Taking connections, as many as there are places for.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::connections::{Connections, Open};

/// How long nothing is accepted after the system could not do so, as when no file descriptor is left: it will be able to again when
/// connections have ended, and until then asking is in vain.
const PAUSE: Duration = Duration::from_millis(100);

/// How often at most the log tells of the same trouble.
const SILENCE: Duration = Duration::from_secs(10);

/// A listener, and what it has told lately.
pub(super) struct Door<'a> {
    listener: TcpListener,
    connections: &'a Connections,
    full: Option<Instant>,
    failed: Option<Instant>,
}

impl<'a> Door<'a> {
    pub(super) fn new(listener: TcpListener, connections: &'a Connections) -> Self {
        Self { listener, connections, full: None, failed: None }
    }

    /// The next connection, counted as open. When all are taken it waits, and so does whoever knocks, in the order in which they came; to hang
    /// up on them would favour whoever tries again the fastest, and the time-outs make places free.
    pub(super) async fn next(&mut self) -> (TcpStream, SocketAddr, Open) {
        let place = match self.connections.try_take() {
            Some(place) => place,
            None => {
                if due(&mut self.full) {
                    let most = self.connections.most();
                    tracing::warn!(most, "as many connections as http.max_connections allows are open: the next ones wait");
                }
                self.connections.take().await
            }
        };
        loop {
            match self.listener.accept().await {
                Ok((socket, peer)) => return (socket, peer, place.open()),
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    if due(&mut self.failed) {
                        tracing::error!(%error, "connections cannot be accepted now; trying on");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether something may be told (again), and notes that it is.
fn due(last: &mut Option<Instant>) -> bool {
    let now = Instant::now();
    let due = last.is_none_or(|last| now - last >= SILENCE);
    if due {
        *last = Some(now);
    }
    due
}

/// Whether only the connection that was about to be accepted has failed.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}
