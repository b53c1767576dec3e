//! The real programs: nodes and the database, each in its own network namespace.

mod database;
mod node;

use std::io;
use std::path::PathBuf;

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
    #[error("{program} is not ready in time; see {}", log.display())]
    NotReady {
        /// Which.
        program: String,
        /// Where it says why.
        log: PathBuf,
    },
    /// Its network is not there.
    #[error(transparent)]
    Network(#[from] crate::network::NetworkError),
}

fn signal(process: &Child, signal: Signal) {
    if let Some(id) = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // It may have ended in this moment, and whoever waits for it will know.
        let _ = kill_process(id, signal);
    }
}
