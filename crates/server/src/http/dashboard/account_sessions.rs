//! `/dashboard/accounts/{id}/sessions`: where an account is signed in. Each session can be ended.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::account::AccountId;
use keybearer_store::{Account, What};

use super::posted::Posted;
use super::security::Row;
use super::texts::msg;
use super::visit::{Member, Visit};
use super::{accounts, security, sessions};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "account_sessions.html")]
struct Page<'a> {
    visit: &'a Visit,
    account: &'a Account,
    sessions: Vec<Row>,
    /// Where they are ended.
    action: String,
}

fn path(account: AccountId) -> String {
    format!("/dashboard/accounts/{}/sessions", account.0)
}

pub(super) async fn list(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let account = ops::account::read(&app, caller, accounts::id(&id)?)?;
    let sessions = security::rows(&visit, Some(account.id.0)).await?;
    visit.page(StatusCode::OK, &Page { visit: &visit, account: &account, sessions, action: path(account.id) })
}

pub(super) async fn end(State(app): State<Arc<App>>, InPath(id): InPath, Posted { visit, fields }: Posted) -> Result<Response, AppError> {
    let person = visit.admin()?;
    let account = accounts::id(&id)?;
    let session = fields.value("id").parse().map_err(|_| AppError::NotFound(What::Session))?;
    ops::session::end(&app, &visit.request, &person.caller, session).await?;
    if session == person.session.id.0 {
        return Ok(sessions::signed_out(&visit));
    }
    Ok(visit.go_saying(&path(account), msg("note-session-ended"), 0))
}
