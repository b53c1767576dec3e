//! Where values come from: flags, the environment, a TOML file, the defaults; and which of them wins.

mod environment;
mod file;
mod flags;

use std::ffi::OsString;

pub use self::flags::SettingFlags;
use config::{Map, Source, Value, ValueKind};

use super::ConfigError;
use super::setting::{SETTINGS, Setting};

/// The origin of values that nobody gave.
pub(super) const DEFAULT: &str = "the default";

/// The value in force of each setting that has one, and where it came from.
pub(super) struct Values(Map<String, Value>);

/// The values of one source by the names of their settings.
#[derive(Clone, Debug, Default)]
struct Layer(Map<String, Value>);

impl Layer {
    fn set(&mut self, setting: &Setting, origin: String, value: impl Into<ValueKind>) {
        self.0.insert(setting.name.to_owned(), Value::new(Some(&origin), value.into()));
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

impl Values {
    /// Flag, else environment, else file, else default.
    pub(super) fn read(flags: SettingFlags, env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let environment = environment::read(env)?;
        let file = file::read(flags.file.or(environment.file))?;
        Ok(Self::layered([file, environment.layer, flags.layer]))
    }

    /// The defaults alone.
    pub(super) fn defaults() -> Self {
        Self::layered([])
    }

    fn layered<const N: usize>(layers: [Layer; N]) -> Self {
        let mut defaults = Layer::default();
        for setting in SETTINGS {
            if let Some(value) = setting.default {
                defaults.set(setting, DEFAULT.to_owned(), value);
            }
        }
        let mut builder = config::Config::builder().add_source(defaults);
        for layer in layers {
            builder = builder.add_source(layer);
        }
        let merged = builder.build().and_then(|merged| merged.collect());
        Self(merged.expect("layers of values collected before are merged without failure"))
    }

    /// Where the value of a setting came from.
    pub(super) fn origin(&self, setting: &Setting) -> &str {
        let Some(value) = self.get(setting) else { return DEFAULT };
        // A section has no origin after the merge, but what stands in it has.
        let within = match &value.kind {
            ValueKind::Table(table) => table.values().find_map(Value::origin),
            _ => None,
        };
        value.origin().or(within).unwrap_or(DEFAULT)
    }

    /// The value of a setting.
    pub(super) fn get(&self, setting: &Setting) -> Option<&Value> {
        let (section, key) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if section.is_empty() {
            return self.0.get(key);
        }
        match &self.0.get(section)?.kind {
            ValueKind::Table(table) => table.get(key),
            _ => None,
        }
    }
}
