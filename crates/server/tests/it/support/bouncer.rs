//! A real PgBouncer before the PostgreSQL of the tests, in transaction mode.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rustix::process::geteuid;
use tempfile::TempDir;

use super::database;

/// Debian keeps it where no PATH of a user leads.
const PROGRAMS: [&str; 2] = ["/usr/sbin/pgbouncer", "pgbouncer"];

/// One that runs until it is dropped.
pub struct Bouncer {
    address: SocketAddr,
    process: Child,
    _place: TempDir,
}

impl Bouncer {
    /// Starts one that has so many connections to each database.
    pub async fn start(connections: u32) -> Self {
        let place = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = format!(
            "[databases]\n* = host={} user=keybearer\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 300\n",
            percent_decode_str(&host(database::server())).decode_utf8().unwrap(),
            address.port(),
        );
        let file = place.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        let program = PROGRAMS.iter().find(|program| Command::new(program).arg("--version").output().is_ok());
        let mut command = Command::new(program.expect("PgBouncer is needed: install pgbouncer"));
        if geteuid().is_root() {
            command.arg("--user=postgres"); // As root it does not run.
        }
        let process = command.arg("--quiet").arg(&file).stdin(Stdio::null()).spawn().unwrap();
        let mut bouncer = Self { address, process, _place: place };
        for _ in 0..300 {
            if TcpStream::connect(address).is_ok() {
                return bouncer;
            }
            assert_eq!(bouncer.process.try_wait().unwrap(), None, "PgBouncer has ended");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PgBouncer does not listen");
    }

    /// The way through it to the database of this URL.
    pub fn url(&self, database: &str) -> String {
        database.replacen(&format!("@{}/", host(database)), &format!("@{}/", self.address), 1)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn host(url: &str) -> String {
    url.split('@').nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned()
}
