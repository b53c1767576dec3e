//! Every command once and more, as an administrator meets them. A command that is run nowhere here fails the test.

mod account;
mod gate;
mod key;
mod permission;
mod policy;
mod session;
mod verification;

use std::collections::BTreeSet;

use keybearer::cli::Exit;
use serde_json::Value;

use super::help::remote_commands;
use super::{Asked, Ran, keybearer};
use crate::matrix::assert_complete;
use crate::support::{Cred, Server};

/// A server with an administrator, and which commands it was asked by.
struct Walk {
    server: Server,
    admin: Cred,
    run: BTreeSet<String>,
}

impl Walk {
    /// A command, named by its words, with these arguments; it counts as run.
    fn asked(&mut self, command: &str, args: &[&str]) -> Asked {
        self.run.insert(command.to_owned());
        keybearer(command.split(' ').chain(args.iter().copied())).on(&self.server).with(&self.admin)
    }

    async fn ask(&mut self, command: &str, args: &[&str]) -> Ran {
        self.asked(command, args).run().await
    }

    /// What it prints as JSON, once it has done what was asked.
    async fn json(&mut self, command: &str, args: &[&str]) -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        self.ask(command, &args).await.json(Exit::Done)
    }

    /// What it prints for people, once it has done what was asked, with what columns have between them made one space.
    async fn table(&mut self, command: &str, args: &[&str]) -> Vec<String> {
        lines(self.ask(command, args).await.expect(Exit::Done))
    }
}

/// The lines of a table, with all space made one.
fn lines(table: &str) -> Vec<String> {
    table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
async fn every_command_that_asks_a_server_does_what_its_help_says() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut walk = Walk { server, admin, run: BTreeSet::new() };
    account::walk(&mut walk).await;
    permission::walk(&mut walk).await;
    policy::walk(&mut walk).await;
    gate::walk(&mut walk).await;
    key::walk(&mut walk).await;
    verification::walk(&mut walk).await;
    session::walk(&mut walk).await;
    assert_complete(remote_commands().into_iter().map(|(name, _)| name), walk.run);
}
