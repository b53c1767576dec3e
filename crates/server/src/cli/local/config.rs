//! `keybearer config`.

use clap::{Args, Subcommand};

use super::{Environment, Exit, complain, settings};
use crate::config::{self, SettingFlags};

#[derive(Args)]
pub(in crate::cli) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the settings as the server would at its start
    #[command(after_help = "Example:\n  keybearer config check --config /etc/keybearer.toml")]
    Check(#[command(flatten)] SettingFlags),
    /// Show each setting, its value, and where that came from; secrets stay hidden
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        settings: SettingFlags,
    },
    /// Print a configuration file with every setting, its meaning and its default
    #[command(after_help = "Example:\n  keybearer config example > keybearer.toml")]
    Example,
}

pub(super) fn run(config: Config, outer: SettingFlags, environment: Environment) -> Exit {
    match config.command {
        Command::Check(flags) => match settings(outer.or(flags), environment) {
            Ok(_) => {
                println!("The settings can be used.");
                Exit::Done
            }
            Err(exit) => exit,
        },
        Command::Show { json, settings } => show(outer.or(settings), environment, json),
        Command::Example => {
            print!("{}", config::example());
            Exit::Done
        }
    }
}

fn show(flags: SettingFlags, environment: Environment, json: bool) -> Exit {
    let shown = match config::show(flags, environment) {
        Ok(shown) => shown,
        Err(error) => {
            complain(error);
            return Exit::Usage;
        }
    };
    if json {
        let rows = shown.iter().map(|row| (row.name.to_owned(), serde_json::json!({"value": row.value, "origin": row.origin})));
        println!("{:#}", serde_json::Value::Object(rows.collect()));
    } else {
        let width = |of: fn(&config::Shown) -> &str| shown.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (name, value) = (width(|row| row.name), width(|row| row.value.as_deref().unwrap_or("-")));
        for row in &shown {
            println!("{:name$}  {:value$}  {}", row.name, row.value.as_deref().unwrap_or("-"), row.origin);
        }
    }
    Exit::Done
}
