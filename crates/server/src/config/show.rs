//! The settings told to people: what is in force and why, and an example of a file.

use std::ffi::OsString;

use config::ValueKind;

use super::setting::{Kind, SETTINGS, Setting};
use super::source::{SettingFlags, Values};
use super::{ConfigError, issuers, source};

/// What stands for a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// One setting as it is in force.
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// Its value as it was written; `None` where it has none. A secret shows as `(hidden)`, alone or within a URL.
    pub value: Option<String>,
    /// The flag, variable or file that gave it, or that it is the default.
    pub origin: String,
}

/// Every setting as it is in force, in the order of the table. Values that the server would refuse are shown all the same.
///
/// # Errors
/// [`ConfigError`] where a source cannot be read.
pub fn show(flags: SettingFlags, env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Vec<Shown>, ConfigError> {
    let values = Values::read(flags, env)?;
    let shown = |setting: &'static Setting| {
        let value = values.get(setting).filter(|value| !matches!(value.kind, ValueKind::Nil));
        let text = value.map(|value| match setting.kind {
            Kind::Secret => HIDDEN.to_owned(),
            Kind::Issuers => issuers::shown(value),
            _ => written(&value.kind),
        });
        let origin = if text.is_some() { values.origin(setting) } else { source::DEFAULT };
        Shown { name: setting.name, value: text, origin: origin.to_owned() }
    };
    Ok(SETTINGS.iter().map(shown).collect())
}

fn written(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Table(table) => {
            let mut entries: Vec<_> = table.iter().map(|(name, value)| format!("{name}={}", written(&value.kind))).collect();
            entries.sort_unstable();
            entries.join(",")
        }
        ValueKind::Array(values) => values.iter().map(|value| written(&value.kind)).collect::<Vec<_>>().join(","),
        other => without_secrets(&other.to_string()),
    }
}

/// A text as it can be shown: of a URL, neither who signs in and how, nor the query. Rather too much is hidden than too little, since
/// whoever forgot to escape a password did not mean to show it.
pub(super) fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (userinfo, rest) = rest.rsplit_once('@').map_or((String::new(), rest), |(_, rest)| (format!("{HIDDEN}@"), rest));
    let (rest, query) = rest.split_once('?').map_or((rest, String::new()), |(rest, _)| (rest, format!("?{HIDDEN}")));
    format!("{scheme}://{userinfo}{rest}{query}")
}

/// A TOML file that has every setting with its default; one without a default is commented out. It says what is in force anyway.
#[must_use]
pub fn example() -> String {
    let mut text = "# Settings of Keybearer. A flag or an environment variable counts more than this file.\n".to_owned();
    let (top, sections): (Vec<_>, Vec<_>) = SETTINGS
        .iter()
        .filter(|setting| !matches!(setting.kind, Kind::Roles | Kind::Issuers))
        .partition(|setting| !setting.name.contains('.'));
    top.into_iter().for_each(|setting| describe(&mut text, setting, setting.name));
    let mut last = "";
    for setting in sections {
        let (section, key) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if section != last {
            text.push_str(&format!("\n[{section}]\n"));
            last = section;
        }
        describe(&mut text, setting, key);
    }
    for setting in SETTINGS.iter().filter(|setting| setting.kind == Kind::Roles) {
        text.push_str(&format!("\n# {}\n[{}]\n# auditor = 6\n", setting.help, setting.name));
    }
    for setting in SETTINGS.iter().filter(|setting| setting.kind == Kind::Issuers) {
        text.push_str(&format!(
            "\n# {}\n# [[{}]]\n# issuer = \"https://app.example.com\"\n# audience = \"keybearer\"\n# jwks_url = \"https://app.example.com/jwks.json\"\n",
            setting.help, setting.name
        ));
    }
    text
}

fn describe(text: &mut String, setting: &Setting, key: &str) {
    let (mark, value) = match (setting.kind, setting.default) {
        (Kind::Switch | Kind::Count, Some(value)) => ("", value.to_owned()),
        (_, Some(value)) => ("", format!("{value:?}")),
        (Kind::Secret, None) => ("# ", format!("\"...\"  # better: {}_FILE", setting.variable())),
        (_, None) => ("# ", format!("{:?}", setting.placeholder())),
    };
    text.push_str(&format!("\n# {}\n{mark}{key} = {value}\n", setting.help));
}
