//! The address of a PostgreSQL database: what of it is for the driver, and what is for TLS, where the driver knows too little.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::CONNECT;
use super::tls::{self, Check};
use crate::StoreError;

/// What the driver reads itself. Of anything else nobody knows whether it was meant for safety.
const PARAMETERS: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=...`. It is shown without user, password and parameters.
#[derive(Clone)]
pub struct PostgresUrl {
    config: Box<Config>,
    check: Check,
}

impl PostgresUrl {
    /// Reads an address. The error never repeats what it read.
    ///
    /// # Errors
    /// What is wrong with it, and how it is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, where %XX stands for what is special in a URL";
        if !Self::is_one(text) {
            return Err(format!("is no address of a PostgreSQL database: {form}"));
        }
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        // One that is not escaped would make a host of a password, and hosts are shown.
        let (authority, path) = place.split_once("://").map_or(("", ""), |(_, rest)| rest.split_once('/').unwrap_or((rest, "")));
        if authority.matches('@').count() > 1 || path.contains(['@', '/']) {
            return Err(format!("has an @ or a / where none can be: {form}"));
        }
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = || percent_decode_str(value).decode_utf8().map(String::from).map_err(|_| format!("is not UTF-8: {form}"));
            match name {
                "sslmode" => mode = Some(decoded()?),
                "sslrootcert" => roots = Some(decoded()?),
                name if PARAMETERS.contains(&name) => rest.push(pair),
                _ => {
                    return Err(format!(
                        "has a parameter that is not known, or a ? or & that is not escaped: known are sslmode, sslrootcert, {}",
                        PARAMETERS.join(", ")
                    ));
                }
            }
        }
        let plain = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        let mut config: Config = plain.parse().map_err(|_| format!("cannot be read: {form}"))?;
        let (ssl_mode, check) = security(mode.as_deref(), roots)?;
        config.ssl_mode(ssl_mode);
        if config.get_hosts().is_empty() {
            return Err(format!("names no host: {form}"));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("keybearer");
        }
        Ok(Self { config: Box::new(config), check })
    }

    /// Whether it is meant for one, by its scheme.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// What the driver connects by.
    pub(super) fn client(&self) -> Config {
        (*self.config).clone()
    }

    /// What secures its connections, where they are to be secured.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, StoreError> {
        Ok(MakeRustlsConnect::new(tls::client(&self.check)?))
    }
}

/// Of `sslmode` and `sslrootcert`: whether TLS is spoken, and how the server proves who it is. As for libpq, but that nothing is looked for in
/// a home directory: a check without a file of roots is made with those of the system.
fn security(mode: Option<&str>, roots: Option<String>) -> Result<(SslMode, Check), String> {
    let file = roots.as_deref().filter(|roots| *roots != "system").map(PathBuf::from);
    match (mode.unwrap_or("prefer"), &roots) {
        ("disable", _) => Ok((SslMode::Disable, Check::Nothing)),
        ("prefer", None) => Ok((SslMode::Prefer, Check::Nothing)),
        ("require", None) => Ok((SslMode::Require, Check::Nothing)),
        ("prefer", Some(_)) => Err("has sslrootcert, which sslmode=prefer would not heed: ask for sslmode=verify-full".into()),
        ("require" | "verify-ca", Some(roots)) if roots == "system" => {
            Err("trusts every certificate of the system with whatever name: sslrootcert=system needs sslmode=verify-full".into())
        }
        ("verify-ca", None) => Err("trusts nobody: sslmode=verify-ca needs sslrootcert, the file of the authority's certificate".into()),
        ("require" | "verify-ca", Some(_)) => Ok((SslMode::Require, Check::Issuer(file.unwrap_or_default()))),
        ("verify-full", _) => Ok((SslMode::Require, Check::IssuerAndName(file))),
        _ => Err("has an sslmode that is not known: use disable, prefer, require, verify-ca or verify-full".into()),
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let ports = self.config.get_ports();
        let named: Vec<String> = hosts
            .enumerate()
            .map(|(at, host)| match ports.get(at).or(ports.first()) {
                Some(port) => format!("{host}:{port}"),
                None => host,
            })
            .collect();
        write!(f, "postgres://{}/{}", named.join(","), self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Result<(SslMode, Check), String> {
        PostgresUrl::parse(&format!("postgres://me:hush@db.example/keys{text}")).map(|url| (url.config.get_ssl_mode(), url.check))
    }

    #[test]
    fn the_password_is_never_told() {
        let url = PostgresUrl::parse("postgresql://me:hush@db.example:6432/keys?connect_timeout=2&sslmode=disable").unwrap();
        assert_eq!(format!("{url} {url:?}"), "postgres://db.example:6432/keys postgres://db.example:6432/keys");
        assert_eq!(url.config.get_password(), Some(b"hush".as_slice()));
        for wrong in [
            "mysql://me:hush@db/keys",
            "postgres://me:hush?more@db/keys",
            "postgres://me:hush@db:port/keys",
            "postgres:///hush",
            "postgres://me:p@hush@db/keys",
            "postgres://me:1/hush@db/keys",
        ] {
            let refused = PostgresUrl::parse(wrong).map(|_| ()).unwrap_err();
            assert!(!refused.contains("hush") && !refused.contains("more"), "{refused}");
        }
    }

    #[test]
    fn a_socket_is_a_host_too() {
        assert_eq!(PostgresUrl::parse("postgres://%2Frun%2Fpostgresql/keys").unwrap().to_string(), "postgres:///run/postgresql:5432/keys");
        assert!(PostgresUrl::parse("postgres:///keys?host=/run/postgresql").is_ok());
    }

    #[test]
    fn the_mode_of_tls_is_honoured() {
        assert_eq!(mode("").unwrap(), (SslMode::Prefer, Check::Nothing));
        assert_eq!(mode("?sslmode=disable").unwrap(), (SslMode::Disable, Check::Nothing));
        assert_eq!(mode("?sslmode=require").unwrap(), (SslMode::Require, Check::Nothing));
        let issuer = Check::Issuer("/etc/ca.pem".into());
        assert_eq!(mode("?sslmode=verify-ca&sslrootcert=/etc/ca.pem").unwrap(), (SslMode::Require, issuer.clone()));
        assert_eq!(mode("?sslmode=require&sslrootcert=%2Fetc%2Fca.pem").unwrap(), (SslMode::Require, issuer));
        assert_eq!(mode("?sslmode=verify-full&sslrootcert=system").unwrap(), (SslMode::Require, Check::IssuerAndName(None)));
        assert_eq!(mode("?sslmode=verify-full").unwrap(), (SslMode::Require, Check::IssuerAndName(None)));
        let full = Check::IssuerAndName(Some("/etc/ca.pem".into()));
        assert_eq!(mode("?sslmode=verify-full&sslrootcert=/etc/ca.pem").unwrap(), (SslMode::Require, full));
    }

    #[test]
    fn in_doubt_the_mode_is_refused() {
        for doubtful in [
            "?sslmode=allow",
            "?sslmode=verify-ca",
            "?sslmode=verify-ca&sslrootcert=system",
            "?sslrootcert=/etc/ca.pem",
            "?sslcert=/etc/me.pem",
        ] {
            assert!(mode(doubtful).is_err(), "{doubtful}");
        }
    }
}
