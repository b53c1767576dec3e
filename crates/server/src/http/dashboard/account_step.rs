//! `/dashboard/accounts/{id}/{step}`: what an administrator does to an account. Each step is asked first, and says how many keys it revokes.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::{AccountStatus, ChangeAccount};
use keybearer_core::account::Status;
use keybearer_store::Account;

use super::accounts;
use super::cookies::Jar;
use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::BothInPath;
use crate::ops;

/// What becomes of the account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Role,
    Lock,
    Unlock,
    Block,
    Unblock,
    GiveConsent,
    WithdrawConsent,
    RevokeKeys,
    Delete,
}

/// The messages of a step.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::Role,
        Self::Lock,
        Self::Unlock,
        Self::Block,
        Self::Unblock,
        Self::GiveConsent,
        Self::WithdrawConsent,
        Self::RevokeKeys,
        Self::Delete,
    ];

    /// As addresses write it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::GiveConsent => "give-consent",
            Self::WithdrawConsent => "withdraw-consent",
            Self::RevokeKeys => "revoke-keys",
            Self::Delete => "delete",
        }
    }

    fn read(text: &str) -> Result<Self, AppError> {
        Self::ALL.into_iter().find(|step| step.code() == text).ok_or(AppError::NoSuchPath)
    }

    /// What it says of itself.
    pub(super) fn words(self) -> Words {
        let words = |title, text| Words { title, text };
        match self {
            Self::Role => words(msg("step-role-title"), msg("step-role-text")),
            Self::Lock => words(msg("step-lock-title"), msg("step-lock-text")),
            Self::Unlock => words(msg("step-unlock-title"), msg("step-unlock-text")),
            Self::Block => words(msg("step-block-title"), msg("step-block-text")),
            Self::Unblock => words(msg("step-unblock-title"), msg("step-unblock-text")),
            Self::GiveConsent => words(msg("step-give-consent-title"), msg("step-give-consent-text")),
            Self::WithdrawConsent => words(msg("step-withdraw-consent-title"), msg("step-withdraw-consent-text")),
            Self::RevokeKeys => words(msg("step-revoke-keys-title"), msg("step-revoke-keys-text")),
            Self::Delete => words(msg("step-delete-title"), msg("step-delete-text")),
        }
    }

    /// Whether it revokes the keys and ends the sessions of the account; a change of role does where it lowers the level.
    pub(super) fn ends_all(self) -> bool {
        matches!(self, Self::Lock | Self::Block | Self::WithdrawConsent | Self::RevokeKeys | Self::Delete)
    }

    /// What can be done to an account as it is, besides a change of role.
    pub(super) fn open_to(account: &Account) -> Vec<Self> {
        let consent = if account.consent { Self::WithdrawConsent } else { Self::GiveConsent };
        let by_status: &[Self] = match account.status {
            Status::Active => &[Self::Lock, Self::Block],
            Status::Locked => &[Self::Unlock, Self::Block],
            Status::Blocked => &[Self::Unblock],
        };
        [by_status, &[consent, Self::RevokeKeys, Self::Delete]].concat()
    }
}

#[derive(Template)]
#[template(path = "account_step.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    account: &'a Account,
    step: Step,
    words: Words,
    /// Whether it is the person's own account.
    own: bool,
    /// Whether it ends keys and sessions.
    ends: bool,
    /// How many keys it revokes.
    keys: usize,
    /// What role it is and what it becomes, each with its level.
    roles: Option<[String; 2]>,
    /// Whether the current password is needed.
    password: bool,
    /// Why there is nothing to do, if so.
    idle: Option<&'static str>,
}

/// A step that is about to be done.
struct Plan {
    step: Step,
    account: Account,
    own: bool,
    ends: bool,
    keys: usize,
}

impl Plan {
    async fn make(app: &App, visit: &Visit, (id, step): (&str, &str), role: &str) -> Result<Self, AppError> {
        let admin = visit.admin()?;
        let (id, step) = (accounts::id(id)?, Step::read(step)?);
        let account = ops::account::read(app, &admin.caller, id)?;
        let lowers = || ops::account::roles(app).any(|(name, level)| name == role && level < ops::account::level(app, &account));
        let ends = step.ends_all() || (step == Step::Role && lowers());
        let keys = if ends { ops::key::count_of(app, &admin.caller, id).await? } else { 0 };
        Ok(Self { step, own: id == admin.account.id, ends, keys, account })
    }

    fn show(&self, visit: &Visit, status: StatusCode, fields: &Fields) -> Result<Response, AppError> {
        let label = |role: &str| accounts::roles(visit).into_iter().find(|one| one.name == role).map_or(role.to_owned(), |one| one.label);
        let page = Page {
            visit,
            fields,
            account: &self.account,
            step: self.step,
            words: self.step.words(),
            own: self.own,
            ends: self.ends,
            keys: self.keys,
            roles: (self.step == Step::Role).then(|| [label(&self.account.role), label(fields.value("role"))]),
            password: self.own && self.step == Step::Delete && self.account.has_password,
            idle: self.idle(fields.value("role")),
        };
        visit.page(status, &page)
    }

    /// Why there is nothing to do: the account stands so already, or somebody changed it since the page that led here.
    fn idle(&self, role: &str) -> Option<&'static str> {
        match self.step {
            Step::Role => (role == self.account.role).then(|| msg("step-same-role")),
            step => (!Step::open_to(&self.account).contains(&step)).then(|| msg("step-idle")),
        }
    }

    /// Does it, if it revokes as many keys as were counted; how many.
    async fn apply(&self, app: &App, visit: &Visit, fields: &Fields) -> Result<usize, AppError> {
        let (caller, id) = (&visit.admin()?.caller, self.account.id);
        let status = |status| ChangeAccount { status: Some(status), ..ChangeAccount::default() };
        let consent = |consent| ChangeAccount { consent: Some(consent), ..ChangeAccount::default() };
        let asked = match self.step {
            Step::Role => ChangeAccount { role: Some(fields.value("role").to_owned()), ..ChangeAccount::default() },
            Step::Lock => status(AccountStatus::Locked),
            Step::Block => status(AccountStatus::Blocked),
            Step::Unlock | Step::Unblock => status(AccountStatus::Active),
            Step::GiveConsent => consent(true),
            Step::WithdrawConsent => consent(false),
            Step::RevokeKeys => {
                return Ok(ops::account::revoke_keys(app, &visit.request, caller, id, fields.value("reason"), Some(self.keys)).await?.keys);
            }
            Step::Delete => {
                let password = Some(fields.value("current_password").to_owned()).filter(|text| !text.is_empty());
                return Ok(ops::account::delete(app, &visit.request, caller, id, password, Some(self.keys)).await?.keys);
            }
        };
        Ok(ops::account::change(app, &visit.request, caller, id, asked, Some(self.keys)).await?.revoked.keys)
    }

    /// Where the person goes on.
    fn done(&self, visit: &Visit, keys: usize) -> Response {
        let note = match self.step {
            Step::Delete => msg("note-their-account-deleted"),
            _ => msg("note-their-account-changed"),
        };
        if self.own && self.ends {
            let mut response = visit.go_saying("/sign-in", note, keys);
            visit.forget(&mut response, Jar::Session);
            return response;
        }
        match self.step {
            Step::Delete => visit.go_saying("/dashboard/accounts", note, keys),
            _ => visit.go_saying(&format!("/dashboard/accounts/{}", self.account.id.0), note, keys),
        }
    }
}

pub(super) async fn ask(
    State(app): State<Arc<App>>,
    BothInPath(id, step): BothInPath,
    Member(visit): Member,
) -> Result<Response, AppError> {
    let role = visit.query("role").unwrap_or_default();
    let plan = Plan::make(&app, &visit, (&id, &step), &role).await?;
    plan.show(&visit, StatusCode::OK, &Fields::of(&[("role", &role)]))
}

pub(super) async fn take(
    State(app): State<Arc<App>>,
    BothInPath(id, step): BothInPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let plan = Plan::make(&app, &visit, (&id, &step), fields.value("role")).await?;
    if plan.idle(fields.value("role")).is_some() {
        return plan.show(&visit, StatusCode::CONFLICT, &fields);
    }
    let seen = fields.value("keys") == plan.keys.to_string();
    let done = if seen { plan.apply(&app, &visit, &fields).await } else { Err(AppError::VersionMismatch) };
    match done {
        Ok(keys) => Ok(plan.done(&visit, keys)),
        Err(AppError::VersionMismatch) => {
            fields.blame("", visit.t("their-keys-changed"));
            let plan = Plan::make(&app, &visit, (&id, &step), fields.value("role")).await?;
            plan.show(&visit, StatusCode::CONFLICT, &fields)
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            plan.show(&visit, status, &fields)
        }
    }
}
