//! One run: everything is started, asked, hurt, and cleared away.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, interval, sleep, timeout};

use crate::checker::Mode;
use crate::client::Client;
use crate::faults::{Injector, Schedule};
use crate::history::Clock;
use crate::network::{Network, NetworkError};
use crate::processes::{Database, Node, ProcessError, Setup};
use crate::report::{Report, Totals};
use crate::workload::{self, Start, World, WorldError};

/// Between two lines that tell how it goes.
const TELL: Duration = Duration::from_secs(10);
/// Within which everything comes to an end, once no new lives begin.
const END: Duration = Duration::from_secs(60);

/// How to run.
#[derive(Clone)]
pub(crate) struct Plan {
    /// What the names of all that the run makes begin with.
    pub(crate) run: String,
    /// The server.
    pub(crate) binary: PathBuf,
    /// For how long there are faults.
    pub(crate) duration: Duration,
    /// How many nodes.
    pub(crate) nodes: usize,
    /// What is promised.
    pub(crate) mode: Mode,
    /// Of the faults and of what is asked.
    pub(crate) seed: u64,
    /// Whether one answer is forged in its history.
    pub(crate) forge: bool,
    /// The folder for the nodes' logs, which otherwise go away.
    pub(crate) logs: Option<PathBuf>,
    /// The bug that the server is to have.
    pub(crate) bug: Option<&'static str>,
}

/// What came of it.
pub(crate) struct Outcome {
    /// The counts.
    pub(crate) totals: Totals,
    /// What was broken first.
    pub(crate) first: Option<String>,
    /// How long it ran.
    pub(crate) lasted: Duration,
    /// How often a node that had listened ended though nobody killed it.
    pub(crate) ended: u32,
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// No network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A program did not start.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The first steps failed.
    #[error(transparent)]
    World(#[from] WorldError),
    /// There can be no client.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    /// Something of the system failed.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// A signal came.
    #[error("interrupted")]
    Interrupted,
    /// What was asked is still not over.
    #[error("the run does not come to an end")]
    Endless,
}

/// Runs, until the time is over or, with a seeded bug, something is broken.
///
/// # Errors
/// If it cannot run, or is interrupted.
pub(crate) async fn run(plan: Plan) -> Result<Outcome, RunError> {
    let mut interrupted = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        outcome = uninterrupted(plan) => outcome,
        _ = interrupted.0.recv() => Err(RunError::Interrupted),
        _ = interrupted.1.recv() => Err(RunError::Interrupted),
    }
}

async fn uninterrupted(plan: Plan) -> Result<Outcome, RunError> {
    if let Some(logs) = &plan.logs {
        fs::create_dir_all(logs)?;
    }
    let place = tempfile::Builder::new().prefix(&format!("{}-", plan.run)).tempdir_in("/tmp")?;
    // The database is of another user, who has to come through.
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o711))?;
    let network = Arc::new(Network::make(&plan.run, plan.nodes)?);
    let database = Arc::new(Database::start(Arc::clone(&network), place.path()).await?);
    let setup = setup(&plan);
    let mut nodes = Vec::new();
    for number in 0..plan.nodes {
        nodes.push(Node::start(&network, number, place.path(), &setup).await?);
    }
    let nodes = Arc::new(nodes);

    let clock = Clock::start();
    let report = Arc::new(Report::new(plan.mode, clock, plan.forge));
    let start = Start { client: Client::new(clock)?, report: Arc::clone(&report), nodes: plan.nodes, password: setup.password };
    let world = World::begin(start).await?;
    let injector = Injector {
        network: Arc::clone(&network),
        nodes: Arc::clone(&nodes),
        database: Arc::clone(&database),
        report: Arc::clone(&report),
        busy: (0..plan.nodes).map(|_| Mutex::new(())).collect(),
    };
    let end = watch::Sender::new(false);
    let faults = tokio::spawn(Arc::new(injector).run(Schedule::new(plan.seed, plan.nodes), end.subscribe()));
    let work = tokio::spawn(workload::run(Arc::clone(&world), plan.seed));

    watch_over(&plan, &report).await;
    let lasted = clock.elapsed();
    world.close();
    end.send_replace(true);
    let ended = async { drop((faults.await, work.await)) };
    timeout(END, ended).await.map_err(|_| RunError::Endless)?;

    print!("{}", report.table());
    let mut ended = 0;
    for (number, node) in nodes.iter().enumerate() {
        let ends = node.ends();
        println!("node{number} ended by itself {} times at a start, {} times later", ends.at_start, ends.later);
        ended += ends.later;
        node.stop().await;
    }
    if let Some(logs) = &plan.logs {
        for number in 0..plan.nodes {
            fs::copy(Node::log(place.path(), number), logs.join(format!("node{number}.log")))?;
        }
    }
    Ok(Outcome { totals: report.totals(), first: report.first().map(str::to_owned), lasted, ended })
}

fn setup(plan: &Plan) -> Setup {
    let mut settings = Vec::new();
    if plan.mode == Mode::Strict {
        settings.push(("KEYBEARER_CONSISTENCY".to_owned(), "strict".to_owned()));
    }
    if let Some(bug) = plan.bug {
        settings.push(("SEEDED_BUG".to_owned(), bug.to_owned()));
    }
    Setup { binary: plan.binary.clone(), password: format!("{:032x}", fastrand::u128(..)), settings }
}

/// Tells how it goes, until the time is over.
async fn watch_over(plan: &Plan, report: &Report) {
    let over = Instant::now() + plan.duration;
    let mut tell = interval(TELL);
    tell.tick().await;
    while Instant::now() < over {
        tokio::select! {
            () = tokio::time::sleep_until(over) => {}
            () = sleep(Duration::from_millis(200)) => {}
            _ = tell.tick() => println!("{} unanswered={}", report.totals(), report.unanswered()),
        }
        if plan.bug.is_some() && report.totals().violations > 0 {
            break;
        }
    }
}
