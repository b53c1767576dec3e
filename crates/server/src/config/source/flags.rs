//! The command line's share of the settings: one flag each, for whichever command has use for them.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::Layer;
use crate::config::setting::{Kind, SETTINGS, Setting};

const CONFIG: &str = "config";
const HEADING: &str = "Settings";

/// The settings that a command line gives, and the configuration file that it names.
#[derive(Clone, Debug, Default)]
pub struct SettingFlags {
    pub(super) layer: Layer,
    pub(super) file: Option<PathBuf>,
}

impl SettingFlags {
    /// These, and those of `later`, which count where both give a setting.
    #[must_use]
    pub fn or(mut self, later: Self) -> Self {
        self.layer.0.extend(later.layer.0);
        Self { layer: self.layer, file: later.file.or(self.file) }
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layer.0.is_empty() && self.file.is_none()
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut layer = Layer::default();
        for setting in with_flags() {
            if let Some(text) = matches.get_one::<String>(setting.name) {
                layer.set(setting, format!("--{}", setting.flag()), text.as_str());
            }
        }
        Ok(Self { layer, file: matches.get_one::<PathBuf>(CONFIG).cloned() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = std::mem::take(self).or(Self::from_arg_matches(matches)?);
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help_heading(HEADING)
            .help("TOML file of settings [env: KEYBEARER_CONFIG] [default: ./keybearer.toml if it exists]");
        command.arg(config).args(with_flags().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// All but what is or may hold a secret: a command line shows among the processes.
fn with_flags() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| !matches!(setting.kind, Kind::Secret | Kind::Issuers))
}

fn argument(setting: &'static Setting) -> Arg {
    let default = setting.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let arg = Arg::new(setting.name)
        .long(setting.flag())
        .action(ArgAction::Set)
        .value_name(setting.placeholder())
        .help_heading(HEADING)
        .help(format!("{} [env: {}]{default}", setting.help, setting.variable()));
    match setting.kind {
        Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}
