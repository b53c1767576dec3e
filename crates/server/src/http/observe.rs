//! Each request is measured, and where traces are taken, is a span: by method, route template and status; never its path, query or headers.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::response::Response;

use crate::app::App;
use crate::metrics::{Active, method};
use crate::telemetry::traces::RequestSpan;

/// A request under way.
pub(super) struct Observed<'a> {
    app: &'a App,
    _active: Active<'a>,
    method: &'static str,
    span: Option<RequestSpan>,
    began: Instant,
}

impl<'a> Observed<'a> {
    /// Measures a request from now on.
    pub(super) fn begin(app: &'a App, request: &Request) -> Self {
        let active = app.metrics.http.begin();
        let method = method(request.method().as_str());
        let span = app.tracer.get().map(|tracer| RequestSpan::begin(tracer, method, app.config.scheme(), request.headers()));
        Self { app, _active: active, method, span, began: Instant::now() }
    }

    /// It ends with this, whatever answered it.
    pub(super) fn end(self, response: &Response) {
        let route = response.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let status = response.status().as_u16();
        self.app.metrics.http.note(self.method, route, status, self.began.elapsed());
        if let Some(span) = self.span {
            span.end(route, status);
        }
    }
}
