//! A node: the real binary, started again whenever it has ended.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{Database, ProcessError, last_lines, not_ready, signal};
use crate::network::Network;

/// For the first start, which also makes the tables.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before a node that ended by itself is started again, as a supervisor would.
const PAUSE: Duration = Duration::from_millis(300);
/// The port of every node, each at its own address.
const PORT: u16 = 5000;

/// How nodes are started.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The program.
    pub(crate) binary: PathBuf,
    /// Of the first administrator.
    pub(crate) password: String,
    /// Settings besides those that every node needs.
    pub(crate) settings: Vec<(String, String)>,
}

/// How often a node ended though nobody killed it.
pub(crate) struct Ends {
    /// Before it listened: as it should where it finds no database.
    pub(crate) at_start: u32,
    /// After that. No fault of a schedule makes a node end then.
    pub(crate) later: u32,
}

/// A node. Dropped, it ends.
pub(crate) struct Node {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

struct Shared {
    program: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    name: String,
    process: Mutex<Option<Child>>,
    /// Whether it has said that it listens.
    ready: watch::Sender<bool>,
    /// How long it stays down after the next end, in milliseconds; 0: the usual pause.
    down: AtomicU64,
    /// How often it ended though nobody killed it, before and after it listened.
    at_start: AtomicU32,
    later: AtomicU32,
    killed: AtomicU32,
}

impl Node {
    /// Starts a node, whose files are below this folder, and keeps it running.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub(crate) async fn start(network: &Network, number: usize, place: &Path, setup: &Setup) -> Result<Self, ProcessError> {
        let name = format!("node{number}");
        let wrong = |error| ProcessError::Start { program: name.clone(), error };
        let log = Self::log(place, number);
        let folder = place.join(&name);
        fs::create_dir(&folder).map_err(wrong)?;
        let mut program = network.in_node(number);
        program.extend([setup.binary.display().to_string(), "serve".to_owned()]);
        let mut environment: Vec<(String, String)> = [
            ("DATA_DIR", folder.display().to_string()),
            ("KEYRING", place.join("keyring.json").display().to_string()),
            ("DATABASE", Database::url()),
            ("LISTEN", format!("{}:{PORT}", Network::address(number))),
            ("PLAIN_HTTP", "true".to_owned()),
            ("LOG_FORMAT", "text".to_owned()),
            ("ADMIN_USERNAME", "admin".to_owned()),
            ("ADMIN_PASSWORD", setup.password.clone()),
        ]
        .into_iter()
        .map(|(name, value)| (format!("KEYBEARER_{name}"), value))
        .collect();
        environment.extend(setup.settings.iter().cloned());
        let shared = Arc::new(Shared {
            program,
            environment,
            log,
            name,
            process: Mutex::new(None),
            ready: watch::Sender::new(false),
            down: AtomicU64::new(0),
            at_start: AtomicU32::new(0),
            later: AtomicU32::new(0),
            killed: AtomicU32::new(0),
        });
        let keeper = tokio::spawn(Arc::clone(&shared).keep());
        let node = Self { shared, keeper };
        node.ready(PATIENCE).await?;
        Ok(node)
    }

    /// Where its log is.
    pub(crate) fn log(place: &Path, number: usize) -> PathBuf {
        place.join(format!("node{number}")).join("log")
    }

    /// Where it listens.
    pub(crate) fn url(number: usize) -> String {
        format!("http://{}:{PORT}", Network::address(number))
    }

    /// Waits until it listens.
    async fn ready(&self, patience: Duration) -> Result<(), ProcessError> {
        let mut ready = self.shared.ready.subscribe();
        let outcome = timeout(patience, ready.wait_for(|ready| *ready)).await;
        match outcome {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(not_ready(&self.shared.name, &self.shared.log)),
        }
    }

    /// Lets it stand still (SIGSTOP) for a while.
    pub(crate) async fn pause(&self, duration: Duration) {
        self.signal(Signal::STOP).await;
        sleep(duration).await;
        self.signal(Signal::CONT).await;
    }

    /// Kills it (SIGKILL). It is started again after a while.
    pub(crate) async fn kill(&self, down: Duration) {
        self.shared.down.store(u64::try_from(down.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.shared.killed.fetch_add(1, Ordering::Relaxed);
        self.signal(Signal::KILL).await;
    }

    async fn signal(&self, which: Signal) {
        if let Some(process) = &*self.shared.process.lock().await {
            signal(process, which);
        }
    }

    /// How often it ended though nobody killed it.
    pub(crate) fn ends(&self) -> Ends {
        let Shared { at_start, later, .. } = &*self.shared;
        Ends { at_start: at_start.load(Ordering::Relaxed), later: later.load(Ordering::Relaxed) }
    }

    /// Ends it for good.
    pub(crate) async fn stop(&self) {
        self.keeper.abort();
        if let Some(mut process) = self.shared.process.lock().await.take() {
            signal(&process, Signal::KILL);
            drop(process.wait().await);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    /// Starts it again whenever it has ended.
    async fn keep(self: Arc<Self>) {
        loop {
            let killed = self.killed.load(Ordering::Relaxed);
            let ended = self.live_once().await;
            let has_listened = self.ready.send_replace(false);
            if let Err(error) = &ended {
                eprintln!("{}: {error}", self.name);
            }
            if self.killed.load(Ordering::Relaxed) == killed {
                let times = if has_listened { &self.later } else { &self.at_start };
                times.fetch_add(1, Ordering::Relaxed);
                if let Some(status) = ended.ok().filter(|_| has_listened) {
                    eprintln!("{} ended by itself: {status}; its log ends with:\n{}", self.name, last_lines(&self.log));
                }
            }
            let down = Duration::from_millis(self.down.swap(0, Ordering::Relaxed));
            sleep(down.max(PAUSE)).await;
        }
    }

    async fn live_once(&self) -> std::io::Result<ExitStatus> {
        let errors = File::options().append(true).create(true).open(&self.log)?;
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).kill_on_drop(true);
        let mut child = command.spawn()?;
        let output = child.stdout.take();
        *self.process.lock().await = Some(child);
        if let Some(output) = output {
            let mut lines = BufReader::new(output).lines();
            while let Some(line) = lines.next_line().await? {
                if line.contains(" listening on ") {
                    self.ready.send_replace(true);
                    break;
                }
            }
            // Standard output ends with the process.
            lines.into_inner().read_to_end(&mut Vec::new()).await?;
        }
        let mut child = self.process.lock().await.take().ok_or(std::io::ErrorKind::NotFound)?;
        child.wait().await
    }
}
