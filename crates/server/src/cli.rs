//! The command line. Without a command, or with `serve`, it is the server. The commands that work on this machine's files are in
//! `cli/local`; those that ask a running server, over HTTP and with a credential, are in `cli/remote`.

mod exit;
mod failure;
mod input;
mod local;
mod out;
mod remote;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use self::exit::Exit;
use self::failure::Failure;
use crate::config::SettingFlags;

/// The environment as the program was given it.
pub type Environment = Vec<(OsString, OsString)>;

/// How a command ended, or why it did not come so far.
type Outcome = Result<Exit, Failure>;

const SOURCES: &str = "\
Each setting is a flag, an environment variable and a key of the TOML file; the first of these that is given counts. An empty variable \
counts as not given. A duration is 90s, 15m, 12h, 30d, 2w, or plain seconds.";

const EXAMPLES: &str = "\
Examples:
  keybearer --listen 127.0.0.1:6000
  keybearer session create ada
  KEYBEARER_TOKEN=kb_... keybearer key list --json";

#[derive(Parser)]
#[command(name = "keybearer", version, about = "Issues, verifies and revokes API keys", after_long_help = SOURCES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Local(local::Command),
    #[command(flatten)]
    Remote(remote::Command),
}

/// The whole command line, for its documents: help, manual, completions.
#[must_use]
pub fn command() -> clap::Command {
    let codes: Vec<String> = Exit::ALL.map(|exit| format!("  {}  {}", exit.code(), exit.meaning())).into();
    let command = Cli::command();
    let help = format!("{SOURCES}\n\nExit codes:\n{}\n\n{EXAMPLES}", codes.join("\n"));
    command.after_long_help(help)
}

/// Does what the command line says. The first of `args` is the name of the program.
pub fn main(args: impl IntoIterator<Item = OsString>, environment: Environment) -> Exit {
    let read = command().try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match read {
        Ok(cli) => cli,
        Err(usage) => {
            // Where the terminal is gone there is nobody to tell.
            drop(usage.print());
            return if usage.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    match cli.command {
        None => local::run(local::Command::Serve(cli.settings), SettingFlags::default(), environment),
        Some(Command::Local(command)) => local::run(command, cli.settings, environment),
        Some(Command::Remote(_)) if !cli.settings.is_empty() => {
            let text = "settings of a server, such as --listen or --config, are of no use to a command that asks one: remove them (--url names it)";
            Failure::Usage(text.to_owned()).tell("", false)
        }
        Some(Command::Remote(command)) => remote::run(command, &environment),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_is_sound() {
        super::command().debug_assert();
    }
}
