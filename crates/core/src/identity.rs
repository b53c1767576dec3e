//! People whom an application vouches for: what it calls them, and what its word is worth here.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::authority::Refusal;
use crate::name::Name;
use crate::role::Level;

/// The most characters of the name of an issuer, or of a person at one.
pub const MAX_LENGTH: usize = 255;

/// A person as an issuer knows them. Both texts are compared to the letter.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// Who vouches.
    pub issuer: String,
    /// For whom, as the issuer calls them.
    pub external_id: String,
}

/// Stands for an [`Identity`], of which it tells nothing to whoever cannot guess it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IdentityMark([u8; 32]);

/// A text that cannot name an issuer, or a person at one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be 1 to 255 characters, none of them a control character")]
pub struct IdentityError;

/// Whether a text may name an issuer, or a person at one.
///
/// # Errors
/// [`IdentityError`].
pub fn check(text: &str) -> Result<(), IdentityError> {
    let is_good = !text.trim().is_empty() && text.chars().count() <= MAX_LENGTH && !text.chars().any(char::is_control);
    if is_good { Ok(()) } else { Err(IdentityError) }
}

impl Identity {
    /// What stands for it.
    #[must_use]
    pub fn mark(&self) -> IdentityMark {
        // The length first, so that no two pairs make the same text.
        let length = u64::try_from(self.issuer.len()).unwrap_or(u64::MAX);
        let digest = Sha256::new().chain_update(length.to_be_bytes()).chain_update(&self.issuer).chain_update(&self.external_id);
        IdentityMark(digest.finalize().into())
    }

    /// What the account may be called, dearest first: what the issuer says, or else what it calls the person; then the same with a part of the
    /// mark, for where that name belongs to somebody. The same identity is always offered the same names.
    #[must_use]
    pub fn usernames(&self, wished: Option<&str>) -> [Name; 3] {
        let mark = self.mark().to_string();
        let base = [wished, Some(&*self.external_id)].into_iter().flatten().find_map(|text| Name::parse(text).ok());
        let base = base.map_or_else(|| "account".to_owned(), |name| name.as_str().to_owned());
        let short: String = base.chars().take(120).collect();
        let named = |text: String| Name::parse(&text).unwrap_or_else(|_| unreachable!("a name, and digits behind it, is a name"));
        [named(base), named(format!("{short}-{}", &mark[..8])), named(format!("{short}-{}", &mark[..32]))]
    }
}

impl fmt::Display for IdentityMark {
    /// In hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// May an account of this level be made at first sight, on an issuer's word alone?
///
/// # Errors
/// [`Refusal`] names the rule.
pub fn may_begin_with(level: Level) -> Result<(), Refusal> {
    if level <= Level::OWN { Ok(()) } else { Err(Refusal::AccountTooPowerful(level)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(issuer: &str, external_id: &str) -> Identity {
        Identity { issuer: issuer.into(), external_id: external_id.into() }
    }

    #[test]
    fn each_pair_has_a_mark_of_its_own() {
        assert_eq!(identity("a", "b").mark(), identity("a", "b").mark());
        for other in [identity("ab", ""), identity("", "ab"), identity("a", "B"), identity("b", "a")] {
            assert_ne!(identity("a", "b").mark(), other.mark());
        }
    }

    #[test]
    fn a_name_is_derived_from_whatever_the_issuer_says() {
        let names = |wished, external| identity("i", external).usernames(wished).map(|name| name.as_str().to_owned());
        assert_eq!(names(Some("Ada"), "42")[0], "Ada");
        assert_eq!(names(Some("\u{7}"), "42")[0], "42");
        assert_eq!(names(None, "42")[0], "42");
        let (long, wished) = ("x".repeat(250), "y".repeat(200));
        assert_eq!(names(None, &long)[0], "account");
        let [first, second, third] = names(Some(&wished), "42");
        assert_eq!((first.len(), second.len(), third.len()), (200, 129, 153));
        assert_ne!(names(Some("Ada"), "42")[1], names(Some("Ada"), "43")[1]);
    }

    #[test]
    fn an_issuers_word_makes_no_account_above_level_4() {
        for level in Level::all() {
            assert_eq!(may_begin_with(level).is_ok(), level <= Level::OWN, "{level}");
        }
    }

    #[test]
    fn names_of_people_elsewhere_are_texts_of_one_line() {
        for good in ["1", "auth0|62", &"ä".repeat(255)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "a\nb", &"a".repeat(256)] {
            assert_eq!(check(bad), Err(IdentityError), "{bad:?}");
        }
    }
}
