//! What the parser of HTTP/1 lets pass and two parsers could read in two ways: bare line feeds, and a body whose length is told twice. Where
//! a server and the proxy before it differ in that, one request can be smuggled in another.
//!
//! This reads along, head by head and body by body, and breaks the line that is wrong, so that the parser answers 400 by itself and closes
//! the connection. It lets nothing pass that the parser would not. What it cannot read itself it refuses, so that it never loses the thread.

use memchr::memchr;

/// The most bytes, without the line feed, of a line that is read here: how the body is framed, and the length of a chunk. A longer one of these
/// is wrong. Of others the beginning is enough.
const LONGEST: usize = 128;

/// Reads along.
pub(super) struct Heads {
    at: At,
    /// The beginning of the line under way, without its line feed.
    line: Vec<u8>,
    /// The last byte of the line under way.
    last: u8,
    /// The line under way is longer than what is kept of it.
    cut: bool,
    framing: Option<Framing>,
}

/// Where the bytes stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    /// Before a request; an empty line is passed over there.
    Start,
    /// In the first line or the headers.
    Head,
    /// In a body, or a chunk with its line ending, with so many bytes to come; then there.
    Bytes(u64, After),
    /// In the line that begins a chunk.
    Size,
    /// In the lines after the last chunk.
    Trailers,
    /// After a line that is wrong.
    Refused,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    Body,
    Chunk,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    Length(u64),
    Chunked,
}

impl Heads {
    pub(super) fn new() -> Self {
        Self { at: At::Start, line: Vec::new(), last: 0, cut: false, framing: None }
    }

    /// Whether a head has begun and not ended.
    pub(super) fn in_head(&self) -> bool {
        self.at == At::Head
    }

    /// Whether all is read that a request has begun.
    pub(super) fn at_rest(&self) -> bool {
        self.at == At::Start
    }

    /// Reads on. The place of the byte that ends the first line that is wrong, where there is one; nothing after it may be used, nor read.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut next = 0;
        while next < bytes.len() {
            match self.at {
                At::Refused => return Some(next),
                At::Bytes(left, after) => {
                    let step = left.min((bytes.len() - next) as u64);
                    self.at = match (left - step, after) {
                        (0, After::Body) => At::Start,
                        (0, After::Chunk) => At::Size,
                        (left, after) => At::Bytes(left, after),
                    };
                    // At most what is in the slice.
                    next += usize::try_from(step).unwrap_or(usize::MAX);
                }
                At::Start | At::Head | At::Size | At::Trailers => {
                    let rest = &bytes[next..];
                    let end = memchr(b'\n', rest);
                    let part = &rest[..end.unwrap_or(rest.len())];
                    self.go_on(part);
                    next += part.len();
                    if end.is_some() {
                        if !self.end_line() {
                            self.at = At::Refused;
                            return Some(next);
                        }
                        next += 1;
                    }
                }
            }
        }
        None
    }

    /// More of the line under way.
    fn go_on(&mut self, part: &[u8]) {
        if self.at == At::Start && part.iter().any(|byte| *byte != b'\r') {
            self.at = At::Head;
        }
        let kept = part.len().min(LONGEST - self.line.len());
        self.line.extend_from_slice(&part[..kept]);
        self.cut |= kept < part.len();
        self.last = part.last().copied().unwrap_or(self.last);
    }

    /// Whether the line under way may end here and so.
    fn end_line(&mut self) -> bool {
        let mut line = std::mem::take(&mut self.line);
        let may = self.ends_well(&line);
        // For the next one, so that no line costs memory anew.
        line.clear();
        self.line = line;
        may
    }

    fn ends_well(&mut self, line: &[u8]) -> bool {
        let well_ended = std::mem::take(&mut self.last) == b'\r';
        let whole = !std::mem::take(&mut self.cut);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !well_ended {
            return false;
        }
        match self.at {
            At::Head if line.is_empty() => {
                self.at = match self.framing.take() {
                    None | Some(Framing::Length(0)) => At::Start,
                    Some(Framing::Length(length)) => At::Bytes(length, After::Body),
                    Some(Framing::Chunked) => At::Size,
                };
                true
            }
            At::Head => self.header(line, whole),
            At::Size => {
                let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
                let Some(size) = number(size, 16).filter(|_| whole) else { return false };
                self.at = match size {
                    0 => At::Trailers,
                    // With the line ending after the chunk.
                    size => At::Bytes(size.saturating_add(2), After::Chunk),
                };
                true
            }
            At::Trailers => {
                if line.is_empty() {
                    self.at = At::Start;
                }
                true
            }
            At::Start | At::Bytes(..) | At::Refused => true,
        }
    }

    /// Whether this line, if it tells the framing of the body, does so in full and plainly, and is the only one that does.
    fn header(&mut self, line: &[u8], whole: bool) -> bool {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return true };
        let (name, value) = (&line[..colon], trimmed(&line[colon + 1..]));
        let framing = if name.eq_ignore_ascii_case(b"content-length") {
            let Some(length) = number(value, 10) else { return false };
            Framing::Length(length)
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return false;
            }
            Framing::Chunked
        } else {
            return true;
        };
        self.framing.replace(framing).is_none() && whole
    }
}

/// Without the white space that HTTP allows around a value.
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Nothing but digits, and white space around them.
fn number(text: &[u8], radix: u32) -> Option<u64> {
    let digits = std::str::from_utf8(trimmed(text)).ok()?;
    // The standard library takes a sign, too.
    digits.chars().all(|digit| digit.is_digit(radix)).then(|| u64::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod beside_the_parser;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the first wrong line ends, if one is wrong, and whether all that was begun is read.
    fn read(bytes: &[u8]) -> (Option<usize>, bool) {
        let mut heads = Heads::new();
        (heads.read(bytes), heads.at_rest())
    }

    const GOOD: [&str; 8] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\n",
        "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\n\n\n\n\r\na;x=y\r\n0123456789\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nExpires: never\r\n\r\n",
        "GET /one HTTP/1.1\r\n\r\nGET /two HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Content-Length: 3\r\nX: content-length: 7\r\nContent-Length: 0\r\n\r\n",
    ];

    #[test]
    fn what_is_well_framed_passes_to_its_end() {
        for good in GOOD {
            assert_eq!(read(good.as_bytes()), (None, true), "{good:?}");
        }
    }

    #[test]
    fn a_wrong_line_is_found_at_its_end() {
        let rows = [
            ("GET / HTTP/1.1\n", ""),
            ("GET / HTTP/1.1\r\nHost: a\n", "\r\n"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", ""),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: y\r\ncontent-length: 3\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\n", "abc\r\n0\r\n\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\n", "\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length:\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: +3\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nContent-Length: 3\x0c\r\n", "\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\n", "abc\r\n0\r\n\r\n"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n", "abc\r\n0\r\n\r\n"),
        ];
        for (wrong, rest) in rows {
            assert_eq!(read(format!("{wrong}{rest}").as_bytes()), (Some(wrong.len() - 1), false), "{wrong:?}");
        }
    }

    #[test]
    fn a_line_that_tells_a_length_is_read_whole_or_not_at_all() {
        for (before, after) in [
            ("Content-Length:", "0\r\n"),
            ("Content-Length: 7", "\r\n"),
            ("Transfer-Encoding:", "chunked\r\n"),
            ("Transfer-Encoding: chunked\r\n\r\n7", "\r\n"),
            ("Transfer-Encoding: chunked\r\n\r\n7;", "\r\n"),
        ] {
            let start = format!("POST / HTTP/1.1\r\n{before}");
            let line = |padding: &str| format!("{start}{padding}{after}");
            let begun = start.len() - start.rfind('\n').unwrap() - 1;
            let room = LONGEST - begun - (after.len() - 1);
            assert_eq!(read(line(&" ".repeat(room)).as_bytes()).0, None, "{before:?}");
            let wrong = line(&" ".repeat(room + 1));
            assert_eq!(read(wrong.as_bytes()).0, Some(wrong.len() - 1), "{before:?}");
        }
        let long = format!("GET /{0} HTTP/1.1\r\nX: {0}\r\nX-{0}: y\r\n\r\n", "0".repeat(1000));
        assert_eq!(read(long.as_bytes()), (None, true), "others may be long");
    }

    #[test]
    fn a_head_has_begun_from_its_first_byte_to_its_last() {
        let mut heads = Heads::new();
        for (bytes, in_head) in
            [("\r\n", false), ("G", true), ("ET / HTTP/1.1\r\n", true), ("Content-Length: 1\r\n\r", true), ("\n", false)]
        {
            assert_eq!((heads.read(bytes.as_bytes()), heads.in_head()), (None, in_head), "{bytes:?}");
        }
        assert!(!heads.at_rest(), "the body is to come");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(row in 0..GOOD.len(), cuts in proptest::collection::vec(1..9_usize, 1..80)) {
            let mut heads = Heads::new();
            let mut rest = GOOD[row].as_bytes();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                prop_assert_eq!(heads.read(piece), None);
                rest = after;
            }
            prop_assert_eq!(heads.read(rest), None);
            prop_assert!(heads.at_rest());
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), any::<u8>()], 0..300)) {
            let wrong = Heads::new().read(&bytes);
            prop_assert!(wrong.is_none_or(|place| bytes[place] == b'\n'));
        }
    }
}
