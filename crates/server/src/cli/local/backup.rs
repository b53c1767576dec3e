//! `keybearer backup` and `keybearer restore`.

use std::path::PathBuf;

use clap::Args;

use super::{Environment, Exit, complain, settings};
use crate::backup::{self, Restored};
use crate::clock::Clock;
use crate::config::SettingFlags;

#[derive(Args)]
#[command(
    after_help = "The server may run meanwhile. The file holds the peppers: keep it as safe as the keyring.\n\nExample:\n  keybearer backup /backup/keybearer-$(date +%F).tar"
)]
pub(in crate::cli) struct Backup {
    /// The file to make; it must not exist yet
    file: PathBuf,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Args)]
#[command(
    after_help = "The server must be stopped. What is there now is kept beside it, and whatever was revoked or lowered since the backup stays so. All sessions end.\n\nExample:\n  keybearer restore /backup/keybearer-2026-11-21.tar"
)]
pub(in crate::cli) struct Restore {
    /// The file that `keybearer backup` made
    file: PathBuf,
    /// Restore even where nobody can tell what was revoked since the backup
    #[arg(long)]
    accept_lost_revocations: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn make(asked: Backup, outer: SettingFlags, environment: Environment) -> Exit {
    let config = match settings(outer.or(asked.settings), environment) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match backup::make(&config, Clock::System.now(), &asked.file) {
        Ok(made) => {
            let contents = made.contents;
            println!(
                "{}: {} bytes, {} keys, {} accounts, {} policies, revision {}.",
                asked.file.display(),
                made.size,
                contents.keys,
                contents.accounts,
                contents.policies,
                contents.revision
            );
            Exit::Done
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

pub(super) fn restore(asked: Restore, outer: SettingFlags, environment: Environment) -> Exit {
    let config = match settings(outer.or(asked.settings), environment) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    match backup::restore(&config, Clock::System.now(), &asked.file, asked.accept_lost_revocations) {
        Ok(restored) => {
            report(&restored);
            Exit::Done
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn report(restored: &Restored) {
    let Restored { made, keys, accounts, policies, .. } = restored;
    println!("Restored what was there at {made}: {keys} keys, {accounts} accounts, {policies} policies.");
    println!("The peppers were proved, and all sessions have ended.");
    match restored.carried {
        Some(carried) => {
            println!("Kept from the data that was there, because it was taken away since:");
            let rows = [
                (carried.revoked_keys, "keys revoked"),
                (carried.repointed_keys, "keys left with the policy that they were given since"),
                (carried.lowered_accounts, "accounts left as low as they were, or with the password of last"),
                (carried.deleted_accounts, "accounts deleted"),
                (carried.lowered_policies, "policies left without what was taken from them"),
                (carried.deleted_policies, "policies deleted"),
            ];
            rows.iter().for_each(|(count, what)| println!("  {count} {what}"));
        }
        None => println!("Whatever was revoked or lowered after that moment is good again, as was accepted."),
    }
    restored.aside.iter().for_each(|file| println!("What was there before is in {}", file.display()));
}
