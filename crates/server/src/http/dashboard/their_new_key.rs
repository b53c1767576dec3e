//! `/dashboard/accounts/{id}/keys/new`: an administrator makes a key for somebody else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::authority::Refusal;
use keybearer_core::role::Level;
use keybearer_store::Account;

use super::new_key::{self, Asked};
use super::posted::PostedOnce;
use super::visit::{Member, Visit};
use super::{accounts, secret};
use crate::app::App;
use crate::error::{AppError, Conflict};
use crate::http::path::InPath;
use crate::ops;

/// Whose key it is to be, and up to which level; refused where the account can have none now.
fn owner(app: &App, visit: &Visit, id: &str) -> Result<(Account, Level), AppError> {
    let account = ops::account::read(app, &visit.admin()?.caller, accounts::id(id)?)?;
    let standing = ops::account::standing(app, &account);
    standing.fit().map_err(|why| Conflict::OwnerUnfit(Refusal::OwnerUnfit(why))).map_err(AppError::Conflict)?;
    Ok((account, standing.level))
}

pub(super) async fn form(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let (account, most) = owner(&app, &visit, &id)?;
    new_key::page(&visit, StatusCode::OK, &new_key::blank(&visit), most, Some(&account))
}

pub(super) async fn create(State(app): State<Arc<App>>, InPath(id): InPath, posted: PostedOnce) -> Result<Response, AppError> {
    let PostedOnce { visit, mut fields } = posted;
    let (account, most) = owner(&app, &visit, &id)?;
    let Some(asked) = Asked::read(&visit, &mut fields) else {
        return new_key::page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, most, Some(&account));
    };
    let asked = asked.request(fields.value("name"), Some(account.id));
    match ops::issue::account_key(&app, &visit.request, &visit.admin()?.caller, asked).await {
        Ok(issued) => secret::shown_once(&visit, &issued, &format!("/dashboard/accounts/{}", account.id.0), Some(&account.username)),
        Err(AppError::Conflict(Conflict::TooManyKeys { max })) => {
            fields.blame("", visit.t1("their-too-many-keys", "max", max));
            new_key::page(&visit, StatusCode::CONFLICT, &fields, most, Some(&account))
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            new_key::page(&visit, status, &fields, most, Some(&account))
        }
    }
}
