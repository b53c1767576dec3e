//! The commands that work on this machine: its settings, data directory and keyring. They ask nobody for leave: who can read these files
//! is the operator.

mod config;
mod document;
mod serve;

use clap::Subcommand;

use super::{Environment, Exit, complain};
use crate::config::{Config, SettingFlags, load};

/// The commands.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the server; this is also what happens without a command
    Serve(#[command(flatten)] SettingFlags),
    /// Check, show or write settings
    Config(#[command(flatten)] config::Config),
    #[command(flatten)]
    Document(document::Command),
}

/// Runs a command. `outer` are settings that stand before it.
pub(super) fn run(command: Command, outer: SettingFlags, environment: Environment) -> Exit {
    match command {
        Command::Serve(settings) => serve::run(outer.or(settings), environment),
        Command::Config(command) => config::run(command, outer, environment),
        Command::Document(command) => document::run(&command),
    }
}

/// The settings, or the exit after telling why there are none.
fn settings(flags: SettingFlags, environment: Environment) -> Result<Config, Exit> {
    load(flags, environment).map_err(|error| {
        complain(error);
        Exit::Usage
    })
}
