//! What all lives share: the nodes, who asks them, the pace, and where the histories go.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::question::{PERMISSIONS, Question, SERVICE, Told, permissions};
use crate::client::{Client, Credential, Reply, Request, Timed};
use crate::history::Moment;
use crate::pace::Pace;
use crate::report::Report;

/// How long each of the first steps is given to be known everywhere.
const SETTLES: Duration = Duration::from_millis(300);
/// How long the outcome of a change is waited for: longer than the longest barrier.
const PATIENCE: Duration = Duration::from_secs(7);
/// So many changes wait for one node at most, so that one that stands still does not hold all lives.
const WAITING: usize = 5;
/// Verifications and changes a second, at most.
const READS: u32 = 1_500;
const CHANGES: u32 = 60;

/// Why the run cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("the first steps fail: {0}")]
pub(crate) struct WorldError(String);

/// What a world begins with.
pub(crate) struct Start {
    /// Asks the nodes.
    pub(crate) client: Client,
    /// Counts.
    pub(crate) report: Arc<Report>,
    /// How many nodes there are.
    pub(crate) nodes: usize,
    /// Of the account `admin`.
    pub(crate) password: String,
}

/// What all lives share.
pub(crate) struct World {
    client: Client,
    /// Where the histories go.
    pub(crate) report: Arc<Report>,
    /// How many nodes there are.
    pub(crate) nodes: usize,
    /// May do everything, and never changes.
    pub(crate) admin: Credential,
    /// May verify, and never changes.
    verifier: Credential,
    /// Policies that never change: the first grants the first permission, and so on.
    pub(crate) fixed: Vec<String>,
    reads: Pace,
    changes: Pace,
    waiting: Vec<AtomicUsize>,
    closing: AtomicBool,
    serial: AtomicU64,
    checks: Mutex<JoinSet<()>>,
}

/// A change that was asked for.
pub(crate) struct Attempt {
    /// Which node was asked.
    pub(crate) node: usize,
    /// When.
    pub(crate) invoked: Moment,
    /// When its outcome was known.
    pub(crate) returned: Moment,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// What became of a change.
pub(crate) enum Outcome {
    /// It returned with success.
    Done {
        /// The answer.
        body: Json,
        /// The version that it names.
        etag: Option<String>,
    },
    /// Nobody knows.
    Unknown,
    /// It was refused, and has no effect.
    Refused,
}

impl Attempt {
    /// Whether it returned with success.
    pub(crate) fn done(&self) -> bool {
        matches!(self.outcome, Outcome::Done { .. })
    }

    /// Whether nobody knows what became of it.
    pub(crate) fn unknown(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown)
    }

    /// A text of the answer.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let Outcome::Done { body, .. } = &self.outcome else { return None };
        match &body[name] {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The version that the answer names.
    pub(crate) fn etag(&self) -> Option<String> {
        let Outcome::Done { etag, .. } = &self.outcome else { return None };
        etag.clone()
    }
}

impl World {
    /// Makes what all lives need, while there are no faults yet.
    ///
    /// # Errors
    /// If a node refuses one of the first steps.
    pub(crate) async fn begin(start: Start) -> Result<Arc<Self>, WorldError> {
        let Start { client, report, nodes, password } = start;
        let step = async |request| {
            let answer = first(&client, request).await;
            // A server with a bug on purpose may take a moment to know what it has done.
            tokio::time::sleep(SETTLES).await;
            answer
        };
        let session = step(Request::post("/v1/sessions", &Credential::None, json!({"username": "admin", "password": password}))).await?;
        let session = Credential::Bearer(text(&session, "token")?);
        let admin = step(Request::post("/v1/keys", &session, json!({"name": "chaos", "level": 8}))).await?;
        let admin = Credential::Bearer(text(&admin, "token")?);
        let declared: Vec<Json> =
            (0..PERMISSIONS).map(|number| json!({"name": format!("p{number}"), "description": "Given and taken"})).collect();
        step(Request::put(format!("/v1/services/{SERVICE}/permissions"), &admin, json!(declared))).await?;
        let mut fixed = Vec::new();
        for number in 0..PERMISSIONS {
            let body = json!({"name": format!("fixed {number}"), "permissions": permissions(1 << number)});
            fixed.push(text(&step(Request::post("/v1/policies", &admin, body)).await?, "id")?);
        }
        let may = json!({"name": "verifiers", "permissions": ["keybearer:verify"]});
        let may = text(&step(Request::post("/v1/policies", &admin, may)).await?, "id")?;
        let verifier = step(Request::post("/v1/keys", &admin, json!({"name": "verifier", "policy_id": may}))).await?;
        let verifier = Credential::Bearer(text(&verifier, "token")?);
        Ok(Arc::new(Self {
            client,
            report,
            nodes,
            admin,
            verifier,
            fixed,
            reads: Pace::new(READS),
            changes: Pace::new(CHANGES),
            waiting: (0..nodes).map(|_| AtomicUsize::new(0)).collect(),
            closing: AtomicBool::new(false),
            serial: AtomicU64::new(0),
            checks: Mutex::new(JoinSet::new()),
        }))
    }

    /// No new lives begin.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether it is time to come to an end.
    pub(crate) fn closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// A name that nothing else has.
    pub(crate) fn name(&self, kind: &str) -> String {
        format!("{kind} {}", self.serial.fetch_add(1, Ordering::Relaxed))
    }

    /// Asks any node for a change. A refusal is an error of the server, unless its status is among those.
    pub(crate) async fn attempt(&self, what: &'static str, request: Request, random: &mut Rng, refusals: &[u16]) -> Attempt {
        self.changes.turn().await;
        let node = self.free_node(random);
        self.waiting[node].fetch_add(1, Ordering::Relaxed);
        let asked = self.ask(node, request, PATIENCE).await;
        self.waiting[node].fetch_sub(1, Ordering::Relaxed);
        let Timed { invoked, returned, reply } = asked;
        let outcome = match reply {
            Reply::Answer { status: 200..=299, body, etag } => Outcome::Done { body, etag },
            Reply::Silence | Reply::Answer { status: 503 | 504, .. } => Outcome::Unknown,
            // It stood still while it read the request, which therefore has no effect.
            Reply::Answer { status: 408, .. } => Outcome::Refused,
            Reply::Answer { status, body, .. } => {
                if !refusals.contains(&status) {
                    self.report.wrong(&format!("node{node}: \"{what}\" was answered with {status}: {body}"));
                }
                if status >= 500 { Outcome::Unknown } else { Outcome::Refused }
            }
        };
        let became = match &outcome {
            Outcome::Done { .. } => "done",
            Outcome::Unknown => "unknown",
            Outcome::Refused => "refused",
        };
        self.report.change(what, became);
        Attempt { node, invoked, returned, outcome }
    }

    /// Any node for which not too many wait, or the one for which the fewest do.
    fn free_node(&self, random: &mut Rng) -> usize {
        let waiting = |node: &usize| self.waiting[*node].load(Ordering::Relaxed);
        let free: Vec<usize> = (0..self.nodes).filter(|node| waiting(node) < WAITING).collect();
        random.choice(free).or_else(|| (0..self.nodes).min_by_key(waiting)).unwrap_or(0)
    }

    /// The version of a policy, as some node knows it; none if it was not told.
    pub(crate) async fn version(&self, policy: &str, random: &mut Rng) -> Option<String> {
        let request = Request::get(format!("/v1/policies/{policy}"), &self.admin);
        match self.ask(random.usize(0..self.nodes), request, Duration::from_secs(1)).await.reply {
            Reply::Answer { status: 200, etag, .. } => etag,
            Reply::Answer { .. } | Reply::Silence => None,
        }
    }

    /// Asks a node whether something is good.
    pub(crate) async fn verify(&self, node: usize, question: &Question, patience: Duration) -> (Timed, Told) {
        self.reads.turn().await;
        let asked = self.ask(node, question.request(&self.verifier), patience).await;
        let told = question.told(&asked.reply);
        self.report.verification(question.what(), !matches!(told, Told::Nothing));
        (asked, told)
    }

    async fn ask(&self, node: usize, request: Request, patience: Duration) -> Timed {
        self.report.operation();
        self.client.ask(node, request, patience).await
    }

    /// Lets a history be checked when its last answer is there.
    pub(crate) fn check_later(&self, check: impl Future<Output = ()> + Send + 'static) {
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.spawn(check);
        while checks.try_join_next().is_some() {}
    }

    /// Waits until every history is checked.
    pub(crate) async fn all_checked(&self) {
        let mut checks = std::mem::take(&mut *self.checks.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(checked) = checks.join_next().await {
            if let Err(error) = checked {
                self.report.wrong(&format!("a history could not be checked: {error}"));
            }
        }
    }
}

/// Waits for any time up to this.
pub(crate) async fn rest(random: &mut Rng, most: Duration) {
    sleep(most.mul_f64(random.f64())).await;
}

async fn first(client: &Client, request: Request) -> Result<Json, WorldError> {
    match client.ask(0, request, Duration::from_secs(20)).await.reply {
        Reply::Answer { status: 200..=299, body, .. } => Ok(body),
        Reply::Answer { status, body, .. } => Err(WorldError(format!("{status} {body}"))),
        Reply::Silence => Err(WorldError("no answer".into())),
    }
}

fn text(body: &Json, name: &str) -> Result<String, WorldError> {
    body[name].as_str().map(str::to_owned).ok_or_else(|| WorldError(format!("no {name} in the answer")))
}
