//! `/v1/policies`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use keybearer_api as api;
use keybearer_core::policy::PolicyId;
use keybearer_store::{Cascade, Policy, What};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dress;
use super::extract::{Call, Query, Signed};
use super::problem::Problems;
use super::version::{if_match, with_version};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

fn id(text: &str) -> Result<PolicyId, AppError> {
    text.parse().map_err(|_| AppError::NotFound(What::Policy))
}

fn dressed(policy: &Policy) -> api::Policy {
    api::Policy {
        id: policy.id.0,
        name: policy.name.clone(),
        permissions: dress::names(&policy.permissions),
        keys: policy.keys,
        created_at: dress::moment(policy.created_at),
        created_by: policy.created_by.clone(),
    }
}

/// The policy with its version as `ETag`.
fn answer(status: StatusCode, policy: &Policy) -> Response {
    with_version((status, dress::json(&dressed(policy))).into_response(), policy.version)
}

/// Make a policy of declared permissions.
///
/// For level 8, and for keys with `keybearer:policies.write`, within their own power.
#[utoipa::path(post, path = "/v1/policies", tag = "policies", request_body = api::NewPolicy,
    responses((status = 201, description = "Made", body = api::Policy), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Call { request, caller, body }: Call<api::NewPolicy>,
) -> Result<Response, AppError> {
    let permissions = ops::policy::permissions(&body.permissions)?;
    let policy = ops::policy::create(&app, &request, &caller, &body.name, permissions).await?;
    Ok(answer(StatusCode::CREATED, &policy))
}

/// All policies by name.
///
/// For level 8, and for keys with `keybearer:policies.read`.
#[utoipa::path(get, path = "/v1/policies", tag = "policies",
    responses((status = 200, description = "All of them", body = api::Page<api::Policy>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(State(app): State<Arc<App>>, Signed { caller, .. }: Signed) -> Result<Response, AppError> {
    let items = ops::policy::list(&app, &caller).await?.iter().map(dressed).collect();
    Ok(dress::json(&api::Page::<api::Policy> { items, next_cursor: None }))
}

/// One policy.
///
/// For level 8, and for keys with `keybearer:policies.read`.
#[utoipa::path(get, path = "/v1/policies/{id}", tag = "policies", params(("id" = uuid::Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The policy; its version is the ETag", body = api::Policy), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn read(State(app): State<Arc<App>>, Signed { caller, .. }: Signed, InPath(text): InPath) -> Result<Response, AppError> {
    let policy = ops::policy::read(&app, &caller, id(&text)?).await?;
    Ok(answer(StatusCode::OK, &policy))
}

/// Replace a policy: the rights of every key that uses it change at once.
///
/// For level 8, and for keys with `keybearer:policies.write`, within their own power.
#[utoipa::path(put, path = "/v1/policies/{id}", tag = "policies",
    params(("id" = uuid::Uuid, Path, description = "Its id"), ("If-Match" = Option<String>, Header, description = "The ETag that you know")),
    request_body = api::PutPolicy,
    responses((status = 200, description = "Replaced", body = api::Policy), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn put(
    State(app): State<Arc<App>>,
    InPath(text): InPath,
    headers: HeaderMap,
    Call { request, caller, body }: Call<api::PutPolicy>,
) -> Result<Response, AppError> {
    let permissions = ops::policy::permissions(&body.permissions)?;
    let version = if_match(&headers)?;
    let id = id(&text)?;
    let policy = ops::policy::change(&app, &request, &caller, id, Some(&body.name), Some(permissions), version).await?;
    Ok(answer(StatusCode::OK, &policy))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// Whether to revoke the keys that use it; without, they prevent the deletion.
    #[serde(default)]
    #[param(required = false)]
    cascade: bool,
}

/// Delete a policy. Keys that use it prevent that, or with `cascade` are revoked with it.
///
/// For level 8, and for keys with `keybearer:policies.write`.
#[utoipa::path(delete, path = "/v1/policies/{id}", tag = "policies",
    params(("id" = uuid::Uuid, Path, description = "Its id"), How, ("If-Match" = Option<String>, Header, description = "The ETag that you know")),
    responses((status = 204, description = "Deleted"), Problems), security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Signed { request, caller }: Signed,
    InPath(text): InPath,
    Query(asked): Query<How>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let cascade = if asked.cascade { Cascade::Everything } else { Cascade::Nothing };
    ops::policy::delete(&app, &request, &caller, id(&text)?, cascade, if_match(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
