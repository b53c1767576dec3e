//! `keybearer backup` and `keybearer restore`.

use std::path::PathBuf;

use clap::Args;
use keybearer_store::Contents;

use super::{Environment, Outcome, failed, print, settings};
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

pub(super) fn make(asked: Backup, outer: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(outer.or(asked.settings), environment)?;
    let made = backup::make(&config, Clock::System.now(), &asked.file).map_err(failed)?;
    let Contents { keys, accounts, policies, revision, .. } = made.contents;
    print(&format!(
        "{}: {} bytes, {keys} keys, {accounts} accounts, {policies} policies, revision {revision}.",
        asked.file.display(),
        made.size
    ))
}

pub(super) fn restore(asked: Restore, outer: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(outer.or(asked.settings), environment)?;
    let restored = backup::restore(&config, Clock::System.now(), &asked.file, asked.accept_lost_revocations).map_err(failed)?;
    print(&told(&restored))
}

fn told(restored: &Restored) -> String {
    let Restored { made, keys, accounts, policies, .. } = restored;
    let mut lines = vec![
        format!("Restored what was there at {made}: {keys} keys, {accounts} accounts, {policies} policies."),
        "The peppers were proved, and all sessions have ended.".to_owned(),
    ];
    match restored.carried {
        Some(carried) => {
            lines.push("Kept from the data that was there, because it was taken away since:".to_owned());
            let rows = [
                (carried.revoked_keys, "keys revoked"),
                (carried.repointed_keys, "keys left with the policy that they were given since"),
                (carried.lowered_accounts, "accounts left as low as they were, or with the password of last"),
                (carried.deleted_accounts, "accounts deleted"),
                (carried.lowered_policies, "policies left without what was taken from them"),
                (carried.deleted_policies, "policies deleted"),
                (carried.renamed_policies, "policies renamed, since another one has their name"),
                (
                    carried.lost_passwords,
                    "accounts without a password, since nobody can tell which was the last: `keybearer admin reset-link`",
                ),
            ];
            lines.extend(rows.iter().map(|(count, what)| format!("  {count} {what}")));
        }
        None => lines.push("Whatever was revoked or lowered after that moment is good again, as was accepted.".to_owned()),
    }
    if let Some(error) = &restored.unread_keyring {
        lines.push(format!("The keyring that was there could not be read, so its other peppers are only in the file kept aside: {error}"));
    }
    if !restored.has_admin {
        lines.push("No account is an active administrator now: make one by `keybearer admin create NAME` before the start.".to_owned());
    }
    lines.extend(restored.aside.iter().map(|file| format!("What was there before is in {}", file.display())));
    lines.join("\n")
}
