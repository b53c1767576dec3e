//! Which database the servers of these tests have: SQLite, unless `TEST_ENGINE` says `postgres`.

#[path = "../../../../store/tests/contract/cluster/own.rs"]
mod own;

use std::process::{Child, Command, Stdio};

use keybearer::config::Config;
use keybearer_store::PostgresUrl;

/// Gives a server that is to be on PostgreSQL a database of its own. It is there until the end of that PostgreSQL.
pub fn choose(config: &mut Config) {
    match std::env::var("TEST_ENGINE").as_deref() {
        Err(_) | Ok("sqlite") => {}
        Ok("postgres") if config.database.is_some() => {}
        Ok("postgres") => config.database = Some(PostgresUrl::parse(&fresh()).unwrap()),
        Ok(other) => panic!("TEST_ENGINE is {other}: sqlite and postgres are known"),
    }
}

/// The URL of a new, empty database of PostgreSQL.
pub fn fresh() -> String {
    let name = own::free_name();
    let made = Command::new(own::SCRIPT).args(["--database", own::server(), &name]).status().unwrap();
    assert!(made.success(), "{name}");
    own::named(&name)
}

/// Runs a statement at the server, as its administrator.
pub fn at_server(sql: &str) {
    let done = Command::new(own::SCRIPT).args(["--run", own::server(), sql]).status().unwrap();
    assert!(done.success(), "{sql}");
}

/// Somebody who has the row that every change needs.
pub struct Holder {
    process: Child,
    /// Where the server tells of it.
    at: String,
}

/// Keeps changes of this database from going on, until that is let go.
pub fn hold_changes(url: &str) -> Holder {
    let sql = "SELECT revision FROM counter FOR UPDATE; SELECT pg_sleep(60)";
    let process = Command::new(own::SCRIPT).args(["--run", url, sql]).stderr(Stdio::null()).spawn().unwrap();
    let name = url.rsplit('/').next().unwrap();
    let at = format!("pg_stat_activity WHERE datname = '{name}' AND query LIKE '%pg_sleep(60)' AND wait_event = 'PgSleep'");
    at_server(&format!(
        "DO $$ BEGIN
             FOR look IN 1..1000 LOOP
                 EXIT WHEN EXISTS (SELECT FROM {at});
                 PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
             END LOOP;
             ASSERT EXISTS (SELECT FROM {at}), 'nobody has the row';
         END $$"
    ));
    Holder { process, at }
}

impl Holder {
    /// Lets them go on.
    pub fn let_go(mut self) {
        at_server(&format!("SELECT pg_terminate_backend(pid) FROM {}", self.at));
        self.process.wait().unwrap();
    }
}

/// The URL of the server's first database.
pub fn server() -> &'static str {
    own::server()
}
