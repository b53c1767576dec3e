//! `/v1/accounts`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keybearer_api as api;
use keybearer_core::account::{AccountId, Status};
use keybearer_store::{AccountFilter, What};
use serde::Deserialize;
use utoipa::IntoParams;

use super::dress;
use super::extract::{Call, OptionalCall, Query, Signed};
use super::problem::Problems;
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

fn id(text: &str) -> Result<AccountId, AppError> {
    text.parse().map(AccountId).map_err(|_| AppError::NotFound(What::Account))
}

/// Make an account.
///
/// For level 8, and for keys with `keybearer:accounts.write`, which make accounts of level 4 and below.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", request_body = api::NewAccount,
    responses((status = 201, description = "Made", body = api::Account), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Call { request, caller, body }: Call<api::NewAccount>,
) -> Result<Response, AppError> {
    let account = ops::account::create(&app, &request, &caller, body).await?;
    Ok((StatusCode::CREATED, dress::json(&dress::account(&app, &account))).into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Whose user name contains this, whatever its case.
    username: Option<String>,
    /// Of this role.
    role: Option<String>,
    /// `active`, `locked` or `blocked`.
    #[param(inline, value_type = Option<api::AccountStatus>)]
    status: Option<String>,
    /// For whose `external_id` this issuer vouches.
    issuer: Option<String>,
    /// Whose name in an application is this.
    external_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 200, 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Accounts by number.
///
/// For level 8, and for keys with `keybearer:accounts.read`.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(Which),
    responses((status = 200, description = "A page", body = api::Page<api::Account>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Signed { caller, .. }: Signed,
    Query(which): Query<Which>,
) -> Result<Response, AppError> {
    let page = dress::page_request(which.cursor.as_deref(), which.limit)?;
    let status =
        which.status.map(|text| Status::parse(&text).ok_or_else(|| AppError::invalid("status", "must be active, locked or blocked")));
    let Which { username, role, issuer, external_id, .. } = which;
    let filter = AccountFilter { named: None, username, role, status: status.transpose()?, issuer, external_id };
    let page = ops::account::list(&app, &caller, filter, page).await?;
    Ok(dress::json(&dress::page(page, |account| dress::account(&app, &account))))
}

/// One account.
///
/// Your own: by session. Any: for level 8, and for keys with `keybearer:accounts.read`.
#[utoipa::path(get, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The account", body = api::Account), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn read(State(app): State<Arc<App>>, Signed { caller, .. }: Signed, InPath(text): InPath) -> Result<Response, AppError> {
    let account = ops::account::read(&app, &caller, id(&text)?)?;
    Ok(dress::json(&dress::account(&app, &account)))
}

/// Change an account. A lower role, a status other than `active` and withdrawn consent revoke all its keys and end its sessions.
///
/// Your own: by session, never by a key. Any other: for level 8, and for keys with `keybearer:accounts.write` where it is of level 4 or below.
#[utoipa::path(patch, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = i64, Path, description = "Its number")),
    request_body = api::ChangeAccount,
    responses((status = 200, description = "Changed", body = api::ChangedAccount), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(text): InPath,
    Call { request, caller, body }: Call<api::ChangeAccount>,
) -> Result<Response, AppError> {
    let changed = ops::account::change(&app, &request, &caller, id(&text)?, body, None).await?;
    Ok(dress::json(&api::ChangedAccount {
        account: dress::account(&app, &changed.account),
        revoked_keys: changed.revoked.keys,
        ended_sessions: changed.revoked.sessions,
        live_keys: changed.live_keys.map(|keys| keys.into_iter().map(|id| *id.as_uuid()).collect()),
    }))
}

/// Delete an account with its keys and sessions. A holder says the current password in the body.
///
/// Your own: by session, never by a key. Any other: for level 8, and for keys with `keybearer:accounts.write` where it is of level 4 or below.
#[utoipa::path(delete, path = "/v1/accounts/{id}", tag = "accounts", params(("id" = i64, Path, description = "Its number")),
    request_body(content = Option<api::CurrentPassword>),
    responses((status = 204, description = "Deleted"), Problems), security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    InPath(text): InPath,
    OptionalCall { request, caller, body }: OptionalCall<api::CurrentPassword>,
) -> Result<Response, AppError> {
    ops::account::delete(&app, &request, &caller, id(&text)?, body.current_password, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Revoke all keys and end all sessions of an account, for excessive use.
///
/// For level 8. Not for keys of services.
#[utoipa::path(post, path = "/v1/accounts/{id}/revoke-keys", tag = "accounts", params(("id" = i64, Path, description = "Its number")),
    request_body = api::RevokeKeys,
    responses((status = 200, description = "Revoked", body = api::RevokedKeys), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn revoke_keys(
    State(app): State<Arc<App>>,
    InPath(text): InPath,
    Call { request, caller, body }: Call<api::RevokeKeys>,
) -> Result<Response, AppError> {
    let revoked = ops::account::revoke_keys(&app, &request, &caller, id(&text)?, &body.reason, None).await?;
    Ok(dress::json(&api::RevokedKeys { revoked_keys: revoked.keys, ended_sessions: revoked.sessions }))
}
