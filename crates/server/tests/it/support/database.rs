//! Which database the servers of these tests have: SQLite, unless `TEST_ENGINE` says `postgres`.

#[path = "../../../../store/tests/contract/cluster/own.rs"]
mod own;

use std::process::Command;

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

/// The URL of the server's first database.
pub fn server() -> &'static str {
    own::server()
}
