//! From a written value to what it means. The texts of errors follow the setting and its origin, and say what to write instead.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use config::{Value, ValueKind};
use ipnet::IpNet;
use keybearer_core::key::SERVICE_MAX_LIFETIME;
use keybearer_core::name::Name;
use keybearer_core::role::{Level, Roles};
use keybearer_core::token::Prefix;
use keybearer_store::{Consistency, Messages, PostgresUrl};
use tracing::level_filters::LevelFilter;

use super::setting::{ACCESS, CONSISTENCIES, FORMATS, LANGUAGES, LEVELS};
use super::show::without_secrets;
use super::{Access, LogFormat};
use crate::language::Language;

/// A text as it is.
pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// The name of an account.
pub(super) fn username(text: &str) -> Result<String, String> {
    Name::parse(text).map(|name| name.as_str().to_owned()).map_err(|error| error.to_string())
}

/// What new tokens begin with.
pub(super) fn prefix(text: &str) -> Result<Prefix, String> {
    text.parse().map_err(|error| format!("{text:?} cannot be used: {error}"))
}

/// `true` or `false`.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{text:?} is neither true nor false"))
}

/// A whole number from 1.
pub(super) fn count(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("{text:?} is not a whole number from 1 to {}", u32::MAX))
}

/// Least severity of what is logged.
pub(super) fn level(text: &str) -> Result<LevelFilter, String> {
    choice(text, LEVELS)?.parse().map_err(|_| format!("{text:?} is not a level"))
}

/// Who sees what is not about keys.
pub(super) fn access(text: &str) -> Result<Access, String> {
    Ok(match choice(text, ACCESS)? {
        "guarded" => Access::Guarded,
        "off" => Access::Off,
        _ => Access::Open,
    })
}

/// Language of the pages.
pub(super) fn language(text: &str) -> Result<Language, String> {
    choice(text, LANGUAGES).map(|word| Language::parse(word).unwrap_or_default())
}

/// Form of the log.
pub(super) fn format(text: &str) -> Result<LogFormat, String> {
    Ok(match choice(text, FORMATS)? {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => LogFormat::Auto,
    })
}

fn choice<'a>(text: &'a str, words: &[&str]) -> Result<&'a str, String> {
    if words.contains(&text) { Ok(text) } else { Err(format!("{text:?} is none of {}", words.join(", "))) }
}

/// An IP address and a port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an IP address with a port: write it like 127.0.0.1:5000 or [::1]:5000"))
}

/// Milliseconds, from a number with a unit or of seconds.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let milliseconds = match unit {
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return Err(not_a_duration(text)),
    };
    let number = text.strip_suffix(unit).filter(|digits| !digits.is_empty()).ok_or_else(|| not_a_duration(text))?;
    // What does not fit into 64 bits is too long in any unit.
    let total = number.parse().unwrap_or(i64::MAX).saturating_mul(milliseconds);
    match total {
        0 => Err("must be longer than 0".to_owned()),
        1..=SERVICE_MAX_LIFETIME => Ok(total),
        _ => Err(format!("{text} is too long: a hundred years (36525d) is the most")),
    }
}

/// As a duration; `None` for `never`.
pub(super) fn retention(text: &str) -> Result<Option<i64>, String> {
    if text == "never" {
        return Ok(None);
    }
    duration(text).map(Some).map_err(|problem| format!("{problem}; or never, to keep it for ever"))
}

/// How long something may take, from a number with a unit or of seconds; a day at most.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    const LONGEST: u64 = 86_400_000;
    let milliseconds = duration(text)?.unsigned_abs();
    if milliseconds > LONGEST {
        Err(format!("{text} is too long: a day (1d) is the most"))
    } else {
        Ok(Duration::from_millis(milliseconds))
    }
}

/// Several values, from a list of TOML or with commas between; empty ones are passed over.
pub(super) fn list<T>(value: &Value, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let not_texts = || "must be a list of texts, or one text with commas between".to_owned();
    let texts = match &value.kind {
        ValueKind::Array(values) => {
            values.iter().map(|value| value.clone().into_string()).collect::<Result<Vec<_>, _>>().map_err(|_| not_texts())?
        }
        ValueKind::String(text) => text.split(',').map(str::to_owned).collect(),
        _ => return Err(not_texts()),
    };
    texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(read).collect()
}

/// An IP network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network: IpNet =
        network.map_err(|_| format!("{text:?} is neither an IP address nor a network: write it like 10.0.0.0/8 or ::1"))?;
    if network.addr() == network.network() {
        Ok(network)
    } else {
        Err(format!("{text} is an address within {}: write that network, or the address alone", network.trunc()))
    }
}

/// An origin as browsers send it.
pub(super) fn web_origin(text: &str) -> Result<HeaderValue, String> {
    if text == "*" || text == "null" {
        return Err(format!("{text:?} would let pages in that nobody knows: name each origin, such as https://app.example.com"));
    }
    let origin = origin(text)?;
    let uri: Uri = origin.parse().map_err(|_| format!("{text:?} is not an origin"))?;
    let port = uri.port_u16().filter(|port| !matches!((uri.scheme_str(), port), (Some("http"), 80) | (Some("https"), 443)));
    // Browsers send it in lower case and without the port that goes without saying.
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let origin = format!("{}://{host}{}", uri.scheme_str().unwrap_or_default(), port.map_or_else(String::new, |port| format!(":{port}")));
    HeaderValue::try_from(origin).map_err(|_| format!("{text:?} is not an origin"))
}

fn not_a_duration(text: &str) -> String {
    format!("{text:?} is not a duration: write it like 90s, 15m, 12h, 30d, 2w, or as plain seconds")
}

/// Scheme and authority of a URL that has nothing else.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let wrong =
        || format!("{:?} is not the address of a server: write it like https://keys.example.com, without a path", without_secrets(text));
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong());
    };
    if uri.path() != "/" || uri.query().is_some() || text.contains(['#', '@']) || authority.host().is_empty() {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The address of a PostgreSQL database. It is never repeated: it may hold a password.
pub(super) fn database(text: &str) -> Result<PostgresUrl, String> {
    PostgresUrl::parse(text).map_err(|problem| format!("{problem}. Without this setting the data is in SQLite, in data_dir"))
}

/// How a node makes sure that its answers are in force.
pub(super) fn consistency(text: &str) -> Result<Consistency, String> {
    Ok(match choice(text, CONSISTENCIES)? {
        "strict" => Consistency::Strict,
        _ => Consistency::Lease,
    })
}

/// Where a node hears what others tell it.
pub(super) fn messages(text: &str) -> Result<Messages, String> {
    match text {
        "auto" => Ok(Messages::Auto),
        "off" => Ok(Messages::Off),
        address => {
            let address: Option<SocketAddr> = address.parse().ok();
            let known = address.filter(|address| !address.ip().is_unspecified());
            known.map(Messages::At).ok_or_else(|| "must be auto, off, or an address of this machine that other nodes reach and a port, such as 10.0.0.5:5001; port 0 is any".to_owned())
        }
    }
}

/// The table of roles, from a section of TOML or from `auditor=6,other=2`.
pub(super) fn roles(value: &Value) -> Result<Roles, String> {
    let mut entries = Vec::new();
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, level) in table {
                let ValueKind::I64(level) = level.kind else {
                    return Err(format!("the level of {name:?} is not a whole number from 0 to 8"));
                };
                entries.push((name.trim(), level));
            }
        }
        ValueKind::String(text) => {
            for entry in text.split(',') {
                let parsed = entry.split_once('=').and_then(|(name, level)| Some((name.trim(), level.trim().parse().ok()?)));
                entries.push(parsed.ok_or_else(|| format!("{entry:?} is not a role and its level: write auditor=6,other=2"))?);
            }
        }
        _ => return Err("must be a section such as [roles] with auditor = 6".to_owned()),
    }
    entries.sort_unstable();
    let mut roles = Roles::default();
    for (name, level) in entries {
        let level = Level::new(level).map_err(|_| format!("the level of {name:?} is not a whole number from 0 to 8"))?;
        if roles.contains(name) && !Roles::default().contains(name) {
            return Err(format!("role {name:?} is given twice"));
        }
        roles = roles.with(name, level).map_err(|error| error.to_string())?;
    }
    Ok(roles)
}
