//! Bare hyper around Keybearer's own index and decision: what the layers around them cost is not in it.

use std::path::Path;

use super::{NO, YES, json, serve};
use crate::in_process;

/// Serves until the process ends. The data directory is this process's own.
pub async fn run(dir: &Path) {
    let app = in_process::open(dir).await;
    serve(move |request| {
        let key = request.headers().get("x-api-key").and_then(|value| value.to_str().ok());
        if key.is_some_and(|key| in_process::is_valid(&app, key)) { json(200, YES) } else { json(401, NO) }
    })
    .await;
}
