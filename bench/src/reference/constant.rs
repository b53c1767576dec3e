//! Bare hyper that answers a constant: the limit.

use super::{YES, json, serve, serve_http2};

/// Serves until the process ends.
pub async fn run() {
    serve(|_| json(200, YES)).await;
}

/// The same over HTTP/2.
pub async fn run_http2() {
    serve_http2(|_| json(200, YES)).await;
}
