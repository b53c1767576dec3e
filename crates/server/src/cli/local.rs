//! The commands that work on this machine: its settings, data directory and keyring. They ask nobody for leave: who can read these files
//! is the operator.

mod admin;
mod backup;
mod config;
mod doctor;
mod document;
mod keyring;
mod serve;
mod transfer;

use clap::Subcommand;

use super::failure::Failure;
use super::input::Input;
use super::out::Out;
use super::{Environment, Exit, Outcome};
use crate::config::{Config, SettingFlags, load};

/// The commands.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Run the server; this is also what happens without a command
    #[command(
        after_help = "Examples:\n  keybearer serve\n  keybearer --config /etc/keybearer.toml\n  keybearer --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem --public-url https://keys.example.com"
    )]
    Serve(#[command(flatten)] SettingFlags),
    /// Make an administrator, or a link that sets a password
    Admin(#[command(flatten)] admin::Admin),
    /// Write the database and the peppers into one file
    Backup(#[command(flatten)] backup::Backup),
    /// Put a backup in the place of the data
    Restore(#[command(flatten)] backup::Restore),
    /// Write all that makes up the keys as lines of JSON
    Export(#[command(flatten)] transfer::Export),
    /// Take in keys from elsewhere, as lines of JSON
    Import(#[command(flatten)] transfer::Import),
    /// Change the file of the server's secrets
    Keyring(#[command(flatten)] keyring::KeyringArgs),
    /// Look for what is wrong with this installation, and say how to mend it
    Doctor(#[command(flatten)] doctor::Doctor),
    /// Check, show or write settings
    Config(#[command(flatten)] config::Config),
    #[command(flatten)]
    Document(document::Command),
}

/// Runs a command. `outer` are settings that stand before it.
pub(super) fn run(command: Command, outer: SettingFlags, environment: Environment) -> Exit {
    let outcome = match command {
        Command::Serve(settings) => serve::run(outer.or(settings), environment),
        Command::Admin(command) => admin::run(command, outer, environment),
        Command::Backup(command) => backup::make(command, outer, environment),
        Command::Restore(command) => backup::restore(command, outer, environment),
        Command::Export(command) => transfer::export(command, outer, environment),
        Command::Import(command) => transfer::import(command, outer, environment),
        Command::Keyring(command) => keyring::run(command, outer, environment),
        Command::Doctor(command) => doctor::run(command, outer, environment),
        Command::Config(command) => config::run(command, outer, environment),
        Command::Document(command) => document::run(&command),
    };
    // No command of these asks a server.
    outcome.unwrap_or_else(|failure| failure.tell("", false))
}

/// The settings in force.
fn settings(flags: SettingFlags, environment: Environment) -> Result<Config, Failure> {
    load(flags, environment).map_err(|error| Failure::Usage(error.to_string()))
}

/// Prints lines for people, or for programs as they are.
fn print(text: &str) -> Outcome {
    Out { json: false }.print(text).map(|()| Exit::Done)
}

/// What failed on this side.
fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Local(error.to_string())
}
