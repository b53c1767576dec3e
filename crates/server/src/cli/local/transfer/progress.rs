//! How far a long command is: a bar on a terminal, a line now and then elsewhere. Both on standard error.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::Out;

/// How many rows lie between two lines.
const LINE: u64 = 100_000;

/// How far a long command is.
pub(super) struct Progress {
    /// None where standard error is no terminal.
    bar: Option<ProgressBar>,
    /// What is done with a row.
    word: &'static str,
    told: u64,
}

impl Progress {
    /// For a command that knows how many rows there are.
    pub(super) fn of_rows(word: &'static str) -> Self {
        Self::new(word, Some(0), "{bar:40} {pos}/{len} rows, {per_sec}, {eta} left")
    }

    /// For a command that reads so many bytes, or nobody knows how many.
    pub(super) fn of_bytes(word: &'static str, size: Option<u64>) -> Self {
        Self::new(word, size, if size.is_some() { "{bar:40} {percent} % {msg}, {eta} left" } else { "{spinner} {msg}, {elapsed}" })
    }

    fn new(word: &'static str, length: Option<u64>, template: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            // Without it there is a bar that says less.
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar, word, told: 0 }
    }

    pub(super) fn rows(&mut self, rows: u64, total: u64) {
        if let Some(bar) = &self.bar {
            if rows.is_multiple_of(1_000) {
                bar.set_length(total.max(rows));
                bar.set_position(rows);
            }
        } else {
            self.line(rows);
        }
    }

    pub(super) fn bytes(&mut self, rows: u64, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{rows} rows {}", self.word));
            bar.set_position(bytes);
        } else {
            self.line(rows);
        }
    }

    fn line(&mut self, rows: u64) {
        if rows / LINE > self.told / LINE {
            self.told = rows;
            Out { json: false }.note(&format!("{rows} rows {}", self.word));
        }
    }

    /// Does what prints, beside the bar.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
