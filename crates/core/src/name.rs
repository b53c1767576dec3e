//! Names that people give: of keys, policies and accounts.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// The most characters that a name may have.
pub const MAX_CHARACTERS: usize = 200;

/// A name of 1 to 200 characters, at least one of them visible, none a control character. Kept as it was given.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(Box<str>);

/// Why a text is not a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only white space.
    #[error("must not be empty")]
    Empty,
    /// More than [`MAX_CHARACTERS`].
    #[error("must have at most 200 characters")]
    TooLong,
    /// A control character, such as a line feed or NUL.
    #[error("must not contain control characters")]
    ControlCharacter,
}

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`] says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Bytes first: a text of a mebibyte is refused without walking through it.
        if text.len() > MAX_CHARACTERS * 4 || text.chars().count() > MAX_CHARACTERS {
            return Err(NameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        if canonical(text).is_empty() {
            return Err(NameError::Empty);
        }
        Ok(Self(text.into()))
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The spelling under which the name is unique. See [`canonical`].
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The one spelling of all names that count as the same: NFKC, trimmed, case-folded (so `Ａda `, `ADA` and `ada` are one name).
#[must_use]
pub fn canonical(text: &str) -> String {
    // What both steps below do to ASCII, for a tenth of the time.
    if text.is_ascii() {
        return text.trim().to_ascii_lowercase();
    }
    normal(text)
}

fn normal(text: &str) -> String {
    let folded = caseless::default_case_fold_str(&text.nfkc().collect::<String>());
    // Folding may undo the normal form (`ŉ` becomes two characters), so it is restored afterwards.
    folded.nfkc().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_differ_in_case_width_or_surrounding_space_are_one() {
        for same in ["Production backend", "production BACKEND", " Production backend ", "Ｐroduction backend"] {
            assert_eq!(canonical(same), "production backend");
        }
        assert_eq!(canonical("STRASSE"), canonical("straße"));
    }

    #[test]
    fn refuses_what_is_not_a_name() {
        assert_eq!(Name::parse(""), Err(NameError::Empty));
        assert_eq!(Name::parse(" \u{3000} "), Err(NameError::Empty));
        assert_eq!(Name::parse("a\nb"), Err(NameError::ControlCharacter));
        assert_eq!(Name::parse("a\0b"), Err(NameError::ControlCharacter));
        assert_eq!(Name::parse(&"a".repeat(201)), Err(NameError::TooLong));
        assert!(Name::parse(&"𝔞".repeat(200)).is_ok());
    }

    proptest! {
        #[test]
        fn canonical_is_stable(text in "\\PC{0,40}") {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }

        #[test]
        fn ascii_is_spelled_as_any_other_text(text in "[ -~]{0,40}") {
            prop_assert_eq!(canonical(&text), normal(&text));
        }
    }
}
