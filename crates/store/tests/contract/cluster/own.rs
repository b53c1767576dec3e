//! A real PostgreSQL for tests. The tests of other crates include this file too.
//!
//! `scripts/test` starts one for all test programs and names it in `TEST_POSTGRES`. A program that finds no name there starts one for
//! itself by `scripts/postgres`, which stops it when this program ends, however it ends. Without PostgreSQL a test fails: it is never skipped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Names the server that is there already.
const VARIABLE: &str = "TEST_POSTGRES";
pub(crate) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres");

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

/// A name that no other database of the server has.
pub(crate) fn free_name() -> String {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    format!("test_{}_{}", std::process::id(), SERIAL.fetch_add(1, Ordering::Relaxed))
}

/// The URL of the database of this name.
pub(crate) fn named(database: &str) -> String {
    let (place, _) = server().rsplit_once('/').unwrap();
    format!("{place}/{database}")
}
