//! Permissions that services declare.

use std::collections::HashSet;

use keybearer_core::permission::{MAX_DESCRIPTION, MAX_PER_SERVICE, OwnPermission, Permission, ServiceName};
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
    let service: ServiceName = service.parse().map_err(|error| AppError::invalid("service", error))?;
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
