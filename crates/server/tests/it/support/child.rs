//! The real binary as a process of its own, to be told to stop, or killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Answer, Ask, Cred, PASSWORD};

/// How long a process may take to start or to end. What a test promises is measured, not waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the binary is to be started.
pub struct Program(Command);

/// A process that is ready.
pub struct Running {
    pub address: SocketAddr,
    /// The setup link, if it printed one.
    pub setup_link: Option<String>,
    /// From its start until it answered that it is ready.
    pub ready_after: Duration,
    process: Child,
    output: JoinHandle<String>,
    errors: JoinHandle<String>,
    http: reqwest::Client,
}

/// A process that has ended.
pub struct Ended {
    pub status: ExitStatus,
    /// What it wrote to standard output after it was ready.
    pub output: String,
    /// All that it wrote to standard error.
    pub errors: String,
}

impl Program {
    /// The binary with this data directory, any free port, and no settings from this process.
    pub fn on(data_dir: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keybearer"));
        command.env_clear().env("KEYBEARER_DATA_DIR", data_dir).env("KEYBEARER_LISTEN", "127.0.0.1:0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Self(command)
    }

    pub fn arg(mut self, name: &str, value: &str) -> Self {
        self.0.args([name, value]);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// With the first administrator `admin` from the environment.
    pub fn with_admin(self) -> Self {
        self.env("KEYBEARER_ADMIN_USERNAME", "admin").env("KEYBEARER_ADMIN_PASSWORD", PASSWORD)
    }

    /// Starts it without waiting for anything.
    pub fn spawn(mut self) -> Child {
        self.0.spawn().unwrap()
    }

    /// Waits for the line that says it is ready; standard error is left unread.
    pub async fn wait_for_the_ready_line(process: &mut Child) {
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("it starts in time").unwrap();
        assert!(line.is_some_and(|line| line.contains(" listening on ")));
    }

    /// Sends a signal to a process that runs.
    pub fn signal(process: &Child, signal: Signal) {
        let id = process.id().and_then(|id| Pid::from_raw(id.try_into().unwrap()));
        kill_process(id.expect("it runs"), signal).unwrap();
    }

    /// Starts it, and returns once it answers that it is ready.
    pub async fn start(self) -> Running {
        let began = Instant::now();
        let mut process = self.spawn();
        let mut stderr = process.stderr.take().unwrap();
        let errors = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.unwrap();
            text
        });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut setup_link = None;
        let address = loop {
            let Some(line) = timeout(PATIENCE, lines.next_line()).await.expect("it starts in time").unwrap() else {
                panic!("it ended at once: {}", errors.await.unwrap());
            };
            if let Some((_, link)) = line.split_once("Create the first admin (once, within 30 minutes): ") {
                setup_link = Some(link.to_owned());
            } else {
                let (words, address) = line.split_once(" listening on http://").unwrap();
                assert_eq!(words, format!("Keybearer {}", env!("CARGO_PKG_VERSION")));
                break address.parse().unwrap();
            }
        };
        let output = tokio::spawn(async move {
            let mut text = String::new();
            lines.into_inner().read_to_string(&mut text).await.unwrap();
            text
        });
        let http = super::http_client();
        let mut running = Running { address, setup_link, ready_after: Duration::ZERO, process, output, errors, http };
        running.ask("GET", "/readyz").send().await.expect_text(200, "ready\n");
        running.ready_after = began.elapsed();
        running
    }

    /// Starts it and waits until it ends by itself.
    pub async fn run(self) -> Ended {
        let mut process = self.spawn();
        let (mut stdout, mut stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        let (mut out, mut errors) = (String::new(), String::new());
        let ended = async { tokio::try_join!(process.wait(), stdout.read_to_string(&mut out), stderr.read_to_string(&mut errors)) };
        let (status, ..) = timeout(PATIENCE, ended).await.expect("it ends by itself").unwrap();
        assert_eq!(out, "", "standard output is for what is ready");
        Ended { status, output: out, errors }
    }
}

impl Running {
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let request = self.http.request(method.parse().unwrap(), format!("http://{}{path}", self.address));
        Ask { what: format!("{method} {path}"), request }
    }

    pub async fn get(&self, path: &str, cred: &Cred) -> Answer {
        self.ask("GET", path).with(cred).send().await
    }

    pub async fn post(&self, path: &str, cred: &Cred, body: Value) -> Answer {
        self.ask("POST", path).with(cred).json(&body).send().await
    }

    /// A session of the administrator.
    pub async fn admin(&self) -> Cred {
        let answer = self.post("/v1/sessions", &Cred::None, json!({"username": "admin", "password": PASSWORD})).await;
        Cred::Bearer(answer.expect(201)["token"].as_str().unwrap().to_owned())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Tells it to stop (SIGTERM).
    pub fn tell_to_stop(&self) {
        Program::signal(&self.process, Signal::TERM);
    }

    /// Waits until it has ended.
    pub async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it ends in time").unwrap();
        Ended { status, output: self.output.await.unwrap(), errors: self.errors.await.unwrap() }
    }

    /// Tells it to stop, and waits until it has.
    pub async fn stop(self) -> Ended {
        self.tell_to_stop();
        self.ended().await
    }

    /// Kills it (SIGKILL): not one instruction more.
    pub fn kill(&self) {
        Program::signal(&self.process, Signal::KILL);
    }
}
