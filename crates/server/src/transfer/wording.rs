//! What is told of a line that cannot be read. Nothing is quoted from it but the names of fields, since it may hold a key.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// Reads a line as this shape.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    match serde_json::from_slice(line) {
        Ok(read) => Ok(read),
        // Again, for the place: most lines are good, and this way they are read without it.
        Err(_) => {
            let mut reader = serde_json::Deserializer::from_slice(line);
            match serde_path_to_error::deserialize::<_, T>(&mut reader) {
                // Something stands behind it.
                Ok(_) => Err("is not one JSON object".to_owned()),
                Err(error) => Err(words(&error)),
            }
        }
    }
}

fn words(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let inner = error.inner();
    match inner.classify() {
        Category::Data => {}
        Category::Syntax | Category::Eof | Category::Io => return format!("is not JSON from column {} on", inner.column()),
    }
    let text = inner.to_string();
    let quoted = text.split('`').nth(1).filter(|name| is_name(name));
    let place = error.path().to_string();
    match quoted {
        Some(name) if text.starts_with("missing field") => format!("lacks `{name}`"),
        Some(name) if text.starts_with("duplicate field") => format!("has `{name}` twice"),
        Some(name) if text.starts_with("unknown field") => format!("has `{name}`, which such a line does not have"),
        _ if text.starts_with("unknown field") => "has a field that such a line does not have".to_owned(),
        _ if is_name(&place) => format!("`{place}` is not as documented"),
        _ => "is not as documented".to_owned(),
    }
}

/// Whether a text can be the name of a field, or of one within: no key is as short or as plain.
fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || matches!(c, b'_' | b'.' | b'[' | b']' | b'0'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::super::line::{AnyLine, Key};
    use super::read;

    fn refused(line: &str) -> String {
        read::<Key>(line.as_bytes()).err().unwrap()
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told_of_without_a_word_of_it() {
        let key = "kb_0000000000000000000000000000000000000000000000000000000000000000000000000";
        let cases = [
            (key.to_owned(), "is not JSON from column 1 on"),
            (format!(r#"{{"type": "key", "token": "{key}""#), "is not JSON from column"),
            (format!(r#"{{"type": "key", "token": "{key}"}}"#), "lacks `name`"),
            (format!(r#"{{"type": "key", "{key}": 1}}"#), "has a field that such a line does not have"),
            (r#"{"type": "key", "expire_at": 1}"#.to_owned(), "has `expire_at`, which such a line does not have"),
            (r#"{"type": "key", "name": "a", "name": "b"}"#.to_owned(), "has `name` twice"),
            (format!(r#"{{"type": "key", "name": "a", "level": "{key}"}}"#), "`level` is not as documented"),
            (format!(r#"{{"type": "key", "name": "a", "expires_at": "{key}"}}"#), "`expires_at` is not as documented"),
            (format!(r#"{{"type": "{key}"}}"#), "`type` is not as documented"),
            (format!(r#"{{"type": "key", "name": "a"}} {key}"#), "is not one JSON object"),
        ];
        for (line, told) in cases {
            let refused = refused(&line);
            assert!(refused.starts_with(told), "{refused:?} of {line}");
            assert!(!refused.contains(key));
        }
        assert!(!read::<AnyLine>(format!(r#"{{"type": "{key}"}}"#).as_bytes()).err().unwrap().contains(key));
    }
}
