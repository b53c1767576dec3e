//! `keybearer import`: one thread reads lines and seals keys, the writer of the store takes the rows, some thousand in a transaction.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keybearer_core::time::UnixMillis;
use keybearer_store::{Actor, DataDirLock, Database, Incoming, IncomingRow, Keep, Origin, Verdict};

use super::TransferError;
use super::lines::{Line, Lines};
use super::reader::Reader;
use crate::config::Config;
use crate::keyring::Keyring;

/// How many lines go from one thread to the other at once.
const BATCH: usize = 1_000;
/// How many batches wait for the store at most.
const WAITING: usize = 4;

/// How the rows are to be taken in.
#[derive(Clone, Copy)]
pub struct Asked {
    /// None of them, where one is refused.
    pub all_or_nothing: bool,
    /// None of them: it is only tried.
    pub dry_run: bool,
}

/// What came of an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Imported {
    /// Rows that are here now; where nothing was kept, that would be.
    pub imported: u64,
    /// Rows that were here before.
    pub present: u64,
    /// Lines that were refused.
    pub refused: u64,
    /// Whether anything was kept.
    pub kept: bool,
}

/// Who is told how an import goes.
pub trait Report: Send {
    /// A line is not taken in, for this reason.
    fn refused(&mut self, line: u64, reason: &str);
    /// So many rows were looked at, and so many bytes of the file read for it.
    fn progress(&mut self, rows: u64, bytes: u64);
}

/// Takes in the lines of a file, or of standard input where no file is named, while no server runs.
///
/// # Errors
/// [`TransferError`]. What was committed by then stays, and is found there by the next import of the same lines.
pub async fn import(
    config: &Config,
    now: UnixMillis,
    file: Option<&Path>,
    asked: Asked,
    report: impl Report + 'static,
) -> Result<Imported, TransferError> {
    let lines: Box<dyn BufRead + Send> = match file {
        None => Box::new(BufReader::new(std::io::stdin())),
        Some(file) => Box::new(BufReader::with_capacity(1 << 17, File::open(file).map_err(TransferError::file(file))?)),
    };
    // What is only tried leaves nothing behind, not even an empty installation.
    let is_new = config.database().is_new().await?;
    let trial = (asked.dry_run && is_new).then(tempfile::tempdir).transpose().map_err(TransferError::Local)?;
    let data_dir = trial.as_ref().map_or(config.data_dir.as_path(), tempfile::TempDir::path);
    let _lock = DataDirLock::take(data_dir)?;
    let database = trial.as_ref().map_or_else(|| config.database(), |place| Database::Sqlite(place.path().join("keybearer.db")));
    let keyring = match (&trial, Keyring::open(&config.keyring_path())?) {
        (_, Some(keyring)) => keyring,
        (Some(_), None) => Keyring::open_or_create(&data_dir.join("keyring.json"), true)?,
        (None, None) => Keyring::open_or_create(&config.keyring_path(), is_new)?,
    };
    let peppers = keyring.peppers();
    let store = database.open(config.roles.clone(), config.membership()).await?;
    store.check_peppers(peppers.fingerprints()).await?;

    let (batches, waiting) = sync_channel(WAITING);
    let reading = std::thread::Builder::new().name("import-reader".into()).spawn(move || read(lines, Reader::new(peppers), &batches));
    let reading = reading.map_err(TransferError::Local)?;
    let state = Arc::new(Mutex::new(State { asked, done: Imported::default(), pending: Imported::default(), rows: 0, failed: None }));
    let source = Source { batches: waiting, state: Arc::clone(&state), report: Box::new(report), refused: Vec::new() };
    let keep = if asked.all_or_nothing || asked.dry_run { Keep::IfWanted } else { Keep::Pieces };
    let origin = Origin { actor: Actor::Operator, now, request_id: "import".into() };
    let kept = store.import(origin, config.keys.limits(), keep, Box::new(source)).await?;
    // It has ended: nobody takes what it reads any more.
    drop(reading.join());
    let mut state = locked(&state);
    if let Some(error) = state.failed.take() {
        return Err(TransferError::file(file.unwrap_or(Path::new("standard input")))(error));
    }
    let all = state.done.plus(state.pending);
    Ok(Imported { kept, ..all })
}

/// Rows by their lines, or why there are none.
struct Batch {
    lines: Vec<(u64, Result<IncomingRow, String>)>,
    /// Of the file, up to here.
    bytes: u64,
    /// What ended the file before its end.
    failed: Option<std::io::Error>,
}

/// Reads lines to the end, as fast as they are taken.
fn read(file: impl BufRead, mut reader: Reader, batches: &SyncSender<Batch>) {
    let mut lines = Lines::new(file);
    let mut is_open = true;
    while is_open {
        let mut batch = Batch { lines: Vec::with_capacity(BATCH), bytes: 0, failed: None };
        while batch.lines.len() < BATCH && is_open {
            let read = match lines.next() {
                Ok(Some(Line::Text(text))) => reader.read(text).transpose(),
                Ok(Some(Line::TooLong)) => Some(Err("is longer than any line that is documented".to_owned())),
                Ok(None) => {
                    is_open = false;
                    let cut_off = "is the last one, but the export goes on: the file was cut off. What is missing was not imported";
                    reader.is_cut_off().then(|| Err(cut_off.to_owned()))
                }
                Err(error) => {
                    is_open = false;
                    batch.failed = Some(error);
                    None
                }
            };
            if let Some(read) = read {
                batch.lines.push((lines.number(), read));
            }
        }
        batch.bytes = lines.bytes();
        if batches.send(batch).is_err() {
            return;
        }
    }
}

/// What both ends of an import know of it.
struct State {
    asked: Asked,
    /// Of what is committed.
    done: Imported,
    /// Of what is not yet.
    pending: Imported,
    rows: u64,
    failed: Option<std::io::Error>,
}

impl Imported {
    fn plus(self, other: Self) -> Self {
        Self {
            imported: self.imported + other.imported,
            present: self.present + other.present,
            refused: self.refused + other.refused,
            kept: self.kept || other.kept,
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end at the store.
struct Source {
    batches: Receiver<Batch>,
    state: Arc<Mutex<State>>,
    report: Box<dyn Report>,
    /// Lines of this batch that are not taken in.
    refused: Vec<(u64, String)>,
}

impl Source {
    /// In the order of the lines.
    fn tell_refused(&mut self) {
        self.refused.sort_by_key(|(line, _)| *line);
        for (line, reason) in self.refused.drain(..) {
            self.report.refused(line, &reason);
        }
    }
}

impl Incoming for Source {
    fn next(&mut self) -> Option<Vec<(u64, IncomingRow)>> {
        self.tell_refused();
        let batch = self.batches.recv().ok()?;
        let mut rows = Vec::with_capacity(batch.lines.len());
        for (line, read) in batch.lines {
            match read {
                Ok(row) => rows.push((line, row)),
                Err(reason) => self.refused.push((line, reason)),
            }
        }
        let mut state = locked(&self.state);
        state.rows += (rows.len() + self.refused.len()) as u64;
        state.pending.refused += self.refused.len() as u64;
        state.failed = batch.failed;
        self.report.progress(state.rows, batch.bytes);
        Some(rows)
    }

    fn told(&mut self, line: u64, verdict: Verdict) {
        let mut state = locked(&self.state);
        match verdict {
            Verdict::Imported => state.pending.imported += 1,
            Verdict::Present => state.pending.present += 1,
            Verdict::Refused(refusal) => {
                state.pending.refused += 1;
                self.refused.push((line, refusal.to_string()));
            }
        }
    }

    fn committed(&mut self) {
        let mut state = locked(&self.state);
        state.done = state.done.plus(std::mem::take(&mut state.pending));
    }

    fn is_wanted(&mut self) -> bool {
        let state = locked(&self.state);
        !state.asked.dry_run && state.failed.is_none() && state.pending.refused == 0
    }
}
