//! `/dashboard/accounts/{id}/password`: an administrator gives an account another password. One's own is changed under "Security", which
//! asks for the current one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::ChangeAccount;
use keybearer_store::Account;

use super::accounts;
use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "account_password.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    account: &'a Account,
}

/// The account, if it is somebody else's.
fn theirs(app: &App, visit: &Visit, id: &str) -> Result<Option<Account>, AppError> {
    let admin = visit.admin()?;
    let account = ops::account::read(app, &admin.caller, accounts::id(id)?)?;
    Ok(Some(account).filter(|account| account.id != admin.account.id))
}

pub(super) async fn form(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    match theirs(&app, &visit, &id)? {
        Some(account) => visit.page(StatusCode::OK, &Page { visit: &visit, fields: &Fields::default(), account: &account }),
        None => Ok(visit.go("/account/security")),
    }
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    InPath(id): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let Some(account) = theirs(&app, &visit, &id)? else {
        return Ok(visit.go("/account/security"));
    };
    let asked = ChangeAccount { password: Some(fields.value("password").to_owned()), ..ChangeAccount::default() };
    match ops::account::change(&app, &visit.request, &visit.admin()?.caller, account.id, asked, Some(0)).await {
        Ok(changed) => {
            let keys = changed.live_keys.map_or(0, |keys| keys.len());
            Ok(visit.go_saying(&format!("/dashboard/accounts/{}", account.id.0), msg("note-their-password-set"), keys))
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            visit.page(status, &Page { visit: &visit, fields: &fields, account: &account })
        }
    }
}
