//! Paths as rules read them: in segments, decoded once. What another server might read otherwise is refused.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The most bytes of a path.
pub const LONGEST_PATH: usize = 8 * 1024;
/// The most bytes of the path of a rule.
pub const LONGEST_PREFIX: usize = 512;

/// Why a path is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash, or has what no path may have unencoded.
    #[error("a path begins with '/' and has visible ASCII characters only; others are percent-encoded")]
    Form,
    /// It is too long.
    #[error("the path is too long")]
    TooLong,
    /// `.` or `..`, however it is encoded.
    #[error("a path without the segments '.' and '..'")]
    DotSegment,
    /// `//`.
    #[error("a path without '//'")]
    EmptySegment,
    /// A percent sign that encodes nothing, or something that is no text.
    #[error("a path in which every percent sign is followed by two hexadecimal digits, and which is UTF-8 once it is decoded")]
    Encoding,
    /// Something that servers read in different ways: a backslash, an encoded slash, a semicolon, a question mark, a number sign, a control
    /// character, or what is encoded twice.
    #[error("a path without backslashes, semicolons, encoded slashes, control characters, and without what is encoded twice")]
    Ambiguous,
}

/// The segments of a path, decoded. A slash at the end makes no difference.
///
/// # Errors
/// [`PathError`] where two servers might not agree on what the path means.
pub fn segments(path: &str) -> Result<Vec<Cow<'_, str>>, PathError> {
    if path.len() > LONGEST_PATH {
        return Err(PathError::TooLong);
    }
    let rest = path.strip_prefix('/').ok_or(PathError::Form)?;
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(PathError::Form);
    }
    let mut read = Vec::with_capacity(8);
    let mut parts = rest.split('/').peekable();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            if parts.peek().is_some() {
                return Err(PathError::EmptySegment);
            }
            break;
        }
        read.push(segment(part)?);
    }
    Ok(read)
}

fn segment(encoded: &str) -> Result<Cow<'_, str>, PathError> {
    let decoded = if encoded.contains('%') { Cow::Owned(decode(encoded)?) } else { Cow::Borrowed(encoded) };
    if matches!(&*decoded, "." | "..") {
        return Err(PathError::DotSegment);
    }
    let is_ambiguous = |character: char| character.is_control() || matches!(character, '/' | '\\' | ';' | '?' | '#');
    if decoded.chars().any(is_ambiguous) || has_escape(decoded.as_bytes()) {
        return Err(PathError::Ambiguous);
    }
    Ok(decoded)
}

fn decode(encoded: &str) -> Result<String, PathError> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(PathError::Encoding) };
                u8::try_from(high * 16 + low).map_err(|_| PathError::Encoding)?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| PathError::Encoding)
}

/// Whether somebody who decodes once more would read something else.
fn has_escape(decoded: &[u8]) -> bool {
    decoded.windows(3).any(|bytes| bytes[0] == b'%' && bytes[1].is_ascii_hexdigit() && bytes[2].is_ascii_hexdigit())
}

/// The path of a rule: it stands for itself and for all that is below it, by whole segments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix {
    text: Box<str>,
    segments: Vec<Box<str>>,
}

impl Prefix {
    /// The path as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path is this one, or below it.
    #[must_use]
    pub fn is_above(&self, path: &[Cow<'_, str>]) -> bool {
        path.len() >= self.segments.len() && self.segments.iter().zip(path).all(|(own, other)| **own == **other)
    }
}

impl FromStr for Prefix {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.len() > LONGEST_PREFIX {
            return Err(PathError::TooLong);
        }
        let segments = segments(text)?.into_iter().map(|segment| segment.into_owned().into_boxed_str()).collect();
        Ok(Self { text: text.into(), segments })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_above(prefix: &str, path: &str) -> bool {
        prefix.parse::<Prefix>().unwrap().is_above(&segments(path).unwrap())
    }

    #[test]
    fn a_prefix_stands_for_whole_segments() {
        for (prefix, path, fits) in [
            ("/", "/", true),
            ("/", "/a/b", true),
            ("/a", "/a", true),
            ("/a", "/a/", true),
            ("/a/", "/a", true),
            ("/a", "/a/b", true),
            ("/a", "/ab", false),
            ("/a", "/A", false),
            ("/a/b", "/a", false),
            ("/a/b", "/a/c/b", false),
            ("/a b", "/a%20b", true),
            ("/caf%C3%A9", "/caf%c3%a9/x", true),
            ("/admin", "/%61dmin", true),
            ("/a", "/a...", false),
        ] {
            let prefix = prefix.replace(' ', "%20");
            assert_eq!(is_above(&prefix, path), fits, "{prefix} {path}");
        }
    }

    #[test]
    fn whatever_two_servers_may_read_otherwise_is_refused() {
        for (path, error) in [
            ("", PathError::Form),
            ("a", PathError::Form),
            ("*", PathError::Form),
            ("http://a/b", PathError::Form),
            ("/a b", PathError::Form),
            ("/ä", PathError::Form),
            ("/a\tb", PathError::Form),
            ("/a/../b", PathError::DotSegment),
            ("/a/./b", PathError::DotSegment),
            ("/..", PathError::DotSegment),
            ("/a/%2e%2e/b", PathError::DotSegment),
            ("/a/.%2E", PathError::DotSegment),
            ("/%2e/a", PathError::DotSegment),
            ("//", PathError::EmptySegment),
            ("//a", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("/a//", PathError::EmptySegment),
            ("/a%", PathError::Encoding),
            ("/a%2", PathError::Encoding),
            ("/a%zz", PathError::Encoding),
            ("/a%+1", PathError::Encoding),
            ("/%c0%ae", PathError::Encoding),
            ("/%ff", PathError::Encoding),
            ("/a%2fb", PathError::Ambiguous),
            ("/a%2Fb", PathError::Ambiguous),
            ("/a\\b", PathError::Ambiguous),
            ("/a%5cb", PathError::Ambiguous),
            ("/a%00b", PathError::Ambiguous),
            ("/a%0ab", PathError::Ambiguous),
            ("/a%c2%85b", PathError::Ambiguous),
            ("/%252e%252e", PathError::Ambiguous),
            ("/a%25%32%66", PathError::Ambiguous),
            ("/..;/a", PathError::Ambiguous),
            ("/a;x=1", PathError::Ambiguous),
            ("/a%3bx", PathError::Ambiguous),
            ("/a?x", PathError::Ambiguous),
            ("/a%3fx", PathError::Ambiguous),
            ("/a#x", PathError::Ambiguous),
            ("/a%23x", PathError::Ambiguous),
        ] {
            assert_eq!(segments(path), Err(error), "{path:?}");
        }
        assert_eq!(segments(&format!("/{}", "a".repeat(LONGEST_PATH))), Err(PathError::TooLong));
        assert_eq!(format!("/{}", "a".repeat(LONGEST_PREFIX)).parse::<Prefix>(), Err(PathError::TooLong));
        assert_eq!(segments("/100%25/a.b/...").unwrap(), ["100%", "a.b", "..."]);
    }

    /// A text in which every character that may be taken apart is encoded.
    fn encode(text: &str, all: bool) -> String {
        let encoded = |byte: u8| {
            if all || !(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
                format!("%{byte:02X}")
            } else {
                char::from(byte).to_string()
            }
        };
        text.bytes().map(encoded).collect()
    }

    proptest! {
        #[test]
        fn what_is_read_has_nothing_left_to_normalise(path in "/[a.%2eEfF5c/\\\\;0-9]{0,24}") {
            if let Ok(segments) = segments(&path) {
                for segment in &segments {
                    prop_assert!(!segment.is_empty() && segment != "." && segment != "..");
                    prop_assert!(!segment.contains(['/', '\\', ';', '\0']));
                    // Whoever decodes once more reads the same.
                    prop_assert!(!has_escape(segment.as_bytes()));
                }
                prop_assert!(!path.contains("//"));
            }
        }

        #[test]
        fn any_encoding_of_a_path_is_read_as_that_path(words in proptest::collection::vec("[a-zA-Z0-9é _~-]{1,8}", 0..5), all: bool) {
            let path: String = words.iter().map(|word| format!("/{}", encode(word, all))).collect();
            let path = if path.is_empty() { "/".to_owned() } else { path };
            prop_assert_eq!(segments(&path).unwrap(), words);
        }

        #[test]
        fn a_prefix_is_above_what_begins_with_its_segments_and_nothing_else(
            prefix in proptest::collection::vec("[ab]{1,2}", 0..4), path in proptest::collection::vec("[ab]{1,2}", 0..5)
        ) {
            let text = |words: &[String]| format!("/{}", words.join("/"));
            prop_assert_eq!(is_above(&text(&prefix), &text(&path)), path.starts_with(&prefix));
        }

        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_by_refusing(path in "\\PC{0,40}") {
            drop(segments(&path));
        }
    }
}
