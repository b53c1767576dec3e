//! Writes in the background what requests only note in memory: when keys were last used, and how verifications were answered.
//!
//! A crash loses at most one interval of it, and no decision reads it.

use std::sync::Arc;
use std::time::Duration;

use keybearer_store::StoreError;

use crate::app::App;

/// How often it writes: below the 5 s that a crash may lose.
const INTERVAL: Duration = Duration::from_secs(4);

/// Writes all that waits.
///
/// # Errors
/// Where the store fails; what was not written waits for the next time.
pub async fn flush(app: &App) -> Result<(), StoreError> {
    count(app, app.last_used.flush(&app.index, &*app.store).await).await
}

/// Writes so much as it may without being in the way of requests, and keeps the rest safe from a crash.
///
/// # Errors
/// As [`flush`].
pub async fn turn(app: &App) -> Result<(), StoreError> {
    count(app, app.last_used.turn(&app.index, &*app.store).await).await
}

async fn count(app: &App, used: Result<(), StoreError>) -> Result<(), StoreError> {
    let counted = app.tally.flush(&app.metrics, app.clock.now(), &*app.store).await;
    used.and(counted)
}

/// Writes what waits, again and again, and once more when `stop` resolves. A write under way is never given up.
pub async fn run(app: Arc<App>, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut is_failing = false;
    loop {
        let stopped = tokio::select! {
            () = &mut stop => true,
            () = tokio::time::sleep(INTERVAL) => false,
        };
        match if stopped { flush(&app).await } else { turn(&app).await } {
            Ok(()) => is_failing = false,
            // It may fail for hours, every few seconds: it is told once.
            Err(error) if !std::mem::replace(&mut is_failing, true) => {
                tracing::warn!(%error, "the last uses of keys and the numbers of verifications were not written, and wait");
            }
            Err(_) => {}
        }
        if stopped {
            return;
        }
    }
}
