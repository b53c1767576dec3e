//! The table of all settings. Flag, environment variable and TOML key derive from the one name.

/// One setting.
pub struct Setting {
    /// Such as `keys.max_lifetime`: `--keys-max-lifetime`, `KEYBEARER_KEYS_MAX_LIFETIME`, and `max_lifetime` under `[keys]`.
    pub name: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// The value that it has unless told otherwise.
    pub default: Option<&'static str>,
    /// What it is for, in one line.
    pub help: &'static str,
}

/// How a value is written, and so how its flag looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An IP address and a port.
    Address,
    /// Networks such as `10.0.0.0/8`, or single addresses, with commas between.
    Networks,
    /// Schemes and hosts of web pages, with commas between.
    Origins,
    /// A scheme, `://`, a host, perhaps a port.
    Url,
    /// `true` or `false`; the bare flag means `true`.
    Switch,
    /// A file or directory, relative to the working directory.
    Path,
    /// Some words.
    Text,
    /// As text, but never shown; the environment may name a file that holds it.
    Secret,
    /// `90s`, `15m`, `12h`, `30d`, `2w`, or plain seconds.
    Duration,
    /// As a duration, or `never`.
    Retention,
    /// A whole number from 1.
    Count,
    /// `auditor=6,other=2`; in TOML a section.
    Roles,
    /// In TOML tables such as `[[issuers]]`, in the environment a JSON list of objects. Never a flag: it may hold secrets.
    Issuers,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Setting {
    /// The setting of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Its flag, without the dashes in front; a secret has none.
    #[must_use]
    pub fn flag(&self) -> String {
        self.name.replace(['.', '_'], "-")
    }

    /// Its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("KEYBEARER_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// What stands for the value in the help.
    #[must_use]
    pub fn placeholder(&self) -> String {
        match self.kind {
            Kind::Address => "IP:PORT".to_owned(),
            Kind::Networks => "NETWORK,...".to_owned(),
            Kind::Origins => "ORIGIN,...".to_owned(),
            Kind::Url => "URL".to_owned(),
            Kind::Switch => "true|false".to_owned(),
            Kind::Path => "PATH".to_owned(),
            Kind::Text | Kind::Secret => "TEXT".to_owned(),
            Kind::Duration => "DURATION".to_owned(),
            Kind::Retention => "DURATION|never".to_owned(),
            Kind::Count => "NUMBER".to_owned(),
            Kind::Roles => "ROLE=LEVEL,...".to_owned(),
            Kind::Issuers => "JSON".to_owned(),
            Kind::Choice(words) => words.join("|"),
        }
    }
}

/// A setting without a default.
const fn open(name: &'static str, kind: Kind, help: &'static str) -> Setting {
    Setting { name, kind, default: None, help }
}

/// A setting with a default.
const fn preset(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Setting {
    Setting { name, kind, default: Some(default), help }
}

/// The words of `log.level`, as `tracing` has them.
pub(super) const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
/// The words of `log.format`.
pub(super) const FORMATS: &[&str] = &["auto", "text", "json"];

/// The words of settings about who sees what is not about keys.
pub(super) const ACCESS: &[&str] = &["open", "guarded", "off"];

/// The words of `consistency`.
pub(super) const CONSISTENCIES: &[&str] = &["lease", "strict"];

/// The words of `language`.
pub(super) const LANGUAGES: &[&str] = &["auto", "en", "de"];

/// All settings there are.
pub const SETTINGS: &[Setting] = &[
    preset("listen", Kind::Address, "127.0.0.1:5000", "Where to listen; port 0 picks a free one and prints it"),
    open("public_url", Kind::Url, "Where people reach the server, for links and for checks of origin"),
    preset("plain_http", Kind::Switch, "false", "Allow HTTP on an address other than loopback, as behind a proxy that speaks TLS"),
    open("tls.cert", Kind::Path, "File of the certificate in PEM, then those that vouch for it; with tls.key, HTTPS is spoken"),
    open("tls.key", Kind::Path, "File of the certificate's private key in PEM; SIGHUP reads both files again"),
    open(
        "trusted_proxies",
        Kind::Networks,
        "Proxies that are believed: their X-Forwarded-For, and what they tell gates of method and path; addresses and networks, with commas between",
    ),
    open("cors.origins", Kind::Origins, "Web pages of other origins that may ask, such as https://app.example.com, with commas between"),
    preset("http.header_timeout", Kind::Duration, "10s", "How long the TLS handshake may take, and how long the head of a request"),
    preset("http.body_timeout", Kind::Duration, "15s", "How long the body of a request may take"),
    preset("http.idle_timeout", Kind::Duration, "60s", "How long a connection is kept on which nothing is asked"),
    preset("http.max_connections", Kind::Count, "10000", "Most connections at once; the next ones wait"),
    preset("data_dir", Kind::Path, "./data", "Directory of the keyring and of the SQLite database, made where there is none"),
    open(
        "database",
        Kind::Url,
        "postgres://USER:PASSWORD@HOST/DATABASE, for any number of nodes on PostgreSQL 15 or newer; without it, SQLite in data_dir. Rather a variable than a flag, since flags show among the processes",
    ),
    preset(
        "consistency",
        Kind::Choice(CONSISTENCIES),
        "lease",
        "How a node on PostgreSQL makes sure that what it answers is in force: by a lease, or by asking the database each time",
    ),
    open("node_name", Kind::Text, "What people call this node among others on one database; the name of the machine where not given"),
    preset(
        "node_messages",
        Kind::Text,
        "auto",
        "IP:PORT (UDP) where other nodes tell this one what they hold; auto is a free port of the address that reaches the database, off is none",
    ),
    open("keyring", Kind::Path, "File of the server's secrets; keyring.json in data_dir where not given"),
    open("admin_username", Kind::Text, "Name of the first administrator, made at start while there is none"),
    open(
        "admin_password",
        Kind::Secret,
        "Password of the first administrator; not a flag, since those show among the processes. KEYBEARER_ADMIN_PASSWORD_FILE names a file that holds it",
    ),
    preset("keys.default_lifetime", Kind::Duration, "30d", "Lifetime of an account key for which none was asked"),
    preset("keys.max_lifetime", Kind::Duration, "365d", "Greatest lifetime of an account key"),
    preset("keys.max_per_account", Kind::Count, "100", "Most keys of an account that are neither revoked nor expired"),
    preset("keys.prefix", Kind::Text, "kb", "What new tokens begin with; tokens with another prefix stay valid"),
    preset(
        "keys.retention",
        Kind::Retention,
        "90d",
        "How long after its end a key is still known as expired or revoked, then as NOT_FOUND",
    ),
    preset("sessions.lifetime", Kind::Duration, "12h", "How long a login lasts"),
    preset("sessions.max_per_account", Kind::Count, "20", "Most logins of an account at once; the oldest ends"),
    preset(
        "events.payload_retention",
        Kind::Retention,
        "365d",
        "How long events keep what was before and after a change; the rest of them stays",
    ),
    open("roles", Kind::Roles, "Roles besides user, bughunter, support and admin, each with its level from 0 to 8"),
    open(
        "issuers",
        Kind::Issuers,
        "Applications whose JWTs are taken, each a table [[issuers]] or an object of a JSON list: see docs/identity.md",
    ),
    preset(
        "language",
        Kind::Choice(LANGUAGES),
        "auto",
        "Language of the pages for people whose browser asks for none that there is; auto is English",
    ),
    preset("metrics.access", Kind::Choice(ACCESS), "open", "Who may ask for /metrics: anybody; level 8 and keys with audit.read; nobody"),
    preset("log.level", Kind::Choice(LEVELS), "info", "Least severity of what is logged"),
    preset("log.format", Kind::Choice(FORMATS), "auto", "Form of the log; auto is text on a terminal, JSON otherwise"),
];
