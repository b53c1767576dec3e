//! Gates in the store.

use async_trait::async_trait;
use keybearer_core::gate::{Carrier, Gate, GateName, IdentityHeader, Rule};
use keybearer_core::key::KeyKind;
use keybearer_core::permission::Permission;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::{Origin, StoreError};

/// A gate under its name.
#[derive(Clone, Debug)]
pub struct NamedGate {
    /// Its name, which proxies ask for.
    pub name: GateName,
    /// What it requires.
    pub gate: Gate,
    /// When it was first defined.
    pub created_at: UnixMillis,
    /// Who did; see [`crate::Actor`].
    pub created_by: String,
    /// The revision of its last change.
    pub version: i64,
}

/// What a caller knows of a gate, where that must still be so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfGate {
    /// Nothing: there may be one or not.
    Whatever,
    /// There is none of that name.
    Absent,
    /// It has this version.
    Version(i64),
}

/// A gate that was put.
#[derive(Clone, Debug)]
pub struct PutGate {
    /// As it is now.
    pub gate: NamedGate,
    /// Whether there was none of that name.
    pub is_new: bool,
}

/// Verbs about gates.
#[async_trait]
pub trait Gates {
    /// Defines a gate, whether there is one of that name or not. Permissions that it names anew must be declared.
    async fn put_gate(&self, origin: Origin, name: GateName, gate: Gate, known: IfGate) -> Result<PutGate, StoreError>;
    /// Deletes a gate: nobody passes any more.
    async fn delete_gate(&self, origin: Origin, name: GateName, known: IfGate) -> Result<(), StoreError>;
    /// One gate.
    async fn gate(&self, name: GateName) -> Result<NamedGate, StoreError>;
    /// All gates by name.
    async fn gates(&self) -> Result<Vec<NamedGate>, StoreError>;
}

/// What a gate requires, in the form in which it is stored, exported and told by the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateText {
    /// One of these permissions suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// Each of these is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// The least level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The kind of key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
    /// What requests need besides, the first that fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleText>,
    /// Where it looks for a key.
    pub carriers: Vec<Carrier>,
    /// What it tells of the key.
    pub headers: Vec<IdentityHeader>,
}

/// As [`GateText`], of one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// For which methods; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Below which path; none means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// One of these permissions suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// Each of these is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// The least level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The kind of key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// A requirement's parts: any_of, all_of, level, kind.
type Parts = (Vec<String>, Vec<String>, Option<u8>, Option<KeyKind>);

fn parts(requirement: &Requirement) -> Parts {
    let names = |permissions: &[Permission]| permissions.iter().map(ToString::to_string).collect();
    match requirement {
        Requirement::Valid { kind } => (Vec::new(), Vec::new(), None, *kind),
        Requirement::Level(level) => (Vec::new(), Vec::new(), Some(level.number()), None),
        Requirement::Permissions { any_of, all_of } => (names(any_of), names(all_of), None, None),
    }
}

fn requirement(parts: Parts) -> Result<Requirement, String> {
    let (any_of, all_of, level, kind) = parts;
    let read = |names: Vec<String>| names.iter().map(|name| name.parse().map_err(told)).collect::<Result<_, String>>();
    let level = level.map(|level| Level::new(level.into()).map_err(told)).transpose()?;
    Requirement::new(read(any_of)?, read(all_of)?, level, kind).map_err(told)
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

impl From<&Gate> for GateText {
    fn from(gate: &Gate) -> Self {
        let (any_of, all_of, level, kind) = parts(gate.requirement());
        let rules = gate.rules().iter().map(RuleText::from).collect();
        Self { any_of, all_of, level, kind, rules, carriers: gate.carriers().to_vec(), headers: gate.headers().to_vec() }
    }
}

impl From<&Rule> for RuleText {
    fn from(rule: &Rule) -> Self {
        let (any_of, all_of, level, kind) = parts(rule.requirement());
        let methods = rule.methods().iter().map(ToString::to_string).collect();
        Self { methods, path: rule.path().map(ToString::to_string), any_of, all_of, level, kind }
    }
}

impl TryFrom<GateText> for Gate {
    /// What is wrong with it.
    type Error = String;

    fn try_from(text: GateText) -> Result<Self, String> {
        let rules = text.rules.into_iter().map(Rule::try_from).collect::<Result<_, _>>()?;
        Self::new(requirement((text.any_of, text.all_of, text.level, text.kind))?, rules, text.carriers, text.headers).map_err(told)
    }
}

impl TryFrom<RuleText> for Rule {
    /// What is wrong with it.
    type Error = String;

    fn try_from(text: RuleText) -> Result<Self, String> {
        let methods = text.methods.iter().map(|method| method.parse().map_err(told)).collect::<Result<_, String>>()?;
        let path = text.path.map(|path| path.parse().map_err(told)).transpose()?;
        Ok(Self::new(methods, path, requirement((text.any_of, text.all_of, text.level, text.kind))?))
    }
}

/// A gate as its row has it.
pub(crate) fn written(gate: &Gate) -> Result<String, serde_json::Error> {
    serde_json::to_string(&GateText::from(gate))
}

/// The gate that a row has.
pub(crate) fn read(definition: &str) -> Result<Gate, String> {
    serde_json::from_str::<GateText>(definition).map_err(told)?.try_into()
}

impl IfGate {
    /// Whether what is known is so.
    pub(crate) fn check(self, here: Option<&NamedGate>) -> Result<(), StoreError> {
        match (self, here) {
            (Self::Whatever, _) | (Self::Absent, None) => Ok(()),
            (Self::Absent, Some(_)) => Err(StoreError::Taken { what: crate::What::Gate, field: "name" }),
            (Self::Version(version), Some(gate)) if gate.version == version => Ok(()),
            (Self::Version(_), here) => Err(StoreError::VersionMismatch { current: here.map_or(0, |gate| gate.version) }),
        }
    }
}
