//! Applications whose tokens are taken: a list of tables in TOML, or a list of objects in JSON in the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use config::{Value as Given, ValueKind};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use keybearer_core::identity::{self, may_begin_with};
use keybearer_core::role::Roles;
use reqwest::Url;
use serde_json::{Map, Value};

use super::{SecretText, read};
use crate::session_token;
use crate::strict_json::Strict;

/// An application whose tokens are taken.
#[derive(Clone)]
pub struct IssuerConfig {
    /// What its tokens have as `iss`.
    pub issuer: String,
    /// What they have as `aud`.
    pub audience: String,
    /// What they are verified with.
    pub keys: IssuerKeys,
    /// How they are signed, where the keys do not say.
    pub algorithm: Option<Algorithm>,
    /// The claim that names the account.
    pub account_claim: String,
    /// The claim by which a new account is called, if there is one.
    pub username_claim: Option<String>,
    /// The claim that gives a new account its role, if there is one.
    pub role_claim: Option<RoleClaim>,
    /// How far its clock may be from ours, in milliseconds.
    pub leeway: i64,
}

/// Where the keys are.
#[derive(Clone)]
pub enum IssuerKeys {
    /// A JWK Set in a file.
    File(PathBuf),
    /// A JWK Set at a URL.
    Url(Url),
    /// One secret that both sides know.
    Secret(SecretText),
}

/// A claim that gives a new account its role.
#[derive(Clone)]
pub struct RoleClaim {
    /// Its name.
    pub claim: String,
    /// The role for each of its values. With any other value nobody gets in.
    pub roles: BTreeMap<String, String>,
}

/// The most that two clocks may be apart.
const MAX_LEEWAY: i64 = 60_000;
const LEEWAY: i64 = 30_000;

/// All fields of an entry.
const FIELDS: [&str; 12] = [
    "issuer",
    "audience",
    "jwks_file",
    "jwks_url",
    "shared_secret",
    "shared_secret_file",
    "algorithm",
    "account_claim",
    "username_claim",
    "role_claim",
    "roles",
    "leeway",
];

/// The issuers, as they were written. No text of an error repeats what may be a secret.
pub(super) fn issuers(given: &Given, roles: &Roles) -> Result<Vec<IssuerConfig>, String> {
    let mut read: Vec<IssuerConfig> = Vec::new();
    for (number, entry) in entries(given)?.into_iter().enumerate() {
        let named = entry.get("issuer").and_then(Value::as_str).map_or_else(String::new, |issuer| format!(" ({issuer})"));
        let place = |problem| format!("entry {}{named}: {problem}", number + 1);
        let issuer = issuer(&entry, roles).map_err(place)?;
        if read.iter().any(|other| other.issuer == issuer.issuer) {
            return Err(place("another entry has the same `issuer`".to_owned()));
        }
        read.push(issuer);
    }
    Ok(read)
}

/// The entries, as far as they can be read.
fn entries(given: &Given) -> Result<Vec<Map<String, Value>>, String> {
    let wrong =
        || "must be tables such as [[issuers]], or in the environment a JSON list of objects in which nothing is said twice".to_owned();
    let value = match &given.kind {
        ValueKind::Array(_) => given.clone().try_deserialize::<Value>().map_err(|_| wrong())?,
        ValueKind::String(text) => serde_json::from_str::<Strict>(text).map_err(|_| wrong())?.0,
        _ => return Err(wrong()),
    };
    let Value::Array(entries) = value else { return Err(wrong()) };
    entries.into_iter().map(|entry| if let Value::Object(entry) = entry { Ok(entry) } else { Err(wrong()) }).collect()
}

/// The issuers as they may be shown: nothing but names, places and rules.
pub(super) fn shown(given: &Given) -> String {
    const TELLABLE: [&str; 8] =
        ["issuer", "audience", "jwks_file", "jwks_url", "shared_secret_file", "account_claim", "username_claim", "role_claim"];
    let Ok(entries) = entries(given) else { return super::show::HIDDEN.to_owned() };
    let shown = entries.iter().map(|entry| {
        let fields = FIELDS.iter().filter_map(|name| {
            let value = entry.get(*name)?;
            let text = value.as_str().filter(|_| TELLABLE.contains(name)).map(super::show::without_secrets);
            let rule = Some(value.to_string()).filter(|_| matches!(*name, "algorithm" | "leeway" | "roles"));
            Some(format!("{name}={}", text.or(rule).unwrap_or_else(|| super::show::HIDDEN.to_owned())))
        });
        fields.collect::<Vec<_>>().join(" ")
    });
    shown.collect::<Vec<_>>().join("; ")
}

fn issuer(entry: &Map<String, Value>, known: &Roles) -> Result<IssuerConfig, String> {
    if let Some(unknown) = entry.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(format!("unknown field `{unknown}`: there are {}", FIELDS.join(", ")));
    }
    let required = |name: &str| text(entry, name)?.ok_or_else(|| format!("`{name}` is needed"));
    let issuer = required("issuer")?;
    identity::check(&issuer).map_err(|error| format!("`issuer` {error}"))?;
    if issuer == session_token::ISSUER {
        return Err(format!("`issuer` {issuer:?} is this server itself: the application needs a name of its own"));
    }
    let algorithm = text(entry, "algorithm")?.map(|name| algorithm(&name)).transpose()?;
    let keys = keys(entry, algorithm)?;
    let account_claim = text(entry, "account_claim")?.unwrap_or_else(|| "sub".to_owned());
    let leeway = match entry.get("leeway") {
        None => LEEWAY,
        // A clock that is exactly right needs none.
        Some(Value::Number(number)) if number.as_i64() == Some(0) => 0,
        Some(Value::Number(number)) => read::duration(&number.to_string())?,
        Some(Value::String(text)) if text == "0s" || text == "0" => 0,
        Some(Value::String(text)) => read::duration(text)?,
        Some(_) => return Err("`leeway` must be a duration such as \"30s\"".to_owned()),
    };
    if leeway > MAX_LEEWAY {
        return Err("`leeway` is too long: a minute (60s) is the most".to_owned());
    }
    let audience = required("audience")?;
    let username_claim = text(entry, "username_claim")?;
    Ok(IssuerConfig { issuer, audience, keys, algorithm, account_claim, username_claim, role_claim: role_claim(entry, known)?, leeway })
}

fn text(entry: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match entry.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{name}` must be a text that is not empty")),
    }
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    name.parse().map_err(|_| format!("`algorithm` {name:?} is none of those there are: write one such as RS256, ES256, EdDSA or HS256"))
}

fn keys(entry: &Map<String, Value>, algorithm: Option<Algorithm>) -> Result<IssuerKeys, String> {
    let sources = ["jwks_file", "jwks_url", "shared_secret", "shared_secret_file"];
    let mut given = sources.into_iter().filter(|name| entry.contains_key(*name));
    let (Some(name), None) = (given.next(), given.next()) else {
        return Err("needs exactly one of `jwks_file`, `jwks_url`, `shared_secret` and `shared_secret_file`".to_owned());
    };
    let value = text(entry, name)?.unwrap_or_default();
    let is_shared = algorithm.is_some_and(|algorithm| AlgorithmFamily::Hmac.algorithms().contains(&algorithm));
    let fits = |shared: bool| match algorithm {
        Some(algorithm) if is_shared != shared => Err(format!("`algorithm` {algorithm:?} does not go with `{name}`")),
        Some(_) | None => Ok(()),
    };
    match name {
        "jwks_file" => fits(false).map(|()| IssuerKeys::File(value.into())),
        "jwks_url" => fits(false).and_then(|()| url(&value)).map(IssuerKeys::Url),
        "shared_secret" => fits(true).and_then(|()| secret(value, algorithm)),
        _ => {
            let file = std::fs::read_to_string(&value)
                .map_err(|error| format!("`shared_secret_file` {value} cannot be read: {error}. Correct the path, or make it readable"))?;
            // The line feed that an editor leaves at the end is no part of the secret.
            let held = file.strip_suffix('\n').map_or(&*file, |line| line.strip_suffix('\r').unwrap_or(line));
            fits(true).and_then(|()| secret(held.to_owned(), algorithm))
        }
    }
}

/// As long as the hash, or else it is the secret that would be guessed (RFC 7518, section 3.2).
fn secret(secret: String, algorithm: Option<Algorithm>) -> Result<IssuerKeys, String> {
    let least = match algorithm {
        Some(Algorithm::HS512) => 64,
        Some(Algorithm::HS384) => 48,
        _ => 32,
    };
    if secret.len() < least {
        return Err(format!(
            "the shared secret is too short: it must have at least {least} bytes. `openssl rand -base64 {least}` makes one"
        ));
    }
    Ok(IssuerKeys::Secret(SecretText(secret.into())))
}

fn url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| "`jwks_url` cannot be read: write it like https://id.example.com/jwks.json".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("`jwks_url` must have neither a user name nor a password nor a `#`".to_owned());
    }
    let is_loopback = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => Err("`jwks_url` must begin with https://: whoever can change the keys on their way is let in as anybody".to_owned()),
    }
}

fn role_claim(entry: &Map<String, Value>, known: &Roles) -> Result<Option<RoleClaim>, String> {
    let (claim, given) = match (text(entry, "role_claim")?, entry.get("roles")) {
        (None, None) => return Ok(None),
        (Some(claim), Some(Value::Object(given))) if !given.is_empty() => (claim, given),
        _ => return Err("`role_claim` and a table `roles` go together: which value of the claim gives which role".to_owned()),
    };
    let mut roles = BTreeMap::new();
    for (value, role) in given {
        let role =
            role.as_str().filter(|role| known.contains(role)).ok_or_else(|| format!("`roles`: {value:?} gives no role that there is"))?;
        let level = known.level(role);
        if may_begin_with(level).is_err() {
            return Err(format!(
                "`roles`: {value:?} gives the role {role} of level {level}, and by a token alone nobody gets more than level 4"
            ));
        }
        roles.insert(value.clone(), role.to_owned());
    }
    Ok(Some(RoleClaim { claim, roles }))
}
