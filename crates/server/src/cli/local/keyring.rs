//! `keybearer keyring`.

use clap::{Args, Subcommand};

use super::{Environment, Outcome, failed, print, settings};
use crate::config::SettingFlags;
use crate::keyring::Keyring;

#[derive(Args)]
pub(in crate::cli) struct KeyringArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add a pepper, which the server uses for new keys from its next start on
    #[command(
        after_help = "Keys that were made before stay good: their pepper stays in the keyring.\n\nExample:\n  keybearer keyring rotate && systemctl restart keybearer"
    )]
    Rotate(#[command(flatten)] SettingFlags),
}

pub(super) fn run(keyring: KeyringArgs, outer: SettingFlags, environment: Environment) -> Outcome {
    let Command::Rotate(flags) = keyring.command;
    let path = settings(outer.or(flags), environment)?.keyring_path();
    let version = Keyring::rotate(&path).map_err(failed)?;
    print(&format!("Pepper {version} is in {}. Restart the server to use it for new keys, and make a backup.", path.display()))
}
