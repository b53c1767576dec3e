//! `/v1/permissions`, and the manifests of services.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keybearer_api as api;
use keybearer_store::DeclaredPermission;

use super::dress;
use super::extract::{Call, Signed};
use super::problem::Problems;
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

/// The most bytes of a manifest.
const MANIFEST: usize = 1024 * 1024;

fn answer(permissions: Vec<DeclaredPermission>) -> Response {
    let items = permissions.into_iter().map(|declared| api::Permission {
        permission: declared.permission.to_string(),
        service: declared.permission.service().to_owned(),
        name: declared.permission.name().to_owned(),
        description: declared.description,
        declared: declared.declared,
    });
    dress::json(&api::Page { items: items.collect::<Vec<_>>(), next_cursor: None })
}

/// All permissions by full name, also those that are granted though no longer declared.
///
/// For level 8, and for keys with `keybearer:policies.read` or `keybearer:permissions.declare`.
#[utoipa::path(get, path = "/v1/permissions", tag = "permissions",
    responses((status = 200, description = "All of them", body = api::Page<api::Permission>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(State(app): State<Arc<App>>, Signed { caller, .. }: Signed) -> Result<Response, AppError> {
    Ok(answer(ops::permission::list(&app, &caller).await?))
}

/// Declare all permissions of a service. The same again changes nothing; what is missing stays granted, marked as undeclared.
///
/// For level 8, and for keys with `keybearer:permissions.declare` that are bound to the service.
#[utoipa::path(put, path = "/v1/services/{service}/permissions", tag = "permissions",
    params(("service" = String, Path, description = "Its name", pattern = "^[A-Za-z][A-Za-z0-9._-]{0,63}$")), request_body = Vec<api::Declaration>,
    responses((status = 200, description = "What the service declares now", body = api::Page<api::Permission>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn declare(
    State(app): State<Arc<App>>,
    InPath(service): InPath,
    Call { request, caller, body }: Call<Vec<api::Declaration>, MANIFEST>,
) -> Result<Response, AppError> {
    let manifest = body.into_iter().map(|line| (line.name, line.description)).collect();
    Ok(answer(ops::permission::declare(&app, &request, &caller, &service, manifest).await?))
}
