//! Permissions that services declare.

use std::collections::HashSet;

use keybearer_core::permission::{KEYBEARER, MAX_DESCRIPTION, MAX_PER_SERVICE, OwnPermission, Permission, PermissionError, ServiceName};
use keybearer_core::policy::{MAX_PERMISSIONS, PermissionSet};
use keybearer_store::{Declaration, DeclaredPermission};

use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::{AppError, FieldError};

/// All permissions by full name.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `policies.read` or `permissions.declare`.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<DeclaredPermission>, AppError> {
    caller.authority.see_permissions()?;
    Ok(app.store.permissions().await?)
}

/// Reads names of permissions: full ones, or bare ones that exactly one service declares. A bare name never means one of Keybearer's own, and
/// only what is declared now has one.
///
/// # Errors
/// [`AppError::Invalid`] with an entry for each name that means no permission, or more than one.
pub async fn resolve(app: &App, names: &[String]) -> Result<PermissionSet, AppError> {
    if names.len() > MAX_PERMISSIONS {
        return Err(AppError::invalid("/permissions", format!("must have at most {MAX_PERMISSIONS} entries")));
    }
    let declared = if names.iter().all(|name| name.contains(':')) { Vec::new() } else { app.store.permissions().await? };
    let mut errors = Vec::new();
    let mut permissions = Vec::new();
    for (place, name) in names.iter().enumerate() {
        match full(name, &declared) {
            Ok(permission) => permissions.push(permission),
            Err(message) => errors.push(FieldError::new(format!("/permissions/{place}"), message)),
        }
    }
    if errors.is_empty() { Ok(permissions.into_iter().collect()) } else { Err(AppError::Invalid(errors)) }
}

fn full(name: &str, declared: &[DeclaredPermission]) -> Result<Permission, String> {
    if name.contains(':') {
        return name.parse().map_err(|error: PermissionError| error.to_string());
    }
    let named: Vec<&Permission> =
        declared.iter().filter(|one| one.declared).map(|one| &one.permission).filter(|one| one.name() == name).collect();
    let (own, candidates): (Vec<_>, Vec<_>) = named.into_iter().partition(|one| one.service() == KEYBEARER);
    match (candidates.as_slice(), own.first()) {
        ([one], _) => Ok((*one).clone()),
        ([], Some(own)) => Err(format!("is declared by no service; for Keybearer's own, write {own}")),
        ([], None) => Err("is declared by no service".to_owned()),
        (several, _) => {
            let several: Vec<&str> = several.iter().map(|one| one.as_str()).collect();
            Err(format!("is declared by several services: write one of {}", several.join(", ")))
        }
    }
}

/// Replaces the whole manifest of a service: pairs of name and description. The same again changes nothing.
///
/// # Errors
/// [`AppError::Invalid`] with an entry for each wrong line; [`AppError::Refused`] for a service that is not the caller's.
pub async fn declare(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    service: &str,
    manifest: Vec<(String, String)>,
) -> Result<Vec<DeclaredPermission>, AppError> {
    caller.authority.manages(OwnPermission::PermissionsDeclare)?;
    let service: ServiceName = service.parse().map_err(|error: PermissionError| AppError::invalid("service", error))?;
    caller.authority.declare(&service)?;
    if manifest.len() > MAX_PER_SERVICE {
        return Err(AppError::invalid("", format!("a service declares at most {MAX_PER_SERVICE} permissions")));
    }
    let declaration = Declaration { permissions: read(&service, manifest)?, service };
    Ok(app.store.declare(app.origin(caller.actor, request), declaration).await?)
}

fn read(service: &ServiceName, manifest: Vec<(String, String)>) -> Result<Vec<(Permission, String)>, AppError> {
    let mut errors = Vec::new();
    let mut seen = HashSet::new();
    let mut permissions = Vec::new();
    for (place, (name, description)) in manifest.into_iter().enumerate() {
        if description.trim().is_empty() || description.chars().count() > MAX_DESCRIPTION || description.chars().any(char::is_control) {
            let message = format!("must say in 1 to {MAX_DESCRIPTION} characters what the permission lets a key do");
            errors.push(FieldError::new(format!("/{place}/description"), message));
        }
        match Permission::of(service, &name) {
            Err(error) => errors.push(FieldError::new(format!("/{place}/name"), error)),
            Ok(permission) if !seen.insert(permission.clone()) => {
                errors.push(FieldError::new(format!("/{place}/name"), "is declared twice"));
            }
            Ok(permission) => permissions.push((permission, description)),
        }
    }
    if errors.is_empty() { Ok(permissions) } else { Err(AppError::Invalid(errors)) }
}
