//! Traces: the real binary, and a collector that this test is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::child::Program;
use crate::support::{Cred, PASSWORD, made};

const TO: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

#[derive(Clone, Default)]
struct Collector {
    taken: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    asked: Arc<AtomicUsize>,
}

impl Collector {
    /// Begins to collect; the address to send to.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let collector = self.clone();
        let take = move |body: Bytes| async move {
            collector.asked.fetch_add(1, Ordering::Relaxed);
            collector.taken.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/traces", post(take))).await });
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        let taken = self.taken.lock().unwrap();
        let scopes = taken.iter().flat_map(|request| &request.resource_spans).flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(all: &[KeyValue]) -> Vec<(&str, String)> {
    let written = |one: &KeyValue| match one.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let mut all: Vec<_> = all.iter().map(|one| (one.key.as_str(), written(one))).collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn a_request_is_one_span_in_the_trace_of_its_caller() {
    let collector = Collector::default();
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().env(TO, &collector.start().await).start().await;
    let admin = running.admin().await;
    let Cred::Bearer(session) = &admin else { panic!("a session") };
    let key = made(&running.post("/v1/keys", &admin, json!({"name": "kanarie key", "level": 4})).await.expect(201));
    let path = format!("/v1/keys/{}?kanarie=query", key.id);
    let traced = || running.ask("GET", &path).header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    traced().header("tracestate", "vendor=kanarie").header("user-agent", "kanarie").with(&key.pair()).send().await.expect(200);
    running.ask("KANARIE", "/nowhere/kanarie").with(&key.bearer()).send().await.expect(404);
    // The caller's decision not to sample counts.
    running.ask("GET", "/v1/whoami").header("traceparent", format!("00-{TRACE}-{PARENT}-00")).with(&admin).send().await.expect(200);
    assert!(running.stop().await.status.success());

    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /readyz", "POST /v1/sessions", "POST /v1/keys", "GET /v1/keys/{id}", "_OTHER"], "what the stop sent");
    let [ready, .., traced, unmatched] = spans.as_slice() else { panic!() };
    assert_eq!((hex(&traced.trace_id), hex(&traced.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(ready.parent_span_id, Vec::<u8>::new());
    assert_ne!(hex(&ready.trace_id), TRACE);
    let method = |method: &str| ("http.request.method", method.to_owned());
    let (scheme, status) = (("url.scheme", "http".to_owned()), |status: &str| ("http.response.status_code", status.to_owned()));
    assert_eq!(attributes(&traced.attributes), [method("GET"), status("200"), ("http.route", "/v1/keys/{id}".into()), scheme.clone()]);
    assert_eq!(attributes(&unmatched.attributes), [method("_OTHER"), status("404"), scheme]);
    assert!(spans.iter().all(|span| span.kind == SpanKind::Server as i32));

    let taken = collector.taken.lock().unwrap();
    let resource = attributes(&taken[0].resource_spans[0].resource.as_ref().unwrap().attributes);
    assert!(resource.contains(&("service.name", "keybearer".to_owned())), "{resource:?}");
    let sent = format!("{taken:?}");
    for secret in ["kanarie", "KANARIE", &key.token, &key.secret, &key.id, session, PASSWORD, "127.0.0.1"] {
        assert!(!sent.contains(secret), "{secret} in {sent}");
    }
}

#[tokio::test]
async fn without_leave_nothing_is_sent() {
    let collector = Collector::default();
    let to = collector.start().await;
    for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off"), (TO, "")]
    {
        let dir = tempfile::tempdir().unwrap();
        let running = Program::on(dir.path()).env(TO, &to).env(name, value).start().await;
        running.get("/livez", &Cred::None).await.expect_text(200, "alive\n");
        assert!(running.stop().await.status.success());
        assert_eq!(collector.asked.load(Ordering::Relaxed), 0, "{name}={value}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_or_silent_delays_nothing() {
    let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for address in [away, silent.local_addr().unwrap()] {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::on(dir.path()).with_admin().env(TO, &format!("http://{address}")).env("OTEL_BSP_SCHEDULE_DELAY", "10");
        let running = program.start().await;
        let admin = running.admin().await;
        let began = Instant::now();
        for _ in 0..3_000 {
            running.get("/v1/whoami", &admin).await.expect(200);
        }
        assert!(began.elapsed() < Duration::from_secs(30), "more requests than the queue of spans holds");
        let began = Instant::now();
        let ended = running.stop().await;
        assert!(ended.status.success());
        assert!(began.elapsed() < Duration::from_secs(8), "the stop took {:?}", began.elapsed());
        let told = ended.errors.matches("the collector does not take traces").count();
        assert!(told <= 1, "{}", ended.errors);
        assert!(ended.errors.contains("collector"), "{}", ended.errors);
    }
}

#[tokio::test]
async fn what_is_not_supported_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::on(dir.path()).env(TO, "http://127.0.0.1:1").env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let ended = program.run().await;
    assert!(!ended.status.success());
    assert!(ended.errors.contains("OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\"") && ended.errors.contains("http/protobuf"), "{}", ended.errors);
}
