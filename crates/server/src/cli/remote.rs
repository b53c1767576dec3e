//! The commands that ask a running server, over HTTP and with a credential: one file a resource. What they may is for the server to say.

mod account;
mod cluster;
mod connection;
mod events;
mod explain;
mod gate;
mod healthcheck;
mod key;
mod permission;
mod policy;
mod question;
mod session;
mod stats;
mod value;
mod verify;
mod whoami;

use clap::Subcommand;

use self::connection::{Ask, Context, with, without_credential};
use super::failure::Failure;
use super::{Environment, Exit, Outcome, input, out};

/// The commands.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Accounts of people: list, show, make, change, delete
    Account(#[command(flatten)] account::Account),
    /// Keys of people and of services: list, show, make, change, revoke
    Key(#[command(flatten)] key::Key),
    /// Policies, which say what keys of services may: list, show, make, edit, delete
    Policy(#[command(flatten)] policy::Policy),
    /// Gates, by which proxies ask whether a request may go on: list, show, set, delete
    Gate(#[command(flatten)] gate::Gate),
    /// Permissions that services declare: list, declare
    Permission(#[command(flatten)] permission::Permission),
    /// Sign in, list sessions, sign out
    Session(#[command(flatten)] session::Session),
    Whoami(#[command(flatten)] whoami::Whoami),
    Verify(#[command(flatten)] verify::Verify),
    Explain(#[command(flatten)] explain::Explain),
    Events(#[command(flatten)] events::Events),
    Stats(#[command(flatten)] stats::Stats),
    Cluster(#[command(flatten)] cluster::Cluster),
    Healthcheck(#[command(flatten)] healthcheck::Healthcheck),
}

/// Runs a command.
pub(super) fn run(command: Command, environment: &Environment) -> Exit {
    match command {
        Command::Account(command) => command.run(environment),
        Command::Key(command) => command.run(environment),
        Command::Policy(command) => command.run(environment),
        Command::Gate(command) => command.run(environment),
        Command::Permission(command) => command.run(environment),
        Command::Session(command) => command.run(environment),
        Command::Whoami(command) => command.run(environment),
        Command::Verify(command) => command.run(environment),
        Command::Explain(command) => command.run(environment),
        Command::Events(command) => command.run(environment),
        Command::Stats(command) => command.run(environment),
        Command::Cluster(command) => command.run(environment),
        Command::Healthcheck(command) => command.run(environment),
    }
}
