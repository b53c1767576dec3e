//! `keybearer keyring`.

use clap::{Args, Subcommand};

use super::{Environment, Exit, complain, settings};
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

pub(super) fn run(keyring: KeyringArgs, outer: SettingFlags, environment: Environment) -> Exit {
    let Command::Rotate(flags) = keyring.command;
    let config = match settings(outer.or(flags), environment) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match Keyring::rotate(&config.keyring_path()) {
        Ok(version) => {
            println!(
                "Pepper {version} is in {}. Restart the server to use it for new keys, and make a backup.",
                config.keyring_path().display()
            );
            Exit::Done
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}
