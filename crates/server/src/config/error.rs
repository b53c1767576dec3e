//! Why the settings cannot be used.

use super::setting::SETTINGS;

/// Why the settings cannot be used. The text names the setting, where its value came from, and the way out.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no such setting.
    #[error("unknown setting `{name}` (from {origin}): {hint}")]
    Unknown {
        /// As it was written.
        name: String,
        /// Where it was written.
        origin: String,
        /// What may have been meant.
        hint: String,
    },
    /// A setting has a value that it cannot have.
    #[error("setting `{name}` (from {origin}): {problem}")]
    Invalid {
        /// Its name in the table.
        name: &'static str,
        /// Where the value came from.
        origin: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// The TOML file cannot be read.
    #[error("the configuration file {path} cannot be read: {problem}. Correct it, or name another one by --config or KEYBEARER_CONFIG")]
    File {
        /// Which file.
        path: String,
        /// What is wrong, without a line of it: the line may hold a secret.
        problem: String,
    },
}

impl ConfigError {
    /// An unknown setting, with the nearest known one as a hint. `spell` gives the spelling of a name in that place.
    pub(super) fn unknown(written: &str, origin: &str, spell: impl Fn(&super::Setting) -> String) -> Self {
        let spellings = SETTINGS.iter().map(spell);
        let nearest = spellings
            .map(|spelling| (strsim::jaro_winkler(&spelling, written), spelling))
            .max_by(|(one, _), (other, _)| one.total_cmp(other))
            .filter(|(likeness, _)| *likeness > 0.8);
        let hint = match nearest {
            Some((_, spelling)) => format!("did you mean `{spelling}`?"),
            None => "remove it; `keybearer --help` lists all settings".to_owned(),
        };
        Self::Unknown { name: written.to_owned(), origin: origin.to_owned(), hint }
    }
}
