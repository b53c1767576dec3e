//! The real programs: nodes and the database, each in its own network namespace.

mod database;
mod node;

use std::path::Path;
use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

pub(crate) use self::database::Database;
pub(crate) use self::node::{Node, Setup};

/// Why a program is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It cannot be started.
    #[error("{program} cannot be started: {error}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// It is not ready in time.
    #[error("{program} is not ready in time; its log ends with:\n{said}")]
    NotReady {
        /// Which.
        program: String,
        /// What it wrote last.
        said: String,
    },
    /// Its network is not there.
    #[error(transparent)]
    Network(#[from] crate::network::NetworkError),
}

/// A program that is not ready in time, with the end of its log.
fn not_ready(program: &str, log: &Path) -> ProcessError {
    ProcessError::NotReady { program: program.to_owned(), said: last_lines(log) }
}

/// The end of a log.
fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

fn signal(process: &Child, signal: Signal) {
    if let Some(id) = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // It may have ended in this moment, and whoever waits for it will know.
        let _ = kill_process(id, signal);
    }
}
