//! Traces: one span for each request, sent to a collector by OTLP. Off, unless the standard variables of OpenTelemetry name a collector.
//!
//! A span has the method, the route template and the status, and the trace that the caller said it belongs to. Nothing else of a request
//! goes out: no path, no query, no header, no `tracestate`.

mod collector;
mod variables;

use std::time::Duration;

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span, SpanKind, Status, Tracer as _, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;

use self::collector::Collector;
pub use self::variables::TracesError;
use self::variables::is_wanted;

/// Who makes spans.
pub type Tracer = opentelemetry_sdk::trace::SdkTracer;

/// How long a stop waits for the collector to take the last spans.
const LAST_CALL: Duration = Duration::from_secs(3);
/// The header by which a caller says to which trace its request belongs.
const TRACEPARENT: &str = "traceparent";

/// Spans on their way to a collector.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to take spans, if the environment names a collector. Whether it answers does not matter to any request: spans wait in a bounded
    /// queue, and what does not fit is dropped.
    ///
    /// # Errors
    /// [`TracesError`] names the variable and the way out.
    pub fn from_environment() -> Result<Option<Self>, TracesError> {
        let provider = |exporter| SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource()).build();
        Ok(exporter()?.map(provider).map(Self))
    }

    /// Whether [`Traces::from_environment`] would succeed. No span is taken.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn check_environment() -> Result<(), TracesError> {
        exporter().map(drop)
    }

    /// Who makes the spans.
    #[must_use]
    pub fn tracer(&self) -> Tracer {
        self.0.tracer("keybearer")
    }

    /// Sends the last spans, or gives them up after three seconds.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_CALL)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last spans were not taken by the collector");
        }
    }
}

/// What sends spans to the collector that the environment names, if it names one.
fn exporter() -> Result<Option<SpanExporter>, TracesError> {
    if !is_wanted(|name| std::env::var(name).ok())? {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().with_http_client(Collector::default()).build();
    exporter.map(Some).map_err(|error| TracesError::Exporter(error.to_string()))
}

/// Which service this is: as `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, else `keybearer`.
fn resource() -> Resource {
    let told = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let told = told.build();
    let name = told.get(&"service.name".into()).map(|name| name.to_string());
    if name.is_some_and(|name| !name.starts_with("unknown_service")) {
        return told;
    }
    let attributes = told.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect::<Vec<_>>();
    Resource::builder_empty().with_attributes(attributes).with_service_name("keybearer").build()
}

/// The span of a request under way.
pub struct RequestSpan {
    span: opentelemetry_sdk::trace::Span,
    method: &'static str,
}

impl RequestSpan {
    /// Begins a span, in the trace that the caller names, if it does. `method` is one that we know, or `_OTHER`.
    #[must_use]
    pub fn begin(tracer: &Tracer, method: &'static str, scheme: &'static str, headers: &HeaderMap) -> Self {
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Parent(headers));
        let span = tracer
            .span_builder(method)
            .with_kind(SpanKind::Server)
            .with_attributes([KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", scheme)])
            .start_with_context(tracer, &parent);
        Self { span, method }
    }

    /// Ends it with the answer. One that is dropped, because its client went away, ends without.
    pub fn end(mut self, route: Option<&str>, status: u16) {
        if let Some(route) = route {
            self.span.update_name(format!("{} {route}", self.method));
            self.span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        self.span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            self.span.set_attribute(KeyValue::new("error.type", status.to_string()));
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }
}

/// All that we read of the headers: `traceparent`, given once.
struct Parent<'a>(&'a HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(TRACEPARENT).iter().filter(|_| name == TRACEPARENT);
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        value.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
