//! Bare hyper that answers a constant: the limit.

use super::{YES, json, serve};

/// Serves until the process ends.
pub async fn run() {
    serve(|_| json(200, YES)).await;
}
