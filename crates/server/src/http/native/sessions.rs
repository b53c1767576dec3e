//! `/v1/sessions`: signing in and out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keybearer_api as api;
use serde::Deserialize;
use utoipa::IntoParams;

use super::dress;
use super::extract::{Open, Query, Signed};
use super::problem::Problems;
use crate::app::App;
use crate::caller::CallerCredential;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

/// Sign in: user name and password for a session token.
///
/// For everyone. Failed logins are throttled.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = api::SignIn,
    responses((status = 201, description = "Signed in; the token is told once", body = api::CreatedSession), Problems))]
pub(super) async fn create(State(app): State<Arc<App>>, Open { request, body }: Open<api::SignIn>) -> Result<Response, AppError> {
    let signed_in = ops::session::sign_in(&app, &request, &body.username, body.password).await?;
    let answer = api::CreatedSession {
        token: signed_in.token,
        expires_at: dress::moment(signed_in.session.expires_at),
        account: dress::account(&app, &signed_in.account),
    };
    Ok((StatusCode::CREATED, dress::secret_json(&answer)).into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Number of the account; yours if absent.
    account: Option<i64>,
}

/// The sessions of an account that have not ended, newest first.
///
/// For the holder of the account, by session, and for level 8. Not for keys of services.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(Which),
    responses((status = 200, description = "All of them", body = api::Page<api::Session>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Signed { caller, .. }: Signed,
    Query(which): Query<Which>,
) -> Result<Response, AppError> {
    let sessions = ops::session::list(&app, &caller, which.account).await?;
    let current = match &caller.credential {
        CallerCredential::Session(session) => Some(session.id),
        CallerCredential::Identity(_) | CallerCredential::Key(_) => None,
    };
    let items = sessions.into_iter().map(|session| api::Session {
        id: session.id.0,
        account: session.account.0,
        created_at: dress::moment(session.created_at),
        expires_at: dress::moment(session.expires_at),
        current: Some(session.id) == current,
    });
    Ok(dress::json(&api::Page { items: items.collect(), next_cursor: None }))
}

/// Sign out: end a session, or the `current` one.
///
/// For the holder of the account, by session, and for level 8. Not for keys of services.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "sessions", params(("id" = String, Path, description = "Its id, or `current`")),
    responses((status = 204, description = "It has ended"), Problems), security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn end(State(app): State<Arc<App>>, Signed { request, caller }: Signed, InPath(id): InPath) -> Result<Response, AppError> {
    let absent = AppError::NotFound(keybearer_store::What::Session);
    let id = match (&caller.credential, id.as_str()) {
        (CallerCredential::Session(session), "current") => session.id.0,
        (CallerCredential::Identity(_) | CallerCredential::Key(_), "current") => {
            return Err(keybearer_core::authority::Refusal::SessionNeeded.into());
        }
        (_, id) => id.parse().map_err(|_| absent)?,
    };
    ops::session::end(&app, &request, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
