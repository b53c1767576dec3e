//! `keybearer admin`.

use clap::{Args, Subcommand};
use keybearer_core::name::canonical;
use zeroize::Zeroizing;

use super::{Environment, Failure, Input, Out, Outcome, failed, print, settings};
use crate::app::{App, RequestContext};
use crate::backup::BackupError;
use crate::clock::Clock;
use crate::config::{Config, SettingFlags};
use crate::error::AppError;
use crate::keyring::{Keyring, KeyringError};
use crate::ops;
use crate::reset_link::{LIFETIME, ResetLinks};

#[derive(Args)]
pub(in crate::cli) struct Admin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an administrator, while the server is stopped
    #[command(
        after_help = "The password is asked for, or read as a line from standard input.\n\nExample:\n  keybearer admin create ada < password.txt"
    )]
    Create {
        /// Its user name
        username: String,
        #[command(flatten)]
        settings: SettingFlags,
    },
    /// Print a link by which a user sets another password; the server may run
    #[command(
        after_help = "The link works once, for 30 minutes, and until the password is changed otherwise.\n\nExample:\n  keybearer admin reset-link ada"
    )]
    ResetLink {
        /// Whose password
        username: String,
        #[command(flatten)]
        settings: SettingFlags,
    },
}

pub(super) fn run(admin: Admin, outer: SettingFlags, environment: Environment) -> Outcome {
    let (Command::Create { settings: flags, .. } | Command::ResetLink { settings: flags, .. }) = &admin.command;
    let config = settings(outer.or(flags.clone()), environment)?;
    match admin.command {
        Command::Create { username, .. } => create(config, username),
        Command::ResetLink { username, .. } => reset_link(&config, &username),
    }
}

fn create(config: Config, username: String) -> Outcome {
    let password = Input.new_password()?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    runtime.block_on(async {
        let app = App::open(config, Clock::System).await.map_err(failed)?;
        create_in(&app, username, password).await
    })
}

async fn create_in(app: &App, username: String, password: Zeroizing<String>) -> Outcome {
    let request = RequestContext { id: "admin-create".into(), source: std::net::Ipv4Addr::UNSPECIFIED.into() };
    match ops::account::create_admin(app, &request, username, (*password).clone()).await {
        Ok(account) => print(&format!("Account {} is administrator {:?}.", account.id.0, account.username)),
        Err(AppError::Invalid(fields)) => {
            let reasons: Vec<String> = fields.iter().map(|field| format!("{} {}", &field.pointer[1..], field.message)).collect();
            Err(failed(reasons.join("; ")))
        }
        Err(AppError::Conflict(_)) => Err(failed(
            "the user name is taken: choose another, or raise that account by `keybearer account change --role admin` as an administrator",
        )),
        Err(error) => Err(failed(format!("the administrator could not be made: {error:?}"))),
    }
}

fn reset_link(config: &Config, username: &str) -> Outcome {
    let path = config.keyring_path();
    let keyring = Keyring::open(&path).and_then(|keyring| keyring.ok_or(KeyringError::Absent(path))).map_err(failed)?;
    let database = config.database();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    let login = runtime.block_on(async {
        if database.is_new().await.map_err(failed)? {
            return Err(failed(BackupError::NoDatabase(database.to_string())));
        }
        database.login(canonical(username)).await.map_err(failed)
    })?;
    let login = login.ok_or_else(|| {
        Failure::NotFound(format!("there is no account {username:?} in {database}: `keybearer account list` shows those there are"))
    })?;
    let token = ResetLinks::new(keyring.jwt_key()).issue(username, &login, Clock::System.now());
    Out { json: false }
        .note(&format!("Whoever opens this link within {} minutes sets the password of {username:?}, once:", LIFETIME / 60_000));
    print(&format!("{}/reset/{token}", config.base_url(config.listen)))
}
