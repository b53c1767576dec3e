//! Policies.

use std::sync::Arc;

use keybearer_core::name::canonical;
use keybearer_core::permission::{OwnPermission, Permission};
use keybearer_core::policy::{MAX_PERMISSIONS, PermissionSet, PolicyId};
use keybearer_core::token::KeyId;
use keybearer_store::{Cascade, NewPolicy, Policy, PolicyChange};

use super::name;
use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::{AppError, FieldError};
use crate::random;

/// Reads full names of permissions into a set.
///
/// # Errors
/// [`AppError::Invalid`] with an entry for each name that is none.
pub fn permissions(names: &[String]) -> Result<PermissionSet, AppError> {
    if names.len() > MAX_PERMISSIONS {
        return Err(AppError::invalid("/permissions", format!("must have at most {MAX_PERMISSIONS} entries")));
    }
    let mut errors = Vec::new();
    let mut permissions = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match name.parse::<Permission>() {
            Ok(permission) => permissions.push(permission),
            Err(error) => errors.push(FieldError::new(format!("/permissions/{place}"), error)),
        }
    }
    if errors.is_empty() { Ok(permissions.into_iter().collect()) } else { Err(AppError::Invalid(errors)) }
}

/// Makes a policy of declared permissions.
///
/// # Errors
/// [`AppError`] names the field, the rule, or what stands in the way.
pub async fn create(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    given: &str,
    permissions: PermissionSet,
) -> Result<Policy, AppError> {
    caller.authority.manages(OwnPermission::PoliciesWrite)?;
    let (name, name_key) = name("/name", given)?;
    let id = PolicyId(*KeyId::new(app.clock.now(), &random::bytes()).as_uuid());
    let new = NewPolicy { id, name, name_key, permissions };
    Ok(app.store.create_policy(app.origin(caller.actor, request), new).await?)
}

/// Changes a policy: what is `None` stays. The rights of every key that uses it change at once.
///
/// # Errors
/// [`AppError`] names the field, the rule, or what stands in the way.
pub async fn change(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: PolicyId,
    given: Option<&str>,
    permissions: Option<PermissionSet>,
    if_version: Option<i64>,
) -> Result<Policy, AppError> {
    caller.authority.manages(OwnPermission::PoliciesWrite)?;
    let change = PolicyChange { name: given.map(|given| name("/name", given)).transpose()?, permissions, if_version };
    Ok(app.store.change_policy(app.origin(caller.actor, request), id, change).await?)
}

/// Deletes a policy. Its keys are revoked, as far as `cascade` knows of them; any other prevents it. Returns the keys that were revoked.
///
/// # Errors
/// [`AppError`] names the rule, or the keys that stand in the way.
pub async fn delete(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: PolicyId,
    cascade: Cascade,
    if_version: Option<i64>,
) -> Result<Vec<KeyId>, AppError> {
    caller.authority.manages(OwnPermission::PoliciesWrite)?;
    Ok(app.store.delete_policy(app.origin(caller.actor, request), id, cascade, if_version).await?)
}

/// One policy.
///
/// # Errors
/// [`AppError::Refused`] or [`AppError::NotFound`].
pub async fn read(app: &App, caller: &Caller, id: PolicyId) -> Result<Policy, AppError> {
    caller.authority.manages(OwnPermission::PoliciesRead)?;
    Ok(app.store.policy(id).await?)
}

/// All policies by name.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `policies.read`.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Policy>, AppError> {
    caller.authority.manages(OwnPermission::PoliciesRead)?;
    Ok(app.store.policies().await?)
}

/// The names of all policies, in order, to choose from: from memory, and without the number of their keys, which would be counted for each.
/// `None` where there are more than so many.
///
/// # Errors
/// As [`list`].
pub fn names(app: &App, caller: &Caller, most: usize) -> Result<Option<Vec<Arc<Policy>>>, AppError> {
    caller.authority.manages(OwnPermission::PoliciesRead)?;
    let mut policies = app.index.some_policies(most + 1);
    if policies.len() > most {
        return Ok(None);
    }
    policies.sort_by_cached_key(|policy| canonical(&policy.name));
    Ok(Some(policies))
}

/// A policy that somebody means.
pub struct Meant {
    /// Its id.
    pub id: PolicyId,
    /// The policy itself, unless it is deleted.
    pub policy: Option<Arc<Policy>>,
}

/// The policy that somebody means by its name, however it is spelled, or by its id, which it has even where it is deleted. `None`: there is no
/// such policy.
///
/// # Errors
/// As [`list`].
pub fn meant(app: &App, caller: &Caller, text: &str) -> Result<Option<Meant>, AppError> {
    caller.authority.manages(OwnPermission::PoliciesRead)?;
    if let Ok(id) = text.parse() {
        return Ok(Some(Meant { id, policy: app.index.policy(id) }));
    }
    let name = canonical(text);
    let named = app.index.policies().into_iter().find(|policy| canonical(&policy.name) == name);
    Ok(named.map(|policy| Meant { id: policy.id, policy: Some(policy) }))
}
