//! `keybearer admin`.

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Environment, Exit, complain, settings};
use crate::app::{App, RequestContext};
use crate::cli::secret;
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
        after_help = "The link is signed with the keyring and works once, for 30 minutes.\n\nExample:\n  keybearer admin reset-link ada"
    )]
    ResetLink {
        /// Whose password
        username: String,
        #[command(flatten)]
        settings: SettingFlags,
    },
}

pub(super) fn run(admin: Admin, outer: SettingFlags, environment: Environment) -> Exit {
    let (Command::Create { settings: flags, .. } | Command::ResetLink { settings: flags, .. }) = &admin.command;
    let config = match settings(outer.or(flags.clone()), environment) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let done = match admin.command {
        Command::Create { username, .. } => create(config, username),
        Command::ResetLink { username, .. } => reset_link(&config, &username),
    };
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn create(config: Config, username: String) -> Result<(), String> {
    let password = secret::read("password")?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("the runtime does not start: {error}"))?;
    runtime.block_on(async {
        let app = App::open(config, Clock::System).await.map_err(|error| error.to_string())?;
        create_in(&app, username, password).await
    })
}

async fn create_in(app: &App, username: String, password: Zeroizing<String>) -> Result<(), String> {
    let request = RequestContext { id: "admin-create".into(), source: std::net::Ipv4Addr::UNSPECIFIED.into() };
    match ops::account::create_admin(app, &request, username, (*password).clone()).await {
        Ok(account) => {
            println!("Account {} is administrator {:?}.", account.id.0, account.username);
            Ok(())
        }
        Err(AppError::Invalid(fields)) => {
            let reasons: Vec<String> = fields.iter().map(|field| format!("{} {}", &field.pointer[1..], field.message)).collect();
            Err(reasons.join("; "))
        }
        Err(AppError::Conflict(_)) => Err(
            "the user name is taken: choose another, or raise that account by `keybearer account change --role admin` as an administrator"
                .to_owned(),
        ),
        Err(error) => Err(format!("the administrator could not be made: {error:?}")),
    }
}

fn reset_link(config: &Config, username: &str) -> Result<(), String> {
    let path = config.keyring_path();
    let keyring = Keyring::open(&path).and_then(|keyring| keyring.ok_or(KeyringError::Absent(path))).map_err(|error| error.to_string())?;
    let token = ResetLinks::new(keyring.jwt_key()).issue(username, Clock::System.now());
    let base = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    eprintln!("Whoever opens this link within {} minutes sets the password of {username:?}, once:", LIFETIME / 60_000);
    println!("{base}/reset/{token}");
    Ok(())
}
