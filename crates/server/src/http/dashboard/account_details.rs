//! `/dashboard/accounts/{id}/details`: e-mail address, name in the application and metadata of an account.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::ChangeAccount;
use keybearer_store::{Account, Metadata};

use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use super::{accounts, metadata};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "account_details.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    account: &'a Account,
    /// Whether another e-mail address needs the current password: where it is the person's own account.
    password: bool,
}

/// The fields with the e-mail address and the name in the application that the page showed. Who changes what somebody else changed meanwhile is
/// told so first; what stands as the page showed it stays as it is now.
const WAS_EMAIL: &str = "was_email";
const WAS_EXTERNAL_ID: &str = "was_external_id";

fn read(app: &App, visit: &Visit, id: &str) -> Result<Account, AppError> {
    ops::account::read(app, &visit.admin()?.caller, accounts::id(id)?)
}

fn show(visit: &Visit, status: StatusCode, fields: &Fields, account: &Account) -> Result<Response, AppError> {
    let password = visit.admin()?.account.id == account.id && account.has_password;
    visit.page(status, &Page { visit, fields, account, password })
}

pub(super) async fn form(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let account = read(&app, &visit, &id)?;
    let (email, external) = (account.email.as_deref().unwrap_or_default(), account.external_id.as_deref().unwrap_or_default());
    let (metadata, mark) = (metadata::shown(&account.metadata), metadata::mark(&account.metadata));
    let values = [
        ("email", email),
        (WAS_EMAIL, email),
        ("external_id", external),
        (WAS_EXTERNAL_ID, external),
        (metadata::FIELD, &*metadata),
        (metadata::MARK, &*mark),
    ];
    show(&visit, StatusCode::OK, &Fields::of(&values), &account)
}

/// Whether a field says something else than the page did. Without a word of what that was, it says what it says.
fn is_other(fields: &Fields, (name, was): (&str, &str)) -> bool {
    fields.all(was).all(|shown| shown.trim() != fields.value(name).trim())
}

/// Blames each field that somebody else changed since the page was shown, and takes what it says now for shown. Whether there are any.
fn changed_meanwhile(visit: &Visit, fields: &mut Fields, account: &Account) -> bool {
    let now = [("email", WAS_EMAIL, account.email.as_deref()), ("external_id", WAS_EXTERNAL_ID, account.external_id.as_deref())];
    for (name, was, now) in now {
        let now = now.unwrap_or_default();
        let shown = fields.all(was).next().map(str::to_owned);
        if shown.is_some_and(|shown| shown != now) && is_other(fields, (name, was)) && fields.value(name).trim() != now {
            let text = if now.is_empty() { visit.t("details-now-empty") } else { visit.t1("details-now", "now", now) };
            fields.blame(name, text);
            fields.set(was, now);
        }
    }
    !fields.problems().is_empty()
}

/// What the form changes of the account: what it says as before is left alone, so that it needs no password.
fn asked(fields: &Fields, account: &Account, metadata: Option<Metadata>) -> ChangeAccount {
    let typed = |name| Some(fields.value(name).trim().to_owned()).filter(|text| !text.is_empty());
    ChangeAccount {
        email: Some(typed("email")).filter(|email| *email != account.email && is_other(fields, ("email", WAS_EMAIL))),
        external_id: Some(typed("external_id"))
            .filter(|external| *external != account.external_id && is_other(fields, ("external_id", WAS_EXTERNAL_ID))),
        metadata: metadata.filter(|metadata| *metadata != account.metadata),
        current_password: Some(fields.value("current_password").to_owned()).filter(|text| !text.is_empty()),
        ..ChangeAccount::default()
    }
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(id): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let account = read(&app, &visit, &id)?;
    let Some(metadata) = metadata::changed(&visit, &mut fields) else {
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, &account);
    };
    if changed_meanwhile(&visit, &mut fields, &account) {
        return show(&visit, StatusCode::CONFLICT, &fields, &account);
    }
    let asked = asked(&fields, &account, metadata);
    match ops::account::change(&app, &visit.request, &visit.admin()?.caller, account.id, asked, Some(0)).await {
        Ok(_) => Ok(visit.go_saying(&format!("/dashboard/accounts/{}", account.id.0), msg("note-details-saved"), 0)),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            show(&visit, status, &fields, &account)
        }
    }
}
