//! Requests: how many are under way, and how long they take, by method, route template and status.

use std::hash::Hash;
use std::time::Duration;

use foldhash::fast::RandomState;
use papaya::{Equivalent, HashMap};
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntGauge, Registry};

use super::{SECONDS, registered};

/// The route of what no route answers.
const NO_ROUTE: &str = "none";
/// Any method that we do not know, as OpenTelemetry writes it.
const OTHER_METHOD: &str = "_OTHER";
/// The methods that HTTP defines.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Measures of requests.
pub struct HttpMetrics {
    active: IntGauge,
    durations: HistogramVec,
    /// The series met so far, to be found without a lock.
    met: HashMap<Series, Histogram, RandomState>,
}

/// One series, as it is kept.
#[derive(PartialEq, Eq, Hash)]
struct Series {
    method: &'static str,
    route: Box<str>,
    status: u16,
}

/// One series, as it is looked for.
#[derive(Clone, Copy, Hash)]
struct Asked<'a> {
    method: &'static str,
    route: &'a str,
    status: u16,
}

impl Equivalent<Series> for Asked<'_> {
    fn equivalent(&self, series: &Series) -> bool {
        self.method == series.method && *self.route == *series.route && self.status == series.status
    }
}

/// A request under way, until this is dropped: also where its client goes away.
pub struct Active<'a>(&'a IntGauge);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// How a method is told of: one that HTTP does not define may be any text.
#[must_use]
pub fn method(asked: &str) -> &'static str {
    METHODS.into_iter().find(|method| *method == asked).unwrap_or(OTHER_METHOD)
}

impl HttpMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let active = IntGauge::new("http_server_active_requests", "Requests under way");
        let durations = HistogramOpts::new("http_server_request_duration_seconds", "From a request to the head of its answer");
        let labels = ["http_request_method", "http_route", "http_response_status_code"];
        Self {
            active: registered(registry, active),
            durations: registered(registry, HistogramVec::new(durations.buckets(SECONDS.to_vec()), &labels)),
            met: HashMap::default(),
        }
    }

    /// Notes that a request is under way.
    #[must_use = "it is under way until this is dropped"]
    pub fn begin(&self) -> Active<'_> {
        self.active.inc();
        Active(&self.active)
    }

    /// Notes how long a request took. `method` as [`method`] says it, `route` the template that matched.
    pub fn note(&self, method: &'static str, route: Option<&str>, status: u16, took: Duration) {
        let asked = Asked { method, route: route.unwrap_or(NO_ROUTE), status };
        let met = self.met.pin();
        let histogram = met.get(&asked).unwrap_or_else(|| {
            let histogram = self.durations.with_label_values(&[asked.method, asked.route, &status.to_string()]);
            met.get_or_insert(Series { method, route: asked.route.into(), status }, histogram)
        });
        histogram.observe(took.as_secs_f64());
    }
}
