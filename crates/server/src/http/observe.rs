//! Each request is measured, and where traces are taken, is a span: by method, route template and status; never its path, query or headers.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::metrics::method;
use crate::telemetry::traces::RequestSpan;

/// Measures a request, whatever answers it.
pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let _active = app.metrics.http.begin();
    let method = method(request.method().as_str());
    let span = app.tracer.get().map(|tracer| RequestSpan::begin(tracer, method, app.config.scheme(), request.headers()));
    let began = Instant::now();
    let response = next.run(request).await;
    let route = response.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let status = response.status().as_u16();
    app.metrics.http.note(method, route, status, began.elapsed());
    if let Some(span) = span {
        span.end(route, status);
    }
    response
}
