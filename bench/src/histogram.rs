//! What a server says itself of how long it took: its own histogram of requests.

use keybearer::app::App;
use keybearer::ops;

/// How many requests of a route were answered with 200, and how long the server took for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// In seconds, from a request to the head of its answer.
    pub seconds: f64,
    /// Requests.
    pub count: f64,
}

impl Spent {
    /// Up to now, on `GET` of this route template.
    ///
    /// # Panics
    /// Where the metrics are closed.
    #[must_use]
    pub fn on(app: &App, route: &str) -> Self {
        let text = ops::metrics::text(app, None).unwrap_or_else(|error| panic!("{error:?}"));
        let labels = format!(r#"{{http_request_method="GET",http_response_status_code="200",http_route="{route}"}} "#);
        let value = |name: &str| {
            let start = format!("http_server_request_duration_seconds_{name}{labels}");
            let line = text.lines().find_map(|line| line.strip_prefix(&start));
            line.map_or(0.0, |value| value.parse().unwrap_or_else(|_| panic!("not a number: {value}")))
        };
        Self { seconds: value("sum"), count: value("count") }
    }

    /// The mean of one request since then, in microseconds.
    #[must_use]
    pub fn mean_since(&self, before: &Self) -> f64 {
        (self.seconds - before.seconds) / (self.count - before.count) * 1e6
    }
}
