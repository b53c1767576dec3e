//! `keybearer config`.

use clap::{Args, Subcommand};

use super::{Environment, Failure, Outcome, failed, print, settings};
use crate::config::{self, SettingFlags};
use crate::telemetry::traces::Traces;
use crate::tls::Tls;

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
    #[command(after_help = "Example:\n  KEYBEARER_LISTEN=127.0.0.1:6000 keybearer config show --json")]
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

pub(super) fn run(config: Config, outer: SettingFlags, environment: Environment) -> Outcome {
    match config.command {
        Command::Check(flags) => check(outer.or(flags), environment),
        Command::Show { json, settings } => show(outer.or(settings), environment, json),
        Command::Example => print(config::example().trim_end()),
    }
}

fn check(flags: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(flags, environment)?;
    config.tls.map(Tls::load).transpose().map_err(|error| Failure::Usage(error.to_string()))?;
    // What sends traces is made within a runtime.
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    let _within = runtime.enter();
    Traces::check_environment().map_err(|error| Failure::Usage(error.to_string()))?;
    print("The settings can be used.")
}

fn show(flags: SettingFlags, environment: Environment, json: bool) -> Outcome {
    let shown = config::show(flags, environment).map_err(|error| Failure::Usage(error.to_string()))?;
    if json {
        let rows = shown.iter().map(|row| (row.name.to_owned(), serde_json::json!({"value": row.value, "origin": row.origin})));
        return print(&format!("{:#}", serde_json::Value::Object(rows.collect())));
    }
    let width = |of: fn(&config::Shown) -> &str| shown.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (name, value) = (width(|row| row.name), width(|row| row.value.as_deref().unwrap_or("-")));
    let line = |row: &config::Shown| format!("{:name$}  {:value$}  {}", row.name, row.value.as_deref().unwrap_or("-"), row.origin);
    print(&shown.iter().map(line).collect::<Vec<_>>().join("\n"))
}
