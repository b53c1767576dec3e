//! From a listener to answers, until told to stop.

mod accept;
mod answer_body;
mod connection;
mod heads;
mod pace;
pub(super) mod request_body;
mod stream;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic_health::server::HealthReporter;

use self::accept::Door;
use self::connection::Serving;
use super::Faces;
use crate::app::App;
use crate::{bookkeeper, grpc};

/// How long requests under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Answers requests until `stop` resolves, then finishes those under way, within ten seconds, and writes what waits to be written.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
    let (served, over) = oneshot::channel::<()>();
    let over = async { drop(over.await) };
    let books = tokio::spawn(bookkeeper::run(Arc::clone(&app), over));
    let health = HealthReporter::new();
    let reporting = tokio::spawn(grpc::report(Arc::clone(&app), health.clone()));
    answer(&app, listener, &health, stop).await;
    reporting.abort();
    drop(served);
    if let Err(error) = books.await {
        tracing::warn!(%error, "the last uses of keys and the numbers of verifications were not written");
    }
    // Nobody is answered here any more, so no change has to wait for this node.
    app.store.leave().await;
}

/// Answers on all connections, until there are none after `stop`.
async fn answer(app: &Arc<App>, listener: TcpListener, health: &HealthReporter, stop: impl Future<Output = ()>) {
    let serving = Arc::new(Serving::new(Arc::clone(app), Faces::new(Arc::clone(app), health)));
    let (tell_to_stop, stopping) = watch::channel(false);
    let mut running = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    let mut door = Door::new(listener, &app.connections);
    loop {
        tokio::select! {
            (socket, peer, open) = door.next() => {
                let (serving, stopping) = (Arc::clone(&serving), stopping.clone());
                running.spawn(async move {
                    serving.serve(socket, peer, stopping).await;
                    drop(open);
                });
            }
            Some(_) = running.join_next(), if !running.is_empty() => {}
            () = &mut stop => break,
        }
    }
    // Nobody is let in any more.
    drop(door);
    tell_to_stop.send_replace(true);
    let all = async { while running.join_next().await.is_some() {} };
    if timeout(DRAIN, all).await.is_err() {
        tracing::warn!("some requests did not end in time and were dropped");
        running.shutdown().await;
    }
}
