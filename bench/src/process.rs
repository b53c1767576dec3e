//! Servers as processes of their own, on one core, and what the system says of them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The core of the servers. The load generator has the other one.
pub const CORE: &str = "0";
/// How many clock ticks of `/proc` make a second: the same on every Linux that we run on.
const TICKS: f64 = 100.0;

/// A server that runs until it is dropped.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Starts a program pinned to the core of the servers, and waits for the line that says where it listens.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start(cores: &str, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new("taskset")
            .args(["-c", cores])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.split("listening on http://").nth(1)?.trim().parse().ok());
        let Some(address) = address else { panic!("{} {arguments:?} did not start", program.display()) };
        Self { child, address }
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The CPU time that it has used, in seconds.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        cpu_of(&self.id().to_string())
    }

    /// Its resident memory, in bytes.
    ///
    /// # Panics
    /// Where the system does not tell.
    #[must_use]
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
    }

    /// Lets it sleep while others are measured, so that what it does in the background is counted in its own rounds.
    pub fn sleep(&self) {
        self.signal("-STOP");
    }

    /// Wakes it.
    pub fn wake(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.id().to_string()]).status().unwrap().success());
    }

    /// Ends it in order, and waits.
    ///
    /// # Panics
    /// Where it cannot be waited for.
    pub fn stop(mut self) {
        self.wake();
        self.signal("-TERM");
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The CPU time that a process has used, in seconds; `self` is this one.
///
/// # Panics
/// Where the system does not tell.
#[must_use]
pub fn cpu_of(process: &str) -> f64 {
    ticks(process, 11) / TICKS
}

/// The CPU time of all that this process has started and waited for, in seconds.
///
/// # Panics
/// Where the system does not tell.
#[must_use]
pub fn cpu_of_children() -> f64 {
    ticks("self", 13) / TICKS
}

/// What stands in two places of the `stat` of a process, the user's and the system's.
fn ticks(process: &str, place: usize) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').skip(place).take(2).map(|field| field.parse::<f64>().unwrap()).sum()
}
