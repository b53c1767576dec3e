//! What is counted and measured, in the words of Prometheus. Each application has a registry of its own: several may run in one process.
//!
//! Labels come from sets that we know: outcomes, route templates, methods, status codes. Never a key, a name, or a path as it was asked.
//! What a verification touches is registered beforehand: it counts by an atomic, without a lock and without memory of its own.

mod http;
mod labelled;

use std::sync::Arc;
use std::time::Duration;

use keybearer_core::decision::Outcome;
use keybearer_core::gate;
use keybearer_store::StoreWatch;
use prometheus::core::Collector;
use prometheus::{Encoder, Histogram, HistogramOpts, IntCounter, IntGauge, Registry, TextEncoder};

pub use self::http::{Active, HttpMetrics, method};
use self::labelled::{Counters, Label};
use crate::error::AuthError;

/// Bounds of the sizes of groups that are committed together.
const GROUPS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// Bounds of times, in seconds: a verification takes less than a millisecond, a login some tens of them.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// All counters and measures of an application.
pub struct Metrics {
    registry: Registry,
    /// Requests.
    pub http: HttpMetrics,
    verified: Counters<Outcome>,
    tested: Counters<Outcome>,
    gated: Counters<Outcome>,
    introspected: Counters<Outcome>,
    stopped: Counters<gate::Denial>,
    by_session: Counters<Authentication>,
    by_key: Counters<Authentication>,
    logins: Counters<Login>,
    forgotten: Counters<Forgotten>,
    watch: Arc<Watch>,
    in_doubt: IntCounter,
    gauges: Gauges,
}

impl Label for Outcome {
    const ALL: &'static [(Self, &'static str)] = &{
        let mut all = [(Self::Valid, ""); Self::ALL.len()];
        let mut place = 0;
        while place < all.len() {
            all[place] = (Self::ALL[place], Self::ALL[place].code());
            place += 1;
        }
        all
    };
}

impl Label for gate::Denial {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::NoRule, "NO_RULE"),
        (Self::MethodMissing, "METHOD_MISSING"),
        (Self::PathMissing, "PATH_MISSING"),
        (Self::PathUnclear, "PATH_UNCLEAR"),
        (Self::Conflicting, "CONFLICTING"),
    ];
}

impl From<&AuthError> for Outcome {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::Missing | AuthError::Malformed | AuthError::Ambiguous => Self::Malformed,
            AuthError::Invalid | AuthError::Token(_) => Self::NotFound,
            AuthError::Expired => Self::Expired,
            AuthError::Revoked(_) => Self::Revoked,
        }
    }
}

/// What became of a credential with which somebody came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Authentication {
    /// It is good.
    Valid,
    /// It proves nothing.
    Invalid,
    /// It has expired.
    Expired,
    /// It was revoked.
    Revoked,
}

impl Label for Authentication {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Valid, "VALID"), (Self::Invalid, "INVALID"), (Self::Expired, "EXPIRED"), (Self::Revoked, "REVOKED")];
}

/// What became of a password with which somebody came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {
    /// It was the right one.
    Succeeded,
    /// It was wrong, or there is no such account.
    Failed,
    /// It was not looked at, after too many failures.
    Throttled,
    /// It was not looked at, for too many are being looked at.
    Busy,
}

impl Label for Login {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Succeeded, "succeeded"), (Self::Failed, "failed"), (Self::Throttled, "throttled"), (Self::Busy, "busy")];
}

/// What was kept long enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forgotten {
    /// Dead keys, by the index.
    Keys,
    /// Sessions.
    Sessions,
    /// What events say of before and after.
    EventPayloads,
}

impl Label for Forgotten {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Keys, "keys"), (Self::Sessions, "sessions"), (Self::EventPayloads, "event_payloads")];
}

/// What is looked up when somebody asks for the metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Levels {
    /// Rows in the index.
    pub index: crate::index::Counts,
    /// Revision of the index.
    pub revision: i64,
    /// When that revision came into the index, in milliseconds since 1970.
    pub changed_at: i64,
    /// Changes that wait for the writer.
    pub writer_queue: usize,
    /// Passwords that are being hashed.
    pub hashing: usize,
    /// Passwords that wait to be hashed.
    pub waiting_to_hash: usize,
    /// Connections that are open.
    pub connections: usize,
}

struct Gauges {
    keys: IntGauge,
    accounts: IntGauge,
    policies: IntGauge,
    gates: IntGauge,
    sessions: IntGauge,
    revision: IntGauge,
    changed_at: prometheus::Gauge,
    writer_queue: IntGauge,
    hashing: IntGauge,
    waiting_to_hash: IntGauge,
    connections: IntGauge,
}

/// What the store tells of its work.
struct Watch {
    group: Histogram,
    took: Histogram,
    barrier: Histogram,
    fenced: IntCounter,
    strong_reads: IntCounter,
    lag: IntGauge,
    lease: prometheus::Gauge,
}

impl StoreWatch for Watch {
    fn committed(&self, changes: usize, took: Duration) {
        self.group.observe(as_number(changes));
        self.took.observe(took.as_secs_f64());
    }

    fn in_force(&self, waited: Duration) {
        self.barrier.observe(waited.as_secs_f64());
    }

    fn fenced(&self, nodes: usize) {
        self.fenced.inc_by(u64::try_from(nodes).unwrap_or(u64::MAX));
    }

    fn strong_read(&self) {
        self.strong_reads.inc();
    }

    fn followed(&self, lag: i64, lease_left: Duration) {
        self.lag.set(lag);
        self.lease.set(lease_left.as_secs_f64());
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str| registered(&registry, IntGauge::new(name, help));
        let histogram = |name: &str, help: &str, bounds: &[f64]| {
            registered(&registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(bounds.to_vec())))
        };
        let [verified, tested, gated, introspected] = Counters::family(
            &registry,
            (
                "keybearer_verifications_total",
                "Questions about keys, by answer: of verify, single or in a batch, of the Catena test, of gates, and of introspection",
            ),
            ("kind", ["verify", "test", "gate", "introspect"]),
            "outcome",
        );
        let [by_session, by_key] = Counters::family(
            &registry,
            ("keybearer_authentications_total", "Credentials with which callers came, and what they were worth"),
            ("credential", ["session", "key"]),
            "outcome",
        );
        let logins = ("keybearer_logins_total", "Passwords with which somebody came, to sign in or to confirm a change");
        let stopped = ("keybearer_gate_stops_total", "Requests with a good key that a gate lets nobody pass with, by reason");
        let forgotten = ("keybearer_forgotten_total", "What was kept long enough: keys by the index, sessions, payloads of events");
        build_info(&registry);
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self())).expect("no metric is there twice");
        let gauges = Gauges {
            keys: gauge("keybearer_index_keys", "Keys in the index, dead ones among them until keys.retention is over"),
            accounts: gauge("keybearer_index_accounts", "Accounts in the index"),
            policies: gauge("keybearer_index_policies", "Policies in the index"),
            gates: gauge("keybearer_index_gates", "Gates in the index"),
            sessions: gauge("keybearer_index_sessions", "Sessions in the index"),
            revision: gauge("keybearer_index_revision", "Revision of the last change that is in the index"),
            changed_at: registered(
                &registry,
                prometheus::Gauge::new("keybearer_index_changed_timestamp_seconds", "When that change came into the index"),
            ),
            writer_queue: gauge("keybearer_store_writer_queue", "Writes that wait for the writer"),
            hashing: gauge("keybearer_password_hashes_running", "Passwords that are being hashed"),
            waiting_to_hash: gauge("keybearer_password_hashes_waiting", "Passwords that wait to be hashed"),
            connections: gauge("keybearer_connections_open", "Connections that are open; http.max_connections is the most"),
        };
        let counter = |name: &str, help: &str| registered(&registry, IntCounter::new(name, help));
        let watch = Watch {
            group: histogram("keybearer_store_writer_group_size", "Writes that were committed together", &GROUPS),
            took: histogram("keybearer_store_commit_duration_seconds", "From the first write of a group to its commit", &SECONDS),
            barrier: histogram(
                "keybearer_cluster_barrier_duration_seconds",
                "From the commit of a change on PostgreSQL until it was in force on every node",
                &SECONDS,
            ),
            fenced: counter("keybearer_cluster_fenced_total", "Nodes that a change of this one stopped waiting for"),
            strong_reads: counter(
                "keybearer_cluster_strong_reads_total",
                "Looks at the database for requests that no lease covered, or about a key that is about to be revoked",
            ),
            lag: gauge("keybearer_cluster_revision_lag", "Changes that the index lacked when it was last brought up to date"),
            lease: registered(&registry, prometheus::Gauge::new("keybearer_cluster_lease_seconds", "What was left of the lease then")),
        };
        let in_doubt = counter("keybearer_cluster_refused_in_doubt_total", "Requests refused since nobody could tell what is in force");
        Self {
            http: HttpMetrics::new(&registry),
            verified,
            tested,
            gated,
            introspected,
            stopped: Counters::single(&registry, stopped, "reason"),
            by_session,
            by_key,
            logins: Counters::single(&registry, logins, "outcome"),
            forgotten: Counters::single(&registry, forgotten, "what"),
            watch: Arc::new(watch),
            in_doubt,
            gauges,
            registry,
        }
    }
}

impl Metrics {
    /// Counts an answer of verify.
    pub fn verified(&self, outcome: Outcome) {
        self.verified.count(outcome, 1);
    }

    /// Counts an answer of the Catena test.
    pub fn tested(&self, outcome: Outcome) {
        self.tested.count(outcome, 1);
    }

    /// Counts an answer of a gate.
    pub fn gated(&self, outcome: Outcome) {
        self.gated.count(outcome, 1);
    }

    /// Counts a request that a gate lets nobody pass with.
    pub fn stopped(&self, why: gate::Denial) {
        self.stopped.count(why, 1);
    }

    /// Counts an answer of introspection.
    pub fn introspected(&self, outcome: Outcome) {
        self.introspected.count(outcome, 1);
    }

    /// How verifications, tests, gates and introspections were answered since the start, in the order of [`Outcome::ALL`].
    #[must_use]
    pub fn answered(&self) -> [u64; Outcome::ALL.len()] {
        let all = [&self.verified, &self.tested, &self.gated, &self.introspected];
        Outcome::ALL.map(|outcome| all.iter().map(|counters| counters.counted(outcome)).sum())
    }

    /// Counts a caller that came with a session.
    pub fn came_by_session(&self, authentication: Authentication) {
        self.by_session.count(authentication, 1);
    }

    /// Counts a caller that came with a key.
    pub fn came_by_key(&self, authentication: Authentication) {
        self.by_key.count(authentication, 1);
    }

    /// Counts a password.
    pub fn login(&self, login: Login) {
        self.logins.count(login, 1);
    }

    /// Counts what was forgotten.
    pub fn forgot(&self, what: Forgotten, number: u64) {
        self.forgotten.count(what, number);
    }

    /// Counts a request that was refused since nobody could tell what is in force.
    pub fn refused_in_doubt(&self) {
        self.in_doubt.inc();
    }

    /// What measures the store.
    #[must_use]
    pub fn store_watch(&self) -> Arc<dyn StoreWatch> {
        Arc::clone(&self.watch) as _
    }

    /// All of it as text, with these levels.
    ///
    /// # Errors
    /// Where a metric cannot be written, which is a fault in this program.
    pub fn text(&self, levels: &Levels) -> Result<String, prometheus::Error> {
        self.gauges.set(levels);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        String::from_utf8(text).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }
}

impl Gauges {
    fn set(&self, levels: &Levels) {
        let set = |gauge: &IntGauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.keys, levels.index.keys);
        set(&self.accounts, levels.index.accounts);
        set(&self.policies, levels.index.policies);
        set(&self.gates, levels.index.gates);
        set(&self.sessions, levels.index.sessions);
        self.revision.set(levels.revision);
        self.changed_at.set(as_number(usize::try_from(levels.changed_at).unwrap_or(0)) / 1_000.0);
        set(&self.writer_queue, levels.writer_queue);
        set(&self.hashing, levels.hashing);
        set(&self.waiting_to_hash, levels.waiting_to_hash);
        set(&self.connections, levels.connections);
    }
}

/// Adds a metric to the registry.
fn registered<C: Collector + Clone + 'static>(registry: &Registry, metric: Result<C, prometheus::Error>) -> C {
    let metric = metric.expect("the names and labels of our metrics are well formed");
    registry.register(Box::new(metric.clone())).expect("no metric is there twice");
    metric
}

fn build_info(registry: &Registry) {
    let info = prometheus::Opts::new("keybearer_build_info", "Always 1; the label tells which version runs");
    registered(registry, IntGauge::with_opts(info.const_label("version", env!("CARGO_PKG_VERSION")))).set(1);
}

fn as_number(count: usize) -> f64 {
    // Exact up to 2^53, which nothing that is counted here reaches.
    count as f64
}
