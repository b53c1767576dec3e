//! `/account/email`: another e-mail address for one's account, or none.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::ChangeAccount;

use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Person, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "email.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    person: &'a Person,
}

fn show(visit: &Visit, status: StatusCode, fields: &Fields) -> Result<Response, AppError> {
    visit.page(status, &Page { visit, fields, person: visit.person()? })
}

pub(super) async fn form(Member(visit): Member) -> Result<Response, AppError> {
    let email = visit.person()?.account.email.clone().unwrap_or_default();
    show(&visit, StatusCode::OK, &Fields::of(&[("email", &email)]))
}

pub(super) async fn change(State(app): State<Arc<App>>, Posted { visit, mut fields }: Posted) -> Result<Response, AppError> {
    let person = visit.person()?;
    let typed = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let asked = ChangeAccount {
        email: Some(typed(fields.value("email").trim())),
        current_password: typed(fields.value("current_password")),
        ..ChangeAccount::default()
    };
    match ops::account::change(&app, &visit.request, &person.caller, person.account.id, asked, Some(0)).await {
        Ok(_) => Ok(visit.go_saying("/account/security", msg("note-email-changed"), 0)),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            show(&visit, status, &fields)
        }
    }
}
