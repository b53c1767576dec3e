//! From a listener to answers, until told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic_health::server::HealthReporter;

use super::router;
use crate::app::App;
use crate::grpc;

/// How long requests under way may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Answers requests until `stop` resolves, then finishes those under way, within ten seconds, and writes what waits to be written.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
    let (served, over) = oneshot::channel::<()>();
    let over = async { drop(over.await) };
    let last_used = tokio::spawn(Arc::clone(&app.last_used).run(Arc::clone(&app.index), Arc::clone(&app.store), over));
    let (stopping, stopped) = oneshot::channel();
    let stop = async move {
        stop.await;
        let _ = stopping.send(());
    };
    let health = HealthReporter::new();
    let reporting = tokio::spawn(grpc::report(Arc::clone(&app), health.clone()));
    let service = router(Arc::clone(&app), &health).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop);
    let overdue = async {
        drop(stopped.await);
        tokio::time::sleep(DRAIN).await;
    };
    let result = tokio::select! {
        result = serving => result,
        () = overdue => {
            tracing::warn!("some requests did not end in time and were dropped");
            Ok(())
        }
    };
    reporting.abort();
    drop(served);
    if let Err(error) = last_used.await {
        tracing::warn!(%error, "the last uses of keys were not written");
    }
    result
}
