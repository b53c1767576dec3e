//! The TOML file.

use std::path::{Path, PathBuf};

use config::{File, FileFormat, Map, Source, Value, ValueKind};

use super::Layer;
use crate::config::ConfigError;
use crate::config::setting::{Kind, SETTINGS, Setting};

/// Read where no other file is named, if it is there.
const USUAL: &str = "./keybearer.toml";

/// Reads this file, or else the usual one.
pub(super) fn read(named: Option<PathBuf>) -> Result<Layer, ConfigError> {
    let path = match named {
        Some(path) => path,
        None if Path::new(USUAL).exists() => PathBuf::from(USUAL),
        None => return Ok(Layer::default()),
    };
    let shown = path.display().to_string();
    let unreadable = |problem| ConfigError::File { path: shown.clone(), problem };
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
    let table = File::from_str(&text, FileFormat::Toml).collect().map_err(|error| unreadable(without_lines(&error.to_string())))?;

    let mut layer = Layer::default();
    gather(&mut layer, "", table, &shown)?;
    Ok(layer)
}

/// Puts the values of a section and of those within it into the layer.
fn gather(layer: &mut Layer, section: &str, table: Map<String, Value>, path: &str) -> Result<(), ConfigError> {
    // In one order at every start, so that of several errors always the same one is told.
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (key, value) in entries {
        let name = if section.is_empty() { key } else { format!("{section}.{key}") };
        let is_section = SETTINGS.iter().any(|setting| setting.name.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.')));
        match (Setting::find(&name), value.kind) {
            // Merged with the default, a section would take the default's origin.
            (Some(Setting { name, kind, .. }), ValueKind::Table(_)) if *kind != Kind::Roles => {
                let problem = match kind {
                    Kind::Issuers => format!("must be tables of a list: write [[{name}]]"),
                    _ => "must be a single value, not a section".to_owned(),
                };
                return Err(ConfigError::Invalid { name, origin: path.to_owned(), problem });
            }
            (Some(setting), ValueKind::Table(table)) => {
                let named = table.into_iter().map(|(key, value)| (key, Value::new(Some(&path.to_owned()), value.kind)));
                layer.set(setting, path.to_owned(), named.collect::<Map<_, _>>());
            }
            (Some(setting), kind) => layer.set(setting, path.to_owned(), kind),
            (None, ValueKind::Table(table)) if is_section => gather(layer, &name, table, path)?,
            (None, _) if is_section => {
                let hint = format!("it is a section: write [{name}]");
                return Err(ConfigError::Unknown { name, origin: path.to_owned(), hint });
            }
            (None, _) => return Err(ConfigError::unknown(&name, path, |setting| setting.name.to_owned())),
        }
    }
    Ok(())
}

/// The words of a parser without the lines of the file that it shows: one of them may hold a secret.
fn without_lines(message: &str) -> String {
    let is_shown = |line: &&str| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    let kept: Vec<&str> = message.lines().filter(|line| !is_shown(line)).map(str::trim).filter(|line| !line.is_empty()).collect();
    kept.join(": ")
}
