//! What is wrong with an installation, found without changing anything; the server may run meanwhile.

use std::path::Path;

use keybearer_core::key::DAY;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_store::{Contents, Database, StoreError};

use crate::backup;
use crate::clock::Clock;
use crate::config::{Config, TlsConfig};
use crate::files;
use crate::issuers::Issuers;
use crate::keyring::Keyring;
use crate::tls::Tls;

/// How something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but somebody should look at it.
    Doubtful,
    /// The server does not start, or not safely, or what it needs is lost.
    Broken,
}

/// What one look found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found; where it is not good, with the way out.
    pub told: String,
}

/// Less than this many free bytes are doubtful: a day of many changes takes about as much.
const LITTLE_SPACE: u64 = 256 << 20;
/// How far the last change may lie ahead of the clock, and the clock of a database from that of this machine.
const CLOCK_TOLERANCE: i64 = 5_000;
/// How far that is of no concern.
const SLIGHT: i64 = 1_000;

/// Looks at everything.
#[must_use]
pub async fn examine(config: &Config, now: UnixMillis) -> Vec<Finding> {
    let mut found = vec![address(config), retention(config), data_dir(&config.data_dir)];
    found.extend(space(&config.data_dir));
    found.extend(leftovers(&config.data_dir));
    found.extend(config.tls.clone().map(certificate));
    found.extend(issuers(config).await);
    let keyring = keyring(config, &mut found).await;
    let contents = database(&config.database(), &mut found).await;
    if let Some(contents) = contents {
        found.push(clock(&contents, now));
        found.extend(server(&config.database(), now).await);
        found.push(admin(config, &contents));
        if let Some(keyring) = keyring {
            found.push(peppers(&contents, &keyring));
        }
    }
    found
}

fn good(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, health: Health::Good, told: told.into() }
}

fn doubtful(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, health: Health::Doubtful, told: told.into() }
}

fn broken(what: &'static str, told: impl Into<String>) -> Finding {
    Finding { what, health: Health::Broken, told: told.into() }
}

/// Settings that cannot be used at all never come this far.
fn address(config: &Config) -> Finding {
    let what = "address";
    if !config.listen.ip().to_canonical().is_loopback() && config.plain_http {
        return doubtful(
            what,
            format!("{} speaks plain HTTP (plain_http): make sure that only a proxy with TLS can reach it", config.listen),
        );
    }
    match &config.public_url {
        Some(url) if url.starts_with("http://") => {
            doubtful(what, format!("public_url is {url}: people's passwords and keys would cross the network in the clear; use https://"))
        }
        Some(url) => good(what, format!("{}, for people {url}", config.listen)),
        None => good(what, config.listen.to_string()),
    }
}

fn certificate(files: TlsConfig) -> Finding {
    let what = "certificate";
    let told = files.cert.display().to_string();
    match Tls::load(files) {
        Ok(_) => good(what, told),
        Err(error) => broken(what, error.to_string()),
    }
}

/// Whether each issuer's keys can be had from here now, which tokens are refused without.
async fn issuers(config: &Config) -> Vec<Finding> {
    let what = "issuer";
    let issuers = Issuers::new(&config.issuers, &Clock::System);
    let told = issuers.try_now().await.into_iter().map(|(issuer, read)| match read {
        Ok(1) => good(what, format!("{issuer}: 1 key at hand")),
        Ok(keys) => good(what, format!("{issuer}: {keys} keys at hand")),
        Err(problem) => broken(
            what,
            format!("{issuer}: {problem}. Its tokens are refused once no keys are at hand, or a day after the last that were: correct what the setting `issuers` names"),
        ),
    });
    told.collect()
}

/// What is forgotten is forgotten for good, so it is told whether anybody asks or not.
fn retention(config: &Config) -> Finding {
    let after = |kept: Option<i64>| match kept {
        Some(milliseconds) if milliseconds % DAY == 0 => format!("after {} days", milliseconds / DAY),
        Some(milliseconds) => format!("after {} hours", milliseconds / (DAY / 24)),
        None => "never".to_owned(),
    };
    good(
        "retention",
        format!(
            "dead keys leave memory {} (keys.retention), events lose what they say of before and after {} (events.payload_retention)",
            after(config.keys.retention),
            after(config.events.payload_retention)
        ),
    )
}

fn data_dir(path: &Path) -> Finding {
    let what = "data directory";
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            broken(what, format!("{} is not there: name the right one by --data-dir, or start the server, which makes it", path.display()))
        }
        Err(error) => broken(what, format!("{}: {error}", path.display())),
        Ok(metadata) if !metadata.is_dir() => broken(what, format!("{} is no directory", path.display())),
        Ok(_) if files::may_use_directory(path).is_err() => broken(
            what,
            format!(
                "this user may not read {0} or not write to it: look again as the user that the server runs as, or give {0} to this one",
                path.display()
            ),
        ),
        Ok(metadata) => match files::open_to_others(&metadata) {
            Some(mode) => {
                doubtful(what, format!("{} is open to others (mode {mode:04o}): run `chmod 700 {}`", path.display(), path.display()))
            }
            None => good(what, path.display().to_string()),
        },
    }
}

fn space(data_dir: &Path) -> Option<Finding> {
    let what = "free space";
    let free = files::free_space(data_dir)?;
    let told = format!("{} MiB", free >> 20);
    Some(if free < LITTLE_SPACE {
        doubtful(what, format!("{told} are left for {}: make room, or changes will be refused soon", data_dir.display()))
    } else {
        good(what, told)
    })
}

/// What commands left in the data directory that were killed; nothing where they left nothing.
fn leftovers(data_dir: &Path) -> Option<Finding> {
    let left = backup::copies_in(data_dir).ok().filter(|left| !left.is_empty())?;
    let names: Vec<_> = left.iter().map(|path| path.display().to_string()).collect();
    Some(doubtful(
        "leftovers",
        format!("a backup or restore that was cut off left copies of a database; if none runs now, remove them: {}", names.join(", ")),
    ))
}

async fn keyring(config: &Config, found: &mut Vec<Finding>) -> Option<Keyring> {
    let what = "keyring";
    let path = config.keyring_path();
    match Keyring::open(&path) {
        Ok(Some(keyring)) => {
            found.push(good(what, format!("{}, {} pepper(s)", path.display(), keyring.peppers().fingerprints().len())));
            Some(keyring)
        }
        Ok(None) => {
            // A database that cannot be looked for may well be there.
            let way_out = match config.database().is_new().await {
                Ok(true) => "the server makes it at its first start",
                Ok(false) | Err(_) => "without it no stored key verifies: put it back from the backup, or name it by the setting `keyring`",
            };
            found.push(broken(what, format!("{} is not there: {way_out}", path.display())));
            None
        }
        Err(error) => {
            found.push(broken(what, error.to_string()));
            None
        }
    }
}

async fn database(database: &Database, found: &mut Vec<Finding>) -> Option<Contents> {
    let what = "database";
    let absent = match database.is_new().await {
        Ok(false) => None,
        Ok(true) => Some("it is not there: the server makes it at its first start, or restore a backup".to_owned()),
        Err(error) => Some(format!("{error}. {}", unreached(database))),
    };
    if let Some(absent) = absent {
        found.push(broken(what, format!("{database}: {absent}")));
        return None;
    }
    let sound = match database {
        Database::Sqlite(path) => keybearer_store::check_sqlite(path).map(|()| "sound"),
        Database::Postgres(_) => Ok("answers"),
    };
    let contents = match sound {
        Ok(sound) => database.contents().await.map(|contents| (sound, contents)),
        Err(error) => Err(error),
    };
    match contents {
        Ok((sound, contents)) => {
            let Contents { keys, accounts, policies, revision, .. } = &contents;
            found.push(good(what, format!("{sound}; {keys} keys, {accounts} accounts, {policies} policies, revision {revision}")));
            Some(contents)
        }
        Err(error) => {
            let way_out = match (&error, database) {
                (StoreError::NewerSchema { .. }, _) | (_, Database::Postgres(_)) => "",
                (_, Database::Sqlite(_)) => ". If it is damaged, restore a backup by `keybearer restore`",
            };
            found.push(broken(what, format!("{database}: {error}{way_out}")));
            None
        }
    }
}

fn unreached(database: &Database) -> &'static str {
    match database {
        Database::Sqlite(_) => "Look again as the user that the server runs as",
        Database::Postgres(_) => "Look at the setting `database`, and whether that server can be reached from here",
    }
}

/// What several nodes need of a server of PostgreSQL, and how they are.
async fn server(database: &Database, now: UnixMillis) -> Vec<Finding> {
    let state = match database.server_state().await {
        Ok(Some(state)) => state,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![broken("nodes", error.to_string())],
    };
    let apart = (now.0 - state.now.0).abs();
    let told = format!("{apart} ms from that of this machine");
    let clock = match apart {
        0..SLIGHT => good("clock of the database", told),
        SLIGHT..CLOCK_TOLERANCE => {
            doubtful("clock of the database", format!("{told}: have both kept by NTP, beyond 5 s nodes stop serving"))
        }
        _ => broken("clock of the database", format!("{told}: a node here does not serve, since expiry is judged by it. Set the clock")),
    };
    let standby = match (state.is_standby, state.synchronous_standbys.as_str()) {
        (true, _) => broken("standby", "the server is itself a standby, and takes no changes: name the primary by the setting `database`"),
        (false, "") => doubtful(
            "standby",
            "none is synchronous: if this database is lost, so is what was committed last, revocations among it. Set synchronous_standby_names",
        ),
        (false, names) => good("standby", format!("a commit waits for {names}")),
    };
    let nodes = &state.cluster.nodes;
    let silent: Vec<&str> = nodes.iter().filter(|node| node.is_silent()).map(|node| node.name.as_str()).collect();
    let fenced = nodes.iter().filter(|node| node.is_fenced).count();
    let serving = nodes.len() - fenced - silent.len();
    let told = format!("{serving} serving, {} silent, {fenced} fenced in the last hour", silent.len());
    let nodes = match silent.as_slice() {
        [] => good("nodes", told),
        silent => doubtful("nodes", format!("{told}: the next change waits for {} for up to 2 s, once", silent.join(", "))),
    };
    vec![clock, standby, nodes]
}

fn clock(contents: &Contents, now: UnixMillis) -> Finding {
    let what = "clock";
    let moment = |at: UnixMillis| keybearer_api::Timestamp::from_unix_millis(at.0).to_string();
    match contents.last_change {
        Some(last) if last.0 > now.0 + CLOCK_TOLERANCE => broken(
            what,
            format!("it says {}, but the last change was at {}: set it right, since expiry is judged by it", moment(now), moment(last)),
        ),
        _ => good(what, moment(now)),
    }
}

fn admin(config: &Config, contents: &Contents) -> Finding {
    let what = "administrator";
    if contents.active_roles.iter().any(|role| config.roles.level(role) == Level::ALL) {
        return good(what, "at least one that is active");
    }
    broken(what, "none that is active: make one by `keybearer admin create NAME`, or at the first start by the link that the server prints")
}

fn peppers(contents: &Contents, keyring: &Keyring) -> Finding {
    let what = "peppers";
    let held = keyring.peppers().fingerprints();
    let lacking = contents.peppers.iter().find(|(version, fingerprint)| held.get(version) != Some(fingerprint));
    match lacking {
        Some((version, _)) if held.contains_key(version) => {
            broken(what, format!("pepper {version} of the keyring is not the one that this database was used with: name the right keyring"))
        }
        Some((version, _)) => {
            broken(what, format!("pepper {version} is missing from the keyring, and stored keys need it: put it back from the backup"))
        }
        None => good(what, "all that stored keys need are there"),
    }
}
