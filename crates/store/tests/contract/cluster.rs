//! A real PostgreSQL for tests, and an empty database in it for each.
//!
//! `scripts/test` starts one for all test programs and names it in `KEYBEARER_TEST_POSTGRES`. A program that finds no name there starts one for
//! itself by `scripts/postgres`, which stops it when this program ends, however it ends. Without PostgreSQL a test fails: it is never skipped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::{Client, NoTls};

/// Names the server that is there already.
const VARIABLE: &str = "KEYBEARER_TEST_POSTGRES";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");

/// Held until this program ends, which closes its standard input.
static OWN: OnceLock<Child> = OnceLock::new();

/// The URL of the server's first database, in which whoever connects may make others.
pub(crate) fn server() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| std::env::var(VARIABLE).unwrap_or_else(|_| start()))
}

fn start() -> String {
    let mut script = Command::new(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(script.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let ended = url.is_empty().then(|| script.wait().unwrap());
    assert_eq!(ended, None, "no PostgreSQL was started; what is missing is told above");
    OWN.set(script).unwrap();
    url.trim_end().to_owned()
}

/// The URL of a new, empty database.
pub(crate) async fn database() -> String {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    let name = format!("test_{}_{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed));
    // From the template that nobody connects to: the other one cannot be copied while somebody does.
    client(server()).await.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
    named(&name)
}

/// Removes a database, whoever is connected.
pub(crate) async fn remove(url: &str) {
    let name = url.rsplit('/').next().unwrap();
    client(server()).await.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
}

fn named(database: &str) -> String {
    let (place, _) = server().rsplit_once('/').unwrap();
    format!("{place}/{database}")
}

/// A connection beside the store's own, as an operator with a shell has it.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
