//! A file, line by line.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

/// The most bytes of a line: a service with a thousand permissions, each with the longest description, has fewer.
const LONGEST: u64 = 8 * 1024 * 1024;

/// Lines of a file, counted from one. The last one that was read is wiped when the next is read over it, and in the end.
pub(super) struct Lines<R> {
    file: R,
    line: Zeroizing<Vec<u8>>,
    number: u64,
    bytes: u64,
}

/// A line, or why it is none.
pub(super) enum Line<'a> {
    Text(&'a [u8]),
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(file: R) -> Self {
        Self { file, line: Zeroizing::default(), number: 0, bytes: 0 }
    }

    /// How many bytes have been read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of the last line that was read.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not empty.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.line.clear();
            let read = self.file.by_ref().take(LONGEST + 1).read_until(b'\n', &mut self.line)? as u64;
            if read == 0 {
                return Ok(None);
            }
            self.bytes += read;
            self.number += 1;
            if read > LONGEST && self.line.last() != Some(&b'\n') {
                self.bytes += self.file.skip_until(b'\n')? as u64;
                return Ok(Some(Line::TooLong));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(Line::Text(self.line.trim_ascii())))
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Line, Lines};

    #[test]
    fn lines_are_counted_with_those_that_are_empty_or_too_long() {
        let length = usize::try_from(LONGEST).unwrap();
        let text = format!("one\r\n\n  \n{}\n{}\nlast", "x".repeat(length), "y".repeat(length + 1));
        let mut lines = Lines::new(text.as_bytes());
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let told = match line {
                Line::Text(text) => text.len(),
                Line::TooLong => 0,
            };
            seen.push((told, lines.number()));
        }
        assert_eq!(seen, [(3, 1), (length, 4), (0, 5), (4, 6)]);
        assert_eq!(lines.bytes(), text.len() as u64);
    }
}
