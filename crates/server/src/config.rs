//! The settings of a server, from flags, environment, a TOML file and defaults (section 4.5 of the design).

mod assemble;
mod error;
mod issuers;
mod read;
mod setting;
mod show;
mod source;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::HeaderValue;
use ipnet::IpNet;
use keybearer_core::key::Limits;
use keybearer_core::role::Roles;
use keybearer_core::token::Prefix;
use keybearer_store::{Consistency, Database, Membership, Messages, PostgresUrl};
use tracing::level_filters::LevelFilter;
use zeroize::Zeroizing;

pub use self::error::ConfigError;
pub use self::issuers::{IssuerConfig, IssuerKeys, RoleClaim};
pub(crate) use self::read::duration;
pub use self::setting::{Kind, SETTINGS, Setting};
pub use self::show::{Shown, example, show};
pub use self::source::SettingFlags;
use self::source::Values;
use crate::language::Language;

/// All settings of a server.
#[derive(Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where people reach the server: scheme and authority, no slash at the end.
    pub public_url: Option<String>,
    /// Whether plain HTTP is wanted on an address other than loopback.
    pub plain_http: bool,
    /// Where certificate and key are, if HTTPS is spoken.
    pub tls: Option<TlsConfig>,
    /// Proxies whose word about the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins of web pages that may ask from a browser.
    pub cors_origins: Vec<HeaderValue>,
    /// About connections.
    pub http: HttpConfig,
    /// Where the database and its lock are.
    pub data_dir: PathBuf,
    /// A database of PostgreSQL, in place of SQLite in `data_dir`. See [`Config::database`].
    pub database: Option<PostgresUrl>,
    /// How a node makes sure that its answers are in force, where several serve from one database.
    pub consistency: Consistency,
    /// What people call this node, if not by the name of its machine.
    pub node_name: Option<String>,
    /// Where other nodes tell this one what they hold.
    pub node_messages: Messages,
    /// Where the keyring is, if not in `data_dir`. See [`Config::keyring_path`].
    pub keyring: Option<PathBuf>,
    /// Name of the first administrator, given if and only if the password is.
    pub admin_username: Option<String>,
    /// Password of the first administrator; not checked against the rules for passwords.
    pub admin_password: Option<SecretText>,
    /// About keys.
    pub keys: KeysConfig,
    /// About sessions.
    pub sessions: SessionsConfig,
    /// About events.
    pub events: EventsConfig,
    /// The roles there are.
    pub roles: Roles,
    /// Applications whose tokens are taken.
    pub issuers: Vec<IssuerConfig>,
    /// Language of the pages for people whose browser asks for none that there is.
    pub language: Language,
    /// About `/metrics`.
    pub metrics: MetricsConfig,
    /// About the log.
    pub log: LogConfig,
}

/// Where certificate and key are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsConfig {
    /// The certificate of the server, then those that vouch for it; PEM.
    pub cert: PathBuf,
    /// Its private key; PEM.
    pub key: PathBuf,
}

/// Settings about connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HttpConfig {
    /// How long a TLS handshake may take, and the head of a request.
    pub header_timeout: Duration,
    /// How long the body of a request may take, from the end of its head.
    pub body_timeout: Duration,
    /// How long a connection is kept on which nothing is asked.
    pub idle_timeout: Duration,
    /// Most connections at once.
    pub max_connections: usize,
    /// Whether the shortcuts for hot routes are taken. No setting: only tests, which hold both ways against each other, turn it off.
    pub shortcuts: bool,
}

/// Settings about keys.
#[derive(Clone, Debug)]
pub struct KeysConfig {
    /// Lifetime of an account key for which none was asked, in milliseconds; at most `max_lifetime`.
    pub default_lifetime: i64,
    /// Greatest lifetime of an account key, in milliseconds.
    pub max_lifetime: i64,
    /// Most keys of an account that are neither revoked nor expired.
    pub max_per_account: u32,
    /// What new tokens begin with.
    pub prefix: Prefix,
    /// How long dead keys stay in the index, in milliseconds; `None` for ever.
    pub retention: Option<i64>,
}

/// Settings about sessions.
#[derive(Clone, Copy, Debug)]
pub struct SessionsConfig {
    /// How long a login lasts, in milliseconds.
    pub lifetime: i64,
    /// Most logins of an account at once.
    pub max_per_account: u32,
}

/// Settings about events.
#[derive(Clone, Copy, Debug)]
pub struct EventsConfig {
    /// How long events keep what was before and after, in milliseconds; `None` for ever.
    pub payload_retention: Option<i64>,
}

/// Settings about `/metrics`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MetricsConfig {
    /// Who may ask.
    pub access: Access,
}

/// Who sees what is not about keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Anybody.
    Open,
    /// Level 8, and keys with `audit.read`.
    Guarded,
    /// Nobody: as if it did not exist.
    Off,
}

/// Settings about the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// Least severity of what is logged.
    pub level: LevelFilter,
    /// Its form.
    pub format: LogFormat,
}

/// The form of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A secret from the settings. No `Debug`, `Display` or `Serialize`; wiped when dropped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl SecretText {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &Zeroizing<String> {
        &self.0
    }
}

impl KeysConfig {
    /// The limits that the rules ask for.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { default_lifetime: self.default_lifetime, max_lifetime: self.max_lifetime, max_per_account: self.max_per_account }
    }
}

/// Reads the settings: flag, else environment, else TOML file, else default.
///
/// # Errors
/// [`ConfigError`] names the setting, where its value came from, and the way out.
pub fn load(flags: SettingFlags, env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Config, ConfigError> {
    Values::read(flags, env)?.assemble()
}

impl Config {
    /// The defaults with this data directory and any free port of 127.0.0.1.
    #[must_use]
    pub fn for_data_dir(data_dir: impl AsRef<Path>) -> Self {
        let defaults = Values::defaults().assemble().unwrap_or_else(|error| unreachable!("the defaults are settings: {error}"));
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data_dir: data_dir.as_ref().to_owned(), ..defaults }
    }

    /// The scheme that the server speaks.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// What links begin with: `public_url`, or else the address that the server has. No slash at the end.
    #[must_use]
    pub fn base_url(&self, address: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("{}://{address}", self.scheme()))
    }

    /// Which database it is.
    #[must_use]
    pub fn database(&self) -> Database {
        match &self.database {
            Some(url) => Database::Postgres(url.clone()),
            None => Database::Sqlite(self.database_path()),
        }
    }

    /// As what this process takes part where several serve from one database.
    #[must_use]
    pub fn membership(&self) -> Membership {
        let name = self.node_name.clone().unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned());
        Membership { name, address: self.listen.to_string(), consistency: self.consistency, messages: self.node_messages }
    }

    /// Where the database is, if it is one of SQLite.
    #[must_use]
    pub fn database_path(&self) -> PathBuf {
        self.data_dir.join("keybearer.db")
    }

    /// Where the keyring is: as set, else `keyring.json` in the data directory.
    #[must_use]
    pub fn keyring_path(&self) -> PathBuf {
        self.keyring.clone().unwrap_or_else(|| self.data_dir.join("keyring.json"))
    }
}

#[cfg(test)]
mod tests;
