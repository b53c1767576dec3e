//! A short text of digits and letters: a date, a time, an id. A list has hundreds of them, so they take no memory of their own, and hold
//! nothing that HTML would read otherwise.

use std::fmt;
use std::ops::Deref;

use askama::{FastWritable, Values};

/// More than the longest takes, which is an id.
const ROOM: usize = 40;

/// ASCII without what HTML reads.
#[derive(Clone, Copy)]
pub(in crate::http::dashboard) struct Digits {
    bytes: [u8; ROOM],
    length: usize,
}

impl Digits {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; ROOM], length: 0 }
    }

    /// This text, as far as it is one.
    pub(in crate::http::dashboard) fn of(text: &str) -> Self {
        let mut digits = Self::new();
        digits.word(text);
        digits
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    /// Adds this text, without what is not ASCII and what HTML reads otherwise; what finds no room is left out.
    pub(super) fn word(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte.is_ascii() && !matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'') {
                self.push(byte);
            }
        }
    }

    /// Adds the last two digits of this number.
    pub(super) fn two(&mut self, number: u8) {
        self.push(b'0' + number / 10 % 10);
        self.push(b'0' + number % 10);
    }

    /// Adds this number in at least so many digits.
    pub(super) fn number(&mut self, number: u16, least: usize) {
        let mut unit = 10_000;
        for place in (1..=5).rev() {
            if place <= least || number >= unit || place == 1 {
                self.push(b'0' + u8::try_from(number / unit % 10).unwrap_or_default());
            }
            unit /= 10;
        }
    }
}

impl Deref for Digits {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl FastWritable for Digits {
    fn write_into(&self, to: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(to.write_str(self)?)
    }
}

impl askama::filters::HtmlSafe for Digits {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_digits_and_words_nothing_that_html_reads() {
        let mut told = Digits::of("<b>&\"'ä, ");
        told.two(7);
        told.word("-");
        for (number, least) in [(2026, 1), (0, 1), (31, 3), (65_535, 2), (10_000, 0)] {
            told.number(number, least);
            told.word(":");
        }
        assert_eq!(&*told, "b, 07-2026:0:031:65535:10000:");
        assert_eq!(Digits::of(&"0123456789".repeat(5)).len(), ROOM);
    }
}
