//! Is it alive, is it ready?

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::app::App;
use crate::error::AppError;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
}

/// The process runs and answers.
async fn live() -> &'static str {
    "alive\n"
}

/// The image is loaded (nothing is served before) and the database answers.
async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, AppError> {
    app.store.ping().await?;
    Ok("ready\n")
}
