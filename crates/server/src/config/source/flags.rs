//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};

use super::Layer;
use crate::config::ConfigError;
use crate::config::setting::{Kind, SETTINGS, Setting};

/// What the command line says.
pub(super) struct Flags {
    /// The values of the settings that were given.
    pub(super) layer: Layer,
    /// The configuration file that it names.
    pub(super) file: Option<PathBuf>,
}

const CONFIG: &str = "config";

const SOURCES: &str = "\
Each setting is a flag, an environment variable and a key of the TOML file; the first of these that is given counts. An empty variable \
counts as not given. A duration is 90s, 15m, 12h, 30d, 2w, or plain seconds.";

/// Reads the command line, of which the first word is the program.
pub(super) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Flags, ConfigError> {
    let top = command().try_get_matches_from(args).map_err(ConfigError::Usage)?;
    let matches = top.subcommand().map_or(&top, |(_, matches)| matches);
    let mut layer = Layer::default();
    for setting in SETTINGS {
        if let Some(text) = matches.get_one::<String>(setting.name) {
            layer.set(setting, format!("--{}", setting.flag()), text.as_str());
        }
    }
    Ok(Flags { layer, file: matches.get_one::<PathBuf>(CONFIG).cloned() })
}

fn command() -> Command {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .global(true)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("TOML file of settings [env: KEYBEARER_CONFIG] [default: ./keybearer.toml if it exists]");
    Command::new("keybearer")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Issues, verifies and revokes API keys")
        .after_help(SOURCES)
        .subcommand(Command::new("serve").about("Run the server; this is also what happens without a command"))
        .arg(config)
        .args(SETTINGS.iter().map(argument))
}

fn argument(setting: &'static Setting) -> Arg {
    let default = setting.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let file = if setting.kind == Kind::Secret { format!(" or {}_FILE", setting.variable()) } else { String::new() };
    let arg = Arg::new(setting.name)
        .long(setting.flag())
        .global(true)
        .action(ArgAction::Set)
        .value_name(setting.placeholder())
        .help(format!("{} [env: {}{file}]{default}", setting.help, setting.variable()));
    match setting.kind {
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_is_sound() {
        super::command().debug_assert();
    }
}
