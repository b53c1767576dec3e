//! `/account/standing/{what}`: consent given or withdrawn, the account locked, unlocked or deleted. What ends keys is asked first, and says
//! how many.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::{AccountStatus, ChangeAccount};
use keybearer_core::account::Status;
use keybearer_store::Account;

use super::cookies::Jar;
use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

/// What becomes of the account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    GiveConsent,
    WithdrawConsent,
    Lock,
    Unlock,
    Delete,
}

/// The messages of a step.
struct Words {
    title: &'static str,
    text: &'static str,
    button: &'static str,
    done: &'static str,
}

impl Step {
    const ALL: [Self; 5] = [Self::GiveConsent, Self::WithdrawConsent, Self::Lock, Self::Unlock, Self::Delete];

    fn code(self) -> &'static str {
        match self {
            Self::GiveConsent => "give-consent",
            Self::WithdrawConsent => "withdraw-consent",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Delete => "delete",
        }
    }

    fn read(text: &str) -> Result<Self, AppError> {
        Self::ALL.into_iter().find(|step| step.code() == text).ok_or(AppError::NoSuchPath)
    }

    fn words(self) -> Words {
        let words = |title, text, button, done| Words { title, text, button, done };
        match self {
            Self::GiveConsent => words(msg("consent-give-title"), msg("consent-give-text"), msg("consent-give"), msg("note-consent-given")),
            Self::WithdrawConsent => {
                words(msg("consent-withdraw-title"), msg("consent-withdraw-text"), msg("consent-withdraw"), msg("note-consent-withdrawn"))
            }
            Self::Lock => words(msg("lock-title"), msg("lock-text"), msg("lock"), msg("note-account-locked")),
            Self::Unlock => words(msg("unlock-title"), msg("unlock-text"), msg("unlock"), msg("note-account-unlocked")),
            Self::Delete => {
                words(msg("delete-account-title"), msg("delete-account-text"), msg("delete-account"), msg("note-account-deleted"))
            }
        }
    }

    /// Whether there is anything to do for an account as it is.
    fn is_open_to(self, account: &Account) -> bool {
        match self {
            Self::GiveConsent => !account.consent,
            Self::WithdrawConsent => account.consent,
            Self::Lock => account.status == Status::Active,
            Self::Unlock => account.status == Status::Locked,
            Self::Delete => true,
        }
    }

    /// Whether it revokes the keys and ends the sessions of the account.
    fn ends_all(self) -> bool {
        matches!(self, Self::WithdrawConsent | Self::Lock | Self::Delete)
    }
}

#[derive(Template)]
#[template(path = "standing.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    step: Step,
    words: Words,
    /// How many keys it revokes.
    keys: usize,
    /// Whether the current password is needed.
    password: bool,
    /// Whether there is nothing to do.
    idle: bool,
}

async fn show(visit: &Visit, status: StatusCode, fields: &Fields, step: Step) -> Result<Response, AppError> {
    let person = visit.person()?;
    let keys = if step.ends_all() { ops::key::count_of(&visit.app, &person.caller, person.account.id).await? } else { 0 };
    let password = step == Step::Delete && person.account.has_password;
    let idle = !step.is_open_to(&person.account);
    visit.page(status, &Page { visit, fields, step, words: step.words(), keys, password, idle })
}

pub(super) async fn ask(InPath(what): InPath, Member(visit): Member) -> Result<Response, AppError> {
    show(&visit, StatusCode::OK, &Fields::default(), Step::read(&what)?).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(what): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let step = Step::read(&what)?;
    if !step.is_open_to(&visit.person()?.account) {
        return show(&visit, StatusCode::CONFLICT, &fields, step).await;
    }
    match apply(&app, &visit, &fields, step).await {
        Ok(_) if !step.ends_all() => Ok(visit.go_saying("/account", step.words().done, 0)),
        Ok(keys) => {
            let mut response = visit.go_saying("/sign-in", step.words().done, keys);
            visit.forget(&mut response, Jar::Session);
            Ok(response)
        }
        Err(AppError::VersionMismatch) => {
            fields.blame("", visit.t("own-keys-changed"));
            show(&visit, StatusCode::CONFLICT, &fields, step).await
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            show(&visit, status, &fields, step).await
        }
    }
}

/// Does it, if it revokes as many keys as the page said; how many.
async fn apply(app: &App, visit: &Visit, fields: &Fields, step: Step) -> Result<usize, AppError> {
    let person = visit.person()?;
    let (caller, id) = (&person.caller, person.account.id);
    // What ends no keys may be asked for where none were counted.
    let seen = step.ends_all().then(|| fields.value("keys").parse().unwrap_or_default());
    let asked = match step {
        Step::GiveConsent => ChangeAccount { consent: Some(true), ..ChangeAccount::default() },
        Step::WithdrawConsent => ChangeAccount { consent: Some(false), ..ChangeAccount::default() },
        Step::Lock => ChangeAccount { status: Some(AccountStatus::Locked), ..ChangeAccount::default() },
        Step::Unlock => ChangeAccount { status: Some(AccountStatus::Active), ..ChangeAccount::default() },
        Step::Delete => {
            let password = Some(fields.value("current_password").to_owned()).filter(|text| !text.is_empty());
            return Ok(ops::account::delete(app, &visit.request, caller, id, password, seen).await?.keys);
        }
    };
    Ok(ops::account::change(app, &visit.request, caller, id, asked, seen).await?.revoked.keys)
}
