//! `keybearer backup` and `keybearer restore`.

use std::path::PathBuf;

use clap::Args;
use keybearer_store::Contents;

use super::{Environment, Failure, Outcome, failed, print, settings};
use crate::backup::{self, BackupError, Restored};
use crate::clock::Clock;
use crate::config::SettingFlags;
use crate::start::stop_signal;

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
    let file = asked.file.clone();
    let made = unless_stopped(move || backup::make(&config, Clock::System.now(), &file))?;
    let Contents { keys, accounts, policies, revision, .. } = made.contents;
    print(&format!(
        "{}: {} bytes, {keys} keys, {accounts} accounts, {policies} policies, revision {revision}.",
        asked.file.display(),
        made.size
    ))
}

pub(super) fn restore(asked: Restore, outer: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(outer.or(asked.settings), environment)?;
    let Restore { file, accept_lost_revocations, .. } = asked;
    let restored = unless_stopped(move || backup::restore(&config, Clock::System.now(), &file, accept_lost_revocations))?;
    print(&told(&restored))
}

/// Does work that has copies of the database on the disk meanwhile, which a signal must not leave there.
fn unless_stopped<T: Send + 'static>(work: impl FnOnce() -> Result<T, BackupError> + Send + 'static) -> Result<T, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    let done = runtime.block_on(async {
        let stop = stop_signal();
        tokio::select! {
            done = tokio::task::spawn_blocking(work) => Some(done),
            () = stop => None,
        }
    });
    let Some(done) = done else {
        backup::remove_own_copies();
        // The work ends with the process, as it would by a loss of power.
        runtime.shutdown_background();
        return Err(failed("a signal stopped it before it was done"));
    };
    done.map_err(failed)?.map_err(failed)
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
                (carried.closed_gates, "gates deleted, since they were changed: define them again by `keybearer gate set`"),
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
