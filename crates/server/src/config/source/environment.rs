//! The environment.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Layer;
use crate::config::ConfigError;
use crate::config::setting::{Kind, SETTINGS, Setting};

/// What the environment says.
pub(super) struct Environment {
    /// The values of the settings that it gives.
    pub(super) layer: Layer,
    /// The configuration file that it names.
    pub(super) file: Option<PathBuf>,
}

const PREFIX: &str = "KEYBEARER_";
/// What the client commands read; no concern of the server.
const OF_CLIENTS: [&str; 3] = ["KEYBEARER_URL", "KEYBEARER_TOKEN", "KEYBEARER_CA_FILE"];

/// Reads all variables that begin with `KEYBEARER_`. An empty one counts as not given: compose files pass those on.
pub(super) fn read(env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Environment, ConfigError> {
    let mut found = Environment { layer: Layer::default(), file: None };
    for (variable, value) in env {
        let variable = variable.to_string_lossy().into_owned();
        if !variable.starts_with(PREFIX) || value.is_empty() || OF_CLIENTS.contains(&variable.as_str()) {
            continue;
        }
        if variable == "KEYBEARER_CONFIG" {
            found.file = Some(value.into());
        } else if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == variable) {
            found.give(setting, variable, value)?;
        } else if let Some(setting) = SETTINGS.iter().find(|setting| is_file_variant(setting, &variable)) {
            let text = read_secret(setting, &variable, &value)?;
            found.give(setting, variable, text.into())?;
        } else if !is_service_link(&variable, &value.to_string_lossy()) {
            return Err(ConfigError::unknown(&variable, "the environment", Setting::variable));
        }
    }
    Ok(found)
}

impl Environment {
    fn give(&mut self, setting: &'static Setting, variable: String, value: OsString) -> Result<(), ConfigError> {
        let invalid = |problem: &str| ConfigError::Invalid { name: setting.name, origin: variable.clone(), problem: problem.to_owned() };
        let text = value.into_string().map_err(|_| invalid("must be UTF-8"))?;
        if self.layer.0.contains_key(setting.name) {
            return Err(invalid("is given twice, as a text and as a file: keep one of the two variables"));
        }
        self.layer.set(setting, variable, text);
        Ok(())
    }
}

fn is_file_variant(setting: &Setting, variable: &str) -> bool {
    setting.kind == Kind::Secret && variable.strip_suffix("_FILE") == Some(&setting.variable())
}

fn read_secret(setting: &Setting, variable: &str, path: &OsString) -> Result<String, ConfigError> {
    let invalid = |problem| ConfigError::Invalid { name: setting.name, origin: variable.to_owned(), problem };
    let mut text = std::fs::read_to_string(path)
        .map_err(|error| invalid(format!("the file {} cannot be read: {error}. Correct the path, or make it readable", path.display())))?;
    // The line feed that an editor leaves at the end is no part of the secret.
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Whether Kubernetes set the variable, as it does in every pod for a service that is called `keybearer` or `keybearer-...`.
fn is_service_link(variable: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let numbered_port = |(_, rest): (&str, &str)| rest.starts_with(|c: char| c.is_ascii_digit());
    variable.ends_with("_SERVICE_HOST")
        || variable.contains("_SERVICE_PORT")
        || (variable.ends_with("_PORT") && is_url)
        || variable.split_once("_PORT_").is_some_and(numbered_port)
}
