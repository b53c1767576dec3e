//! `/dashboard/accounts/new`.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::NewAccount;
use keybearer_core::role::USER;
use keybearer_store::{Account, Metadata};

use super::accounts::{self, Role};
use super::fields::Fields;
use super::metadata;
use super::posted::PostedOnce;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "new_account.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    roles: Vec<Role>,
}

fn page(visit: &Visit, status: StatusCode, fields: &Fields) -> Result<Response, AppError> {
    visit.admin()?;
    visit.page(status, &Page { visit, fields, roles: accounts::roles(visit) })
}

pub(super) async fn form(Member(visit): Member) -> Result<Response, AppError> {
    page(&visit, StatusCode::OK, &Fields::of(&[("role", USER)]))
}

pub(super) async fn create(State(app): State<Arc<App>>, posted: PostedOnce) -> Result<Response, AppError> {
    let PostedOnce { visit, mut fields } = posted;
    let Some(metadata) = metadata::typed(&visit, &mut fields) else {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields);
    };
    match apply(&app, &visit, &fields, metadata).await {
        Ok(account) => Ok(visit.go_saying(&format!("/dashboard/accounts/{}", account.id.0), msg("note-account-created"), 0)),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            page(&visit, status, &fields)
        }
    }
}

async fn apply(app: &App, visit: &Visit, fields: &Fields, metadata: Metadata) -> Result<Account, AppError> {
    let caller = &visit.admin()?.caller;
    let given = |name| Some(fields.value(name).to_owned()).filter(|text| !text.is_empty());
    let new = NewAccount {
        username: fields.value("username").to_owned(),
        password: given("password"),
        role: given("role"),
        email: given("email"),
        external_id: given("external_id"),
        issuer: None,
        metadata: Some(metadata),
    };
    ops::account::create(app, &visit.request, caller, new).await
}
