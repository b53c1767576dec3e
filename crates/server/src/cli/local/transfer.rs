//! `keybearer export` and `keybearer import`.

mod progress;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use self::progress::Progress;
use super::{Environment, Exit, Failure, Out, Outcome, failed, print, settings};
use crate::clock::Clock;
use crate::config::SettingFlags;
use crate::transfer::{self, Asked, Imported, Report, TransferError};

#[derive(Args)]
#[command(
    after_help = "The server may run meanwhile. Passwords stay out, unless --with-passwords takes their hashes along. Digests are of use only with the keyring.\n\nExample:\n  keybearer export keys.jsonl"
)]
pub(in crate::cli) struct Export {
    /// The file to make; - is standard output
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Replace the file where it is there already
    #[arg(long)]
    force: bool,
    /// With the hashes of passwords, which somebody could try to guess from
    #[arg(long)]
    with_passwords: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Args)]
#[command(
    after_help = "The server must be stopped. A line that breaks a rule is refused by its number, the others are imported, and the exit code is 6. What is here already counts as done, so the same file may be imported again.\n\nExample:\n  keybearer import keys.jsonl"
)]
pub(in crate::cli) struct Import {
    /// A file of JSON lines: an export, or tokens with names, owners and policies; - is standard input
    file: PathBuf,
    /// Import nothing where a line is refused
    #[arg(long)]
    all_or_nothing: bool,
    /// Import nothing, but tell what would be refused
    #[arg(long)]
    dry_run: bool,
    /// As lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            // Such as head, which reads as far as it wants.
            TransferError::File { error, .. } if error.kind() == std::io::ErrorKind::BrokenPipe => Self::Closed,
            error => failed(error),
        }
    }
}

/// `-` names no file.
fn named(file: &Path) -> Option<&Path> {
    (file != Path::new("-")).then_some(file)
}

pub(super) fn export(asked: Export, outer: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(outer.or(asked.settings), environment)?;
    let file = named(&asked.file);
    let mut progress = Progress::of_rows("exported");
    let now = Clock::System.now();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    let told = |rows, total| progress.rows(rows, total);
    let exported = runtime.block_on(transfer::export(&config, now, file, asked.force, asked.with_passwords, told))?;
    progress.end();
    let contents = exported.contents;
    let told = format!(
        "{} rows, of them {} keys, {} accounts and {} policies, at revision {}.",
        exported.rows, contents.keys, contents.accounts, contents.policies, contents.revision
    );
    match file {
        Some(file) => print(&format!("{}: {told}", file.display())),
        None => {
            Out { json: false }.note(&told);
            Ok(Exit::Done)
        }
    }
}

pub(super) fn import(asked: Import, outer: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(outer.or(asked.settings), environment)?;
    let out = Out { json: asked.json };
    let file = named(&asked.file);
    let size = file.and_then(|file| std::fs::metadata(file).ok()).filter(std::fs::Metadata::is_file).map(|file| file.len());
    let how = Asked { all_or_nothing: asked.all_or_nothing, dry_run: asked.dry_run };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    let report = Lines { json: asked.json, progress: Progress::of_bytes("looked at", size) };
    let imported = runtime.block_on(transfer::import(&config, Clock::System.now(), file, how, report))?;
    let Imported { imported: rows, present, refused, kept } = imported;
    if out.json {
        let told =
            json!({"imported": if kept { rows } else { 0 }, "present": present, "refused": refused, "kept": kept, "dry_run": how.dry_run});
        out.json_line(&told)?;
    } else {
        let end = match (kept, how.dry_run) {
            (true, _) => "imported",
            (false, true) => "would be imported",
            (false, false) => "would have been imported, but nothing was kept, since lines were refused",
        };
        print(&format!("{present} rows were here already, {refused} lines are refused, {rows} rows {end}."))?;
    }
    Ok(if refused == 0 { Exit::Done } else { Exit::Invalid })
}

/// Tells each refused line at once, so that memory does not grow with them.
struct Lines {
    json: bool,
    progress: Progress,
}

impl Report for Lines {
    fn refused(&mut self, line: u64, reason: &str) {
        let out = Out { json: self.json };
        self.progress.aside(|| match self.json {
            // Where nobody reads it any more, the summary fails in the same way.
            true => drop(out.json_line(&json!({"line": line, "refused": reason}))),
            false => out.note(&format!("line {line}: {reason}")),
        });
    }

    fn progress(&mut self, rows: u64, bytes: u64) {
        self.progress.bytes(rows, bytes);
    }
}
