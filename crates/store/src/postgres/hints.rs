//! Hints: that there is a change, or that a node has one. Where they are lost, or a proxy cannot carry them, everything happens a little later.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_postgres::AsyncMessage;

use super::address::PostgresUrl;
use super::connection::CONNECT;
use super::failure::told;
use super::nodes::{ACKED, CHANGED};
use crate::StoreError;

/// How long to wait before the next connection is tried.
const AGAIN: Duration = Duration::from_millis(500);

/// Who is woken by which hint.
#[derive(Clone, Default)]
pub(super) struct Hints {
    /// There is a change.
    pub(super) changed: Arc<Notify>,
    /// A node has a change, or is gone.
    pub(super) acked: Arc<Notify>,
}

impl Hints {
    /// Listens for as long as anybody may be woken.
    pub(super) async fn listen(self, url: PostgresUrl) {
        loop {
            match self.listen_once(&url).await {
                Ok(()) => tracing::debug!("the connection for hints has ended"),
                Err(error) => tracing::debug!(%error, "no connection for hints"),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen_once(&self, url: &PostgresUrl) -> Result<(), StoreError> {
        let unavailable = |error: tokio_postgres::Error| StoreError::Unavailable(told(&error));
        let late = |_| StoreError::Unavailable("the server did not answer in time".into());
        let connecting = tokio::time::timeout(CONNECT, url.client().connect(url.tls()?)).await.map_err(late)?;
        let (client, mut connection) = connecting.map_err(unavailable)?;
        let hints = self.clone();
        let hearing = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    AsyncMessage::Notification(hint) if hint.channel() == CHANGED => hints.changed.notify_one(),
                    AsyncMessage::Notification(hint) if hint.channel() == ACKED => hints.acked.notify_one(),
                    _ => {}
                }
            }
        });
        let hearing = Ended(hearing);
        client.batch_execute(&format!("LISTEN {CHANGED}; LISTEN {ACKED}")).await.map_err(unavailable)?;
        // Whatever came before.
        self.changed.notify_one();
        self.acked.notify_one();
        hearing.wait().await;
        Ok(())
    }
}

/// A task that ends with whoever waits for it.
struct Ended(tokio::task::JoinHandle<()>);

impl Ended {
    async fn wait(mut self) {
        drop((&mut self.0).await);
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}
