//! Gates: named requirements, by which proxies ask whether a request may go on.
//!
//! A gate has a requirement that every key must meet. It may have rules, which choose by method and path what a key must meet besides. The
//! first rule that fits decides; where there are rules and none fits, nobody passes. What a rule needs to know and does not know is a no.

mod path;
mod rule;

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::path::{LONGEST_PATH, LONGEST_PREFIX, PathError, Prefix, segments};
pub use self::rule::{Denial, Method, MethodError, Part, Rule, Seen};
use crate::permission::Permission;
use crate::policy::PermissionSet;
use crate::requirement::Requirement;

/// The name of the gate that every valid key passes. It is always there.
pub const ANY: &str = "any";
/// The most characters of a gate's name.
pub const LONGEST_NAME: usize = 64;
/// The most rules of a gate.
pub const MAX_RULES: usize = 64;
/// The most bytes of the permissions that a gate names, each with what stands between. So the header that tells them fits into what proxies
/// take, which for some is 4 KiB for all headers together.
pub const MAX_NAMED: usize = 3_072;

/// The name of a gate: a lower-case letter, then at most 63 lower-case letters, digits, `.`, `_` or `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GateName(Box<str>);

/// Why a text names no gate that could be defined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GateNameError {
    /// Its form.
    #[error("a gate's name is a lower-case letter followed by at most 63 lower-case letters, digits, '.', '_' or '-'")]
    Form,
    /// It is the one that is always there.
    #[error("the gate \"any\" is built in: every valid key passes it, and it cannot be defined otherwise")]
    BuiltIn,
}

impl GateName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GateName {
    type Err = GateNameError;

    fn from_str(text: &str) -> Result<Self, GateNameError> {
        let is_tail = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        match text.as_bytes() {
            _ if text == ANY => Err(GateNameError::BuiltIn),
            [b'a'..=b'z', tail @ ..] if text.len() <= LONGEST_NAME && tail.iter().all(|byte| is_tail(*byte)) => Ok(Self(text.into())),
            _ => Err(GateNameError::Form),
        }
    }
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for GateName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Where in a request a gate looks for a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// `X-API-Key`.
    XApiKey,
    /// `catena-api-key`.
    CatenaApiKey,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Bearer, Self::Basic, Self::XApiKey, Self::CatenaApiKey];

    /// The carrier as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::XApiKey => "x-api-key",
            Self::CatenaApiKey => "catena-api-key",
        }
    }
}

/// What a gate tells of the key that passed. A header that a gate does not tell is set all the same, to nothing: otherwise a proxy could take
/// it from the client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityHeader {
    /// The id of the key.
    XKeyId,
    /// The number of its owner's account.
    XOwnerId,
    /// Its level in force.
    XKeyLevel,
    /// Those of its permissions that the gate names.
    XPermissions,
}

impl IdentityHeader {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::XKeyId, Self::XOwnerId, Self::XKeyLevel, Self::XPermissions];

    /// The name of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::XKeyId => "x-key-id",
            Self::XOwnerId => "x-owner-id",
            Self::XKeyLevel => "x-key-level",
            Self::XPermissions => "x-permissions",
        }
    }
}

/// A gate, ready to be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gate {
    requirement: Requirement,
    rules: Vec<Rule>,
    carriers: Vec<Carrier>,
    headers: Vec<IdentityHeader>,
    named: PermissionSet,
}

/// Why parts make no gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GateError {
    /// More than [`MAX_RULES`].
    #[error("a gate has at most {MAX_RULES} rules")]
    TooManyRules,
    /// This rule and the gate's own requirement want different kinds of key.
    #[error("no key can meet this and what the gate itself requires: account keys have a level, service keys have permissions")]
    Unmeetable {
        /// The number of the rule, from 0.
        rule: usize,
    },
    /// More than [`MAX_NAMED`].
    #[error("the permissions that a gate names have at most {MAX_NAMED} characters together")]
    TooManyPermissions,
    /// It would look nowhere.
    #[error("a gate accepts keys in at least one carrier")]
    NoCarrier,
}

impl Gate {
    /// The gate made of these parts.
    ///
    /// # Errors
    /// [`GateError`].
    pub fn new(
        requirement: Requirement,
        rules: Vec<Rule>,
        mut carriers: Vec<Carrier>,
        mut headers: Vec<IdentityHeader>,
    ) -> Result<Self, GateError> {
        if rules.len() > MAX_RULES {
            return Err(GateError::TooManyRules);
        }
        let differs = |rule: &Rule| requirement.kind().zip(rule.requirement().kind()).is_some_and(|(all, one)| all != one);
        if let Some(rule) = rules.iter().position(differs) {
            return Err(GateError::Unmeetable { rule });
        }
        let named: PermissionSet =
            std::iter::once(&requirement).chain(rules.iter().map(Rule::requirement)).flat_map(Requirement::permissions).cloned().collect();
        if named.iter().map(|permission| permission.as_str().len() + 1).sum::<usize>() > MAX_NAMED {
            return Err(GateError::TooManyPermissions);
        }
        carriers.sort_unstable();
        carriers.dedup();
        headers.sort_unstable();
        headers.dedup();
        if carriers.is_empty() {
            return Err(GateError::NoCarrier);
        }
        Ok(Self { requirement, rules, carriers, headers, named })
    }

    /// What every key must meet, whatever the rules say.
    #[must_use]
    pub fn requirement(&self) -> &Requirement {
        &self.requirement
    }

    /// The rules, in the order in which they are tried.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Where it looks for a key.
    #[must_use]
    pub fn carriers(&self) -> &[Carrier] {
        &self.carriers
    }

    /// What it tells of the key that passed.
    #[must_use]
    pub fn headers(&self) -> &[IdentityHeader] {
        &self.headers
    }

    /// Whether it looks for a key there.
    #[must_use]
    pub fn accepts(&self, carrier: Carrier) -> bool {
        self.carriers.contains(&carrier)
    }

    /// Whether it tells this of the key that passed.
    #[must_use]
    pub fn tells(&self, header: IdentityHeader) -> bool {
        self.headers.contains(&header)
    }

    /// All permissions that it names anywhere.
    #[must_use]
    pub fn named(&self) -> &PermissionSet {
        &self.named
    }

    /// What a key must meet besides [`Gate::requirement`], for a request of which this was seen. Nothing where there are no rules.
    ///
    /// # Errors
    /// [`Denial`] where nobody may pass.
    pub fn beside(&self, seen: &Seen<'_>) -> Result<Option<&Requirement>, Denial> {
        if self.rules.is_empty() { Ok(None) } else { rule::first(&self.rules, seen).map(Some) }
    }

    /// Those of a key's permissions that the gate names, as the header tells them: with spaces between.
    #[must_use]
    pub fn told(&self, held: &PermissionSet) -> String {
        let told: Vec<&str> = self.named.iter().filter(|permission| held.contains(permission)).map(Permission::as_str).collect();
        told.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Level;

    fn permissions(names: &[&str]) -> Vec<Permission> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn gate(requirement: Requirement, rules: Vec<Rule>) -> Result<Gate, GateError> {
        Gate::new(requirement, rules, Carrier::ALL.into(), IdentityHeader::ALL.into())
    }

    fn needs(names: &[&str]) -> Requirement {
        Requirement::new(permissions(names), Vec::new(), None, None).unwrap()
    }

    #[test]
    fn names_are_short_words_and_one_of_them_is_taken() {
        for good in ["a", "any-", "orders.v2_read", "a1", &"a".repeat(64)] {
            assert_eq!(good.parse::<GateName>().unwrap().as_str(), good);
        }
        for bad in ["", "1a", "A", "aB", "-a", "a b", "a/b", "ä", "a\n", &"a".repeat(65)] {
            assert_eq!(bad.parse::<GateName>(), Err(GateNameError::Form), "{bad:?}");
        }
        assert_eq!("any".parse::<GateName>(), Err(GateNameError::BuiltIn));
    }

    #[test]
    fn a_rule_that_no_key_could_meet_together_with_the_gate_is_refused() {
        let level = Requirement::Level(Level::OWN);
        let rules = vec![Rule::new(vec![], None, Requirement::ANY), Rule::new(vec![], None, needs(&["shop:read"]))];
        assert_eq!(gate(level.clone(), rules.clone()), Err(GateError::Unmeetable { rule: 1 }));
        assert!(gate(needs(&["shop:write"]), rules).is_ok());
        assert_eq!(gate(level, vec![Rule::new(vec![], None, Requirement::ANY); MAX_RULES + 1]), Err(GateError::TooManyRules));
    }

    #[test]
    fn what_a_gate_tells_of_permissions_fits_into_a_header() {
        let held: PermissionSet = permissions(&["shop:a", "shop:b", "shop:c"]).into_iter().collect();
        let rules = vec![Rule::new(vec![], None, needs(&["shop:c", "shop:d"]))];
        assert_eq!(gate(needs(&["shop:b"]), rules).unwrap().told(&held), "shop:b shop:c");
        let names: Vec<String> = (0..24).map(|number| format!("shop:{number:0>127}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(gate(needs(&names), Vec::new()), Err(GateError::TooManyPermissions));
        let most = gate(needs(&names[..23]), Vec::new()).unwrap();
        assert!(most.told(most.named()).len() <= MAX_NAMED);
    }

    #[test]
    fn a_gate_without_a_carrier_is_refused_and_one_without_headers_is_not() {
        assert_eq!(Gate::new(Requirement::ANY, vec![], vec![], IdentityHeader::ALL.into()), Err(GateError::NoCarrier));
        let gate = Gate::new(Requirement::ANY, vec![], vec![Carrier::XApiKey, Carrier::Bearer, Carrier::Bearer], vec![]).unwrap();
        assert_eq!((gate.carriers(), gate.headers()), (&[Carrier::Bearer, Carrier::XApiKey][..], &[][..]));
        assert!(gate.accepts(Carrier::Bearer) && !gate.accepts(Carrier::Basic) && !gate.tells(IdentityHeader::XKeyId));
    }
}
