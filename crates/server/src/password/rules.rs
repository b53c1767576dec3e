//! Which passwords are accepted: long ones that are not among the first to be guessed. Nothing is demanded of their characters.

use keybearer_core::name::canonical;

/// The fewest characters of a password.
pub const MIN_CHARACTERS: usize = 12;
/// The most characters of a password.
pub const MAX_CHARACTERS: usize = 128;

/// The longest pattern whose mere repetition is no password.
const LONGEST_PATTERN: usize = 6;

/// Passwords of at least 12 characters that are tried first, one a line, in lower case.
const COMMON: &str = include_str!("common.txt");

/// Why a password is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("must have at least 12 characters; several words that do not belong together are easy to remember")]
    TooShort,
    /// More than [`MAX_CHARACTERS`].
    #[error("must have at most 128 characters")]
    TooLong,
    /// It stands in the list of the most common.
    #[error("is one of the most common passwords and would be guessed first; choose one that nobody else uses")]
    Common,
    /// It is the name of its account.
    #[error("must not be the username; choose something that others do not know of you")]
    Username,
    /// One character, or a few, over and over.
    #[error("repeats the same few characters; choose several words that do not belong together")]
    Repeated,
}

/// Whether an account of this username may have this password.
///
/// # Errors
/// [`PasswordError`] says why not, and what to choose instead.
pub fn check(password: &str, username: &str) -> Result<(), PasswordError> {
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(PasswordError::TooShort);
    }
    if characters > MAX_CHARACTERS {
        return Err(PasswordError::TooLong);
    }
    if canonical(password) == canonical(username) {
        return Err(PasswordError::Username);
    }
    let lower = password.to_lowercase();
    if repeats(&lower) {
        return Err(PasswordError::Repeated);
    }
    if COMMON.lines().any(|common| common == lower) {
        return Err(PasswordError::Common);
    }
    Ok(())
}

fn repeats(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    (1..=LONGEST_PATTERN).any(|period| characters.iter().zip(&characters[period..]).all(|(one, next)| one == next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(check("elevenchars", "ada"), Err(PasswordError::TooShort));
        assert_eq!(check("twelve chars", "ada"), Ok(()));
        assert_eq!(check("пароль из слов", "ada"), Ok(()));
        assert_eq!(check("ééééééééééé", "ada"), Err(PasswordError::TooShort));
        let long: String = ('a'..='z').cycle().take(MAX_CHARACTERS).collect();
        assert_eq!(check(&long, "ada"), Ok(()));
        assert_eq!(check(&format!("{long}!"), "ada"), Err(PasswordError::TooLong));
    }

    #[test]
    fn what_everybody_chooses_is_refused_in_any_case() {
        for common in
            ["password123456", "PassWord123456", "correct horse battery staple", "1QAZ2wsx3edc", "administrator", "iloveyouforever"]
        {
            assert_eq!(check(common, "ada"), Err(PasswordError::Common), "{common}");
        }
    }

    #[test]
    fn patterns_and_the_username_are_refused() {
        for repeated in ["aaaaaaaaaaaa", "abababababab", "AbcaBcabCabca", "123456123456", "!!!!!!!!!!!!!!!"] {
            assert_eq!(check(repeated, "ada"), Err(PasswordError::Repeated), "{repeated}");
        }
        assert_eq!(check(" Ada.Lovelace1815", "ada.lovelace1815"), Err(PasswordError::Username));
        assert_eq!(check("ada.lovelace1815 wrote", "ada.lovelace1815"), Ok(()));
    }

    #[test]
    fn the_list_has_no_line_that_could_not_match() {
        assert!(COMMON.lines().count() >= 300);
        for line in COMMON.lines() {
            let characters = line.chars().count();
            assert!((MIN_CHARACTERS..=MAX_CHARACTERS).contains(&characters), "{line}");
            assert_eq!(line.to_lowercase(), line);
            assert_eq!(line.trim(), line);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_checked_without_a_panic(password in "\\PC{0,140}", username in "\\PC{0,20}") {
            let accepted = check(&password, &username).is_ok();
            prop_assert!(!accepted || (12..=128).contains(&password.chars().count()));
        }
    }
}
