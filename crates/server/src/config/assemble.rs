//! From the values in force to the settings of the server, checked one by one and then together.

use config::Value;

use super::issuers::issuers;
use super::setting::Setting;
use super::source::{DEFAULT, Values};
use super::{
    Config, ConfigError, EventsConfig, HttpConfig, KeysConfig, LogConfig, MetricsConfig, SecretText, SessionsConfig, TlsConfig, read,
};

impl Values {
    /// All settings.
    pub(super) fn assemble(&self) -> Result<Config, ConfigError> {
        let roles = self.parsed("roles", read::roles)?.unwrap_or_default();
        let config = Config {
            listen: self.required("listen", read::address)?,
            public_url: self.optional("public_url", read::origin)?,
            plain_http: self.required("plain_http", read::switch)?,
            tls: self.tls()?,
            trusted_proxies: self.parsed("trusted_proxies", |value| read::list(value, read::network))?.unwrap_or_default(),
            cors_origins: self.parsed("cors.origins", |value| read::list(value, read::web_origin))?.unwrap_or_default(),
            http: HttpConfig {
                header_timeout: self.required("http.header_timeout", read::timeout)?,
                body_timeout: self.required("http.body_timeout", read::timeout)?,
                idle_timeout: self.required("http.idle_timeout", read::timeout)?,
                max_connections: self.required("http.max_connections", read::count)? as usize,
                shortcuts: true,
            },
            data_dir: self.required("data_dir", read::text)?.into(),
            database: self.optional("database", read::database)?,
            consistency: self.required("consistency", read::consistency)?,
            node_name: self.optional("node_name", read::text)?,
            node_messages: self.required("node_messages", read::messages)?,
            keyring: self.optional("keyring", read::text)?.map(Into::into),
            admin_username: self.optional("admin_username", read::username)?,
            admin_password: self.optional("admin_password", read::text)?.map(|text| SecretText(text.into())),
            keys: self.keys()?,
            sessions: SessionsConfig {
                lifetime: self.required("sessions.lifetime", read::duration)?,
                max_per_account: self.required("sessions.max_per_account", read::count)?,
            },
            events: EventsConfig { payload_retention: self.required("events.payload_retention", read::retention)? },
            issuers: self.parsed("issuers", |value| issuers(value, &roles))?.unwrap_or_default(),
            roles,
            language: self.required("language", read::language)?,
            metrics: MetricsConfig { access: self.required("metrics.access", read::access)? },
            log: LogConfig { level: self.required("log.level", read::level)?, format: self.required("log.format", read::format)? },
        };
        self.check_address(&config)?;
        self.check_admin(&config)?;
        Ok(config)
    }

    fn tls(&self) -> Result<Option<TlsConfig>, ConfigError> {
        let files = (self.optional("tls.cert", read::text)?, self.optional("tls.key", read::text)?);
        let lacking = |given, lacking: &str| Err(self.invalid(given, format!("is of no use without {lacking}: give both, or neither")));
        match files {
            (Some(cert), Some(key)) => Ok(Some(TlsConfig { cert: cert.into(), key: key.into() })),
            (Some(_), None) => lacking("tls.cert", "tls.key"),
            (None, Some(_)) => lacking("tls.key", "tls.cert"),
            (None, None) => Ok(None),
        }
    }

    fn keys(&self) -> Result<KeysConfig, ConfigError> {
        let mut keys = KeysConfig {
            default_lifetime: self.required("keys.default_lifetime", read::duration)?,
            max_lifetime: self.required("keys.max_lifetime", read::duration)?,
            max_per_account: self.required("keys.max_per_account", read::count)?,
            prefix: self.required("keys.prefix", read::prefix)?,
            retention: self.required("keys.retention", read::retention)?,
        };
        if keys.default_lifetime > keys.max_lifetime {
            if self.origin(setting("keys.default_lifetime")) != DEFAULT {
                let problem = format!(
                    "is longer than keys.max_lifetime (from {}): lower keys.default_lifetime or raise keys.max_lifetime",
                    self.origin(setting("keys.max_lifetime"))
                );
                return Err(self.invalid("keys.default_lifetime", problem));
            }
            // Whoever shortens the maximum alone wants shorter keys, not an error about a value that they never gave.
            keys.default_lifetime = keys.max_lifetime;
        }
        Ok(keys)
    }

    fn check_address(&self, config: &Config) -> Result<(), ConfigError> {
        if config.plain_http || config.tls.is_some() || config.listen.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        let problem = format!(
            "{} can be reached from other machines, and without tls.cert and tls.key this server speaks plain HTTP. Set them, listen on \
             127.0.0.1 behind a proxy that speaks TLS, or set plain_http = true (--plain-http, KEYBEARER_PLAIN_HTTP=true) where the network in between is trusted",
            config.listen
        );
        Err(self.invalid("listen", problem))
    }

    fn check_admin(&self, config: &Config) -> Result<(), ConfigError> {
        let lacking = |given, lacking: &str| Err(self.invalid(given, format!("is of no use without {lacking}: give both, or neither")));
        match (&config.admin_username, &config.admin_password) {
            (Some(_), None) => lacking("admin_username", "admin_password"),
            (None, Some(_)) => lacking("admin_password", "admin_username"),
            (Some(_), Some(_)) | (None, None) => Ok(()),
        }
    }

    fn required<T>(&self, name: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, ConfigError> {
        Ok(self.optional(name, read)?.expect("the table of settings gives it a default"))
    }

    fn optional<T>(&self, name: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ConfigError> {
        self.parsed(name, |value| {
            let text = value.clone().into_string().map_err(|_| "must be a single value, neither a list nor a section".to_owned())?;
            read(&text)
        })
    }

    fn parsed<T>(&self, name: &'static str, read: impl Fn(&Value) -> Result<T, String>) -> Result<Option<T>, ConfigError> {
        self.get(setting(name)).map(read).transpose().map_err(|problem| self.invalid(name, problem))
    }

    fn invalid(&self, name: &'static str, problem: String) -> ConfigError {
        ConfigError::Invalid { name, origin: self.origin(setting(name)).to_owned(), problem }
    }
}

fn setting(name: &str) -> &'static Setting {
    Setting::find(name).expect("the table of settings has it")
}
