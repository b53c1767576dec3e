//! PostgreSQL, to be killed and started again on the same data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::{ProcessError, not_ready, signal};
use crate::network::Network;

/// The script that knows how tests have a PostgreSQL.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres");
/// For the cluster to be made, and for a recovery.
const PATIENCE: Duration = Duration::from_secs(60);

/// The database of a run.
pub(crate) struct Database {
    network: Arc<Network>,
    place: PathBuf,
    server: Mutex<Option<Child>>,
}

impl Database {
    /// Makes a cluster below this folder, and starts it.
    ///
    /// # Errors
    /// If it is not ready in time.
    pub(crate) async fn start(network: Arc<Network>, place: &Path) -> Result<Self, ProcessError> {
        let place = place.join("postgres");
        let wrong = |error| ProcessError::Start { program: "PostgreSQL".into(), error };
        fs::create_dir(&place).map_err(wrong)?;
        let database = Self { network, place, server: Mutex::new(None) };
        database.serve(&mut *database.server.lock().await).await?;
        Ok(database)
    }

    /// Where the nodes find it.
    pub(crate) fn url() -> String {
        format!("postgres://keybearer@{}/postgres?sslmode=disable", Network::database())
    }

    fn spawn(&self) -> Result<Child, ProcessError> {
        let mut line = self.network.in_database();
        line.extend([SCRIPT.to_owned(), "--serve".to_owned(), self.place.display().to_string()]);
        // A run may last an hour, and the row that counts the changes is written at each of them.
        for option in [&format!("listen_addresses={}", Network::database()), "autovacuum=on", "dynamic_shared_memory_type=mmap"] {
            line.extend(["-c".to_owned(), option.to_owned()]);
        }
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command.spawn().map_err(|error| ProcessError::Start { program: "PostgreSQL".into(), error })
    }

    /// Starts the server, and waits until it is ready.
    async fn serve(&self, server: &mut Option<Child>) -> Result<(), ProcessError> {
        let id = server.insert(self.spawn()?).id();
        let began = Instant::now();
        let file = self.place.join("data/postmaster.pid");
        while !id.is_some_and(|id| fs::read_to_string(&file).is_ok_and(|text| says_ready(&text, id))) {
            if began.elapsed() > PATIENCE {
                return Err(not_ready("PostgreSQL", &self.place.join("log")));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills all of it (SIGKILL), and starts it again after a while.
    ///
    /// # Errors
    /// If it does not come back.
    pub(crate) async fn kill(&self, down: Duration) -> Result<(), ProcessError> {
        let mut server = self.server.lock().await;
        self.network.kill_database()?;
        if let Some(mut child) = server.take() {
            drop(child.wait().await);
        }
        self.clear_memory();
        sleep(down).await;
        self.serve(&mut server).await
    }

    /// Removes the piece of the system's memory that a killed server leaves, which the next one would remove if there were one.
    fn clear_memory(&self) {
        let noted = fs::read_to_string(self.place.join("data/postmaster.pid")).unwrap_or_default();
        // The seventh line: its key and its number.
        if let Some(number) = noted.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            // It may be gone.
            drop(process::Command::new("ipcrm").args(["-m", number]).stderr(Stdio::null()).status());
        }
    }

    /// Ends connections from the server's side: those of one address, or of anybody, each with this chance in a hundred. Whether there was
    /// a server to ask.
    pub(crate) async fn terminate(&self, address: Option<&str>, percent: u8) -> bool {
        let whose = address.map_or_else(|| "IS NOT NULL".to_owned(), |address| format!("= '{address}'"));
        let statement =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr {whose} AND random() * 100 < {percent}");
        let place = self.place.display().to_string();
        let mut command = Command::new(SCRIPT);
        command.args(["--sql", &place, &statement]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        matches!(timeout(Duration::from_secs(5), command.status()).await, Ok(Ok(status)) if status.success())
    }
}

impl Drop for Database {
    /// Also where nobody waited for its end: a killed one would leave a piece of the system's memory behind.
    fn drop(&mut self) {
        let Some(mut child) = self.server.get_mut().take() else { return };
        signal(&child, Signal::QUIT);
        for _ in 0..200 {
            if !matches!(child.try_wait(), Ok(None)) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Whether this server is ready, by its first line and its eighth, as `pg_ctl` reads them.
fn says_ready(text: &str, id: u32) -> bool {
    let mut lines = text.lines();
    lines.next() == Some(&id.to_string()) && lines.nth(6).is_some_and(|line| line.starts_with("ready"))
}
