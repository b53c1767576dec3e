//! Defining gates.

use keybearer_core::gate::{Carrier, Gate, GateError, GateName, IdentityHeader, Method, Prefix, Rule};
use keybearer_core::permission::OwnPermission;
use keybearer_store::{IfGate, NamedGate, PutGate, What};

use super::verify::{RequirementParts, requirement};
use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::{AppError, FieldError};

/// A rule as it stands on the wire.
pub struct RuleParts<'a> {
    /// For which methods; none means all.
    pub methods: &'a [String],
    /// Below which path; none means all.
    pub path: Option<&'a str>,
    /// What a key must meet.
    pub requirement: RequirementParts<'a>,
}

/// A gate as it stands on the wire.
pub struct GateParts<'a> {
    /// What every key must meet.
    pub requirement: RequirementParts<'a>,
    /// The rules.
    pub rules: Vec<RuleParts<'a>>,
    /// Where it looks for a key; all where nothing is said.
    pub carriers: Option<Vec<Carrier>>,
    /// What it tells of the key; all where nothing is said.
    pub headers: Option<Vec<IdentityHeader>>,
}

/// The gate that somebody means.
///
/// # Errors
/// [`AppError::Invalid`] with an entry for each wrong value.
pub fn meant(parts: GateParts<'_>) -> Result<Gate, AppError> {
    let mut errors = Vec::new();
    let base = kept(requirement("", &parts.requirement), &mut errors)?;
    let mut rules = Vec::with_capacity(parts.rules.len());
    for (place, rule) in parts.rules.iter().enumerate() {
        rules.extend(self::rule(&format!("/rules/{place}"), rule, &mut errors)?);
    }
    let (Some(base), true) = (base, errors.is_empty()) else {
        return Err(AppError::Invalid(errors));
    };
    let carriers = parts.carriers.unwrap_or_else(|| Carrier::ALL.into());
    let headers = parts.headers.unwrap_or_else(|| IdentityHeader::ALL.into());
    Gate::new(base, rules, carriers, headers).map_err(|error| {
        let pointer = match error {
            GateError::TooManyRules => "/rules".to_owned(),
            GateError::Unmeetable { rule } => format!("/rules/{rule}"),
            GateError::TooManyPermissions => "/any_of".to_owned(),
            GateError::NoCarrier => "/carriers".to_owned(),
        };
        AppError::invalid(pointer, error.to_string())
    })
}

/// None where something is wrong with it, which is among the errors then.
fn rule(at: &str, parts: &RuleParts<'_>, errors: &mut Vec<FieldError>) -> Result<Option<Rule>, AppError> {
    let mut methods = Vec::with_capacity(parts.methods.len());
    for (place, method) in parts.methods.iter().enumerate() {
        match method.parse::<Method>() {
            Ok(method) => methods.push(method),
            Err(error) => errors.push(FieldError::new(format!("{at}/methods/{place}"), error.to_string())),
        }
    }
    let path = parts.path.map(str::parse::<Prefix>).transpose().unwrap_or_else(|error| {
        errors.push(FieldError::new(format!("{at}/path"), format!("must be {error}")));
        None
    });
    let requirement = kept(requirement(at, &parts.requirement), errors)?;
    Ok(requirement.map(|requirement| Rule::new(methods, path, requirement)))
}

/// The value, or its errors among the others.
fn kept<T>(read: Result<T, AppError>, errors: &mut Vec<FieldError>) -> Result<Option<T>, AppError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(AppError::Invalid(wrong)) => {
            errors.extend(wrong);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn existing(name: &str) -> Result<GateName, AppError> {
    name.parse().map_err(|_| AppError::NotFound(What::Gate))
}

/// Defines a gate, whether there is one of that name or not. What it lets pass changes at once.
///
/// # Errors
/// [`AppError`] names the field, the rule, or what stands in the way.
pub async fn put(app: &App, request: &RequestContext, caller: &Caller, name: &str, gate: Gate, known: IfGate) -> Result<PutGate, AppError> {
    caller.authority.write_gate()?;
    let name = name.parse::<GateName>().map_err(|error| AppError::invalid("/name", error.to_string()))?;
    let put = app.store.put_gate(app.origin(caller.actor, request), name, gate, known).await;
    put.map_err(|error| match error.into() {
        // They may stand in any of its lists.
        AppError::UnknownPermissions(_, names) => AppError::UnknownPermissions("", names),
        error => error,
    })
}

/// Deletes a gate: nobody passes any more.
///
/// # Errors
/// [`AppError`] names the rule, or what stands in the way.
pub async fn delete(app: &App, request: &RequestContext, caller: &Caller, name: &str, known: IfGate) -> Result<(), AppError> {
    caller.authority.write_gate()?;
    Ok(app.store.delete_gate(app.origin(caller.actor, request), existing(name)?, known).await?)
}

/// One gate.
///
/// # Errors
/// [`AppError::Refused`] or [`AppError::NotFound`].
pub async fn read(app: &App, caller: &Caller, name: &str) -> Result<NamedGate, AppError> {
    caller.authority.manages(OwnPermission::PoliciesRead)?;
    Ok(app.store.gate(existing(name)?).await?)
}

/// All gates by name.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `policies.read`.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<NamedGate>, AppError> {
    caller.authority.manages(OwnPermission::PoliciesRead)?;
    Ok(app.store.gates().await?)
}
