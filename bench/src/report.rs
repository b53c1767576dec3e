//! The table: each figure with its spread.

use std::fmt::Write as _;

use crate::figures::Figure;

/// Lines of figures, in the order in which they were measured.
#[derive(Default)]
pub struct Report {
    text: String,
}

impl Report {
    /// Begins a table.
    pub fn section(&mut self, title: &str, columns: &[&str]) {
        self.say(&format!("\n## {title}\n"));
        if !columns.is_empty() {
            self.say(&format!("| {} |", columns.join(" | ")));
            self.say(&format!("|{}", "---|".repeat(columns.len())));
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[String]) {
        self.say(&format!("| {} |", cells.join(" | ")));
    }

    /// Adds a line.
    pub fn say(&mut self, line: &str) {
        println!("{line}");
        writeln!(self.text, "{line}").unwrap();
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A figure with its spread.
#[must_use]
pub fn cell(figure: Figure) -> String {
    let digits = if figure.median >= 1_000.0 { 0 } else { 2 };
    format!("{:.digits$} ({:.digits$} to {:.digits$})", figure.median, figure.least, figure.most)
}
