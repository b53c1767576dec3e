//! Rules of a gate: which requirement stands for which requests.

use std::fmt;
use std::str::FromStr;

use super::path::{Prefix, segments};
use crate::requirement::Requirement;

/// A method of HTTP, compared letter for letter, as RFC 9110 has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Method(Box<str>);

/// Why a text is no method.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a method is 1 to 32 upper-case letters, digits, '-' or '_', such as GET")]
pub struct MethodError;

impl Method {
    /// The method.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Self, MethodError> {
        let is_word = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        if (1..=32).contains(&text.len()) && is_word { Ok(Self(text.into())) } else { Err(MethodError) }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key must meet for requests of these methods below this path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    methods: Vec<Method>,
    path: Option<Prefix>,
    requirement: Requirement,
}

impl Rule {
    /// A rule for these methods, where none means all, and for what is below this path, where none means all.
    #[must_use]
    pub fn new(methods: Vec<Method>, path: Option<Prefix>, requirement: Requirement) -> Self {
        Self { methods, path, requirement }
    }

    /// For which methods it stands; none means all.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Below which path it stands.
    #[must_use]
    pub fn path(&self) -> Option<&Prefix> {
        self.path.as_ref()
    }

    /// What a key must meet.
    #[must_use]
    pub fn requirement(&self) -> &Requirement {
        &self.requirement
    }
}

/// What is known of one part of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<T> {
    /// Nobody who may be believed has told it.
    Absent,
    /// It was told twice, and not alike.
    Conflicting,
    /// This.
    Known(T),
}

/// What is known of the request about which a proxy asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen<'a> {
    /// Its method.
    pub method: Part<&'a str>,
    /// Its path as it was sent, still encoded, without the query.
    pub path: Part<&'a str>,
}

/// Why nobody may pass, whatever the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Denial {
    /// No rule stands for such a request.
    NoRule,
    /// A rule needs the method, which is not known.
    MethodMissing,
    /// A rule needs the path, which is not known.
    PathMissing,
    /// A rule needs the path, which two could read in two ways.
    PathUnclear,
    /// Method or path was told twice, and not alike.
    Conflicting,
}

impl Denial {
    /// The reason in a word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoRule => "NO_RULE",
            Self::MethodMissing => "METHOD_MISSING",
            Self::PathMissing => "PATH_MISSING",
            Self::PathUnclear => "PATH_UNCLEAR",
            Self::Conflicting => "CONFLICTING",
        }
    }
}

/// What the first rule that fits requires.
///
/// A rule that cannot be tried ends the search: one behind it might ask for less.
pub(super) fn first<'a>(rules: &'a [Rule], seen: &Seen<'_>) -> Result<&'a Requirement, Denial> {
    if seen.method == Part::Conflicting || seen.path == Part::Conflicting {
        return Err(Denial::Conflicting);
    }
    let mut read = None;
    for rule in rules {
        if !rule.methods.is_empty() {
            let Part::Known(method) = seen.method else { return Err(Denial::MethodMissing) };
            if rule.methods.iter().all(|one| one.as_str() != method) {
                continue;
            }
        }
        if let Some(prefix) = &rule.path {
            let Part::Known(path) = seen.path else { return Err(Denial::PathMissing) };
            // Read once, and only where a rule needs it.
            let path = match read.take() {
                Some(path) => path,
                None => segments(path).map_err(|_| Denial::PathUnclear)?,
            };
            let fits = prefix.is_above(&path);
            read = Some(path);
            if !fits {
                continue;
            }
        }
        return Ok(&rule.requirement);
    }
    Err(Denial::NoRule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Level;

    fn level(number: i64) -> Requirement {
        Requirement::Level(Level::new(number).unwrap())
    }

    fn rule(methods: &[&str], path: Option<&str>, number: i64) -> Rule {
        let methods = methods.iter().map(|method| method.parse().unwrap()).collect();
        Rule::new(methods, path.map(|path| path.parse().unwrap()), level(number))
    }

    fn known<'a>(method: &'a str, path: &'a str) -> Seen<'a> {
        Seen { method: Part::Known(method), path: Part::Known(path) }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = [
            rule(&["GET", "HEAD"], Some("/orders"), 1),
            rule(&[], Some("/orders/admin"), 8),
            rule(&["POST"], None, 3),
            rule(&[], Some("/"), 6),
        ];
        for (method, path, wanted) in [
            ("GET", "/orders", 1),
            ("HEAD", "/orders/admin", 1),
            ("PUT", "/orders/admin/x", 8),
            ("POST", "/orders/admin", 8),
            ("POST", "/orders", 3),
            ("GET", "/ordersx", 6),
            ("get", "/orders", 6),
            ("DELETE", "/", 6),
        ] {
            assert_eq!(first(&rules, &known(method, path)), Ok(&level(wanted)), "{method} {path}");
        }
        assert_eq!(first(&rules[..1], &known("GET", "/other")), Err(Denial::NoRule));
        assert_eq!(first(&rules[..1], &known("POST", "/orders")), Err(Denial::NoRule));
    }

    #[test]
    fn a_rule_that_cannot_be_tried_lets_nobody_pass_to_the_next() {
        let absent = Seen { method: Part::Absent, path: Part::Absent };
        let method_only = Seen { method: Part::Known("GET"), ..absent };
        let path_only = Seen { path: Part::Known("/x"), ..absent };
        let weak = rule(&[], None, 0);
        assert_eq!(first(&[rule(&["GET"], None, 8), weak.clone()], &path_only), Err(Denial::MethodMissing));
        assert_eq!(first(&[rule(&[], Some("/x"), 8), weak.clone()], &method_only), Err(Denial::PathMissing));
        assert_eq!(first(&[rule(&["POST"], Some("/x"), 8), weak.clone()], &method_only), Ok(&level(0)), "its path is not needed");
        assert_eq!(first(&[rule(&[], Some("/x"), 8), weak.clone()], &known("GET", "/y/..")), Err(Denial::PathUnclear));
        assert_eq!(first(std::slice::from_ref(&weak), &absent), Ok(&level(0)), "it needs neither");
        let conflicting = Seen { method: Part::Conflicting, ..path_only };
        assert_eq!(first(std::slice::from_ref(&weak), &conflicting), Err(Denial::Conflicting));
        let conflicting = Seen { path: Part::Conflicting, ..method_only };
        assert_eq!(first(&[weak], &conflicting), Err(Denial::Conflicting));
    }

    #[test]
    fn a_method_is_a_word_in_capitals() {
        for bad in ["", "get", "GE T", "GET,POST", &"A".repeat(33)] {
            assert_eq!(bad.parse::<Method>(), Err(MethodError), "{bad:?}");
        }
        assert_eq!("M-SEARCH".parse::<Method>().unwrap().as_str(), "M-SEARCH");
    }
}
