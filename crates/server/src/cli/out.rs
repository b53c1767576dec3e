//! What a command prints: tables for people, JSON for programs. No text that comes from a server can play with the terminal.

use std::io::Write;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::failure::Failure;

/// Standard output.
pub(super) struct Out {
    pub(super) json: bool,
}

/// The name of a field, and what it holds.
pub(super) type Field = (&'static str, Option<String>);

impl Out {
    /// Prints a text and a line feed.
    pub(super) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            Ok(()) => Ok(()),
            // Such as head, which reads as far as it wants.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Closed),
            Err(error) => Err(Failure::Local(format!("standard output cannot be written: {error}"))),
        }
    }

    /// Prints something as JSON.
    pub(super) fn json(&self, thing: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(thing).map_err(|error| Failure::Local(error.to_string()))?;
        self.print(&escaped(&text))
    }

    /// Prints something as one line of JSON.
    pub(super) fn json_line(&self, thing: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(thing).map_err(|error| Failure::Local(error.to_string()))?;
        self.print(&escaped(&text))
    }

    /// Prints a list: a row a line.
    pub(super) fn rows<T: Serialize, const N: usize>(
        &self,
        rows: &[T],
        header: [&str; N],
        cells: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        if self.json {
            return self.json(&rows);
        }
        let mut table = table();
        table.set_header(header);
        for row in rows {
            table.add_row(cells(row).map(|cell| if cell.is_empty() { "-".to_owned() } else { clean(&cell) }));
        }
        self.table(table)
    }

    /// Prints one thing: a field a line, without those that it does not have.
    pub(super) fn thing(&self, thing: &impl Serialize, fields: impl IntoIterator<Item = Field>) -> Result<(), Failure> {
        if self.json {
            return self.json(thing);
        }
        let mut table = table();
        for (name, value) in fields {
            if let Some(value) = value {
                table.add_row([name.to_owned(), clean(&value)]);
            }
        }
        self.table(table)
    }

    fn table(&self, mut table: Table) -> Result<(), Failure> {
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        self.print(&table.trim_fmt())
    }

    /// Tells people something that is not the result, on standard error.
    pub(super) fn note(&self, text: &str) {
        drop(writeln!(std::io::stderr(), "{}", clean(text)));
    }

    /// Tells people what was done, where no JSON says it.
    pub(super) fn done(&self, text: &str) {
        if !self.json {
            self.note(text);
        }
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Whether a character could move the cursor, colour or reorder what stands around it, or hide.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text with all that could play with a terminal written out.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) { clean.extend(c.escape_unicode()) } else { clean.push(c) }
    }
    clean
}

/// JSON that means the same, with all that could play with a terminal escaped. Such characters stand in its texts only.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_unsafe(c) && !c.is_ascii_whitespace() {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{clean, escaped};

    #[test]
    fn what_plays_with_a_terminal_is_written_out() {
        assert_eq!(clean("a\u{1b}[31mb\r\n\u{9b}c\u{202e}d\u{e0041}"), r"a\u{1b}[31mb\u{d}\u{a}\u{9b}c\u{202e}d\u{e0041}");
        assert_eq!(clean("Grün 日本 👍"), "Grün 日本 👍");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let text = "日本 \u{7f}\u{9b}\u{202e}\u{e0041}\u{1b}\n";
        let json = escaped(&serde_json::to_string_pretty(&serde_json::json!({"text": text})).unwrap());
        assert!(json.contains(r"\u009b") && json.contains(r"\udb40\udc41"), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["text"], text);
    }
}
