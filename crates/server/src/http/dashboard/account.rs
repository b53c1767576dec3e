//! `/dashboard/accounts/{id}`: an account, and what can be done to it.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::Account;

use super::account_step::Step;
use super::accounts::{self, Badge, Role};
use super::all_keys::search;
use super::metadata;
use super::moment::Moment;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "account.html")]
struct Page<'a> {
    visit: &'a Visit,
    account: Account,
    /// Whether it is the person's own.
    own: bool,
    status: Badge,
    /// The role, with its level.
    role: String,
    created: Moment,
    roles: Vec<Role>,
    steps: Vec<Step>,
    /// How many keys end with whatever ends them all.
    keys: usize,
    /// The list of these keys.
    list: String,
    metadata: String,
    /// Whether keys can be made for it.
    fit: bool,
}

pub(super) async fn page(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let admin = visit.admin()?;
    let account = ops::account::read(&app, &admin.caller, accounts::id(&id)?)?;
    let page = Page {
        visit: &visit,
        own: account.id == admin.account.id,
        status: accounts::badge(account.status),
        role: accounts::role(&visit, &account),
        created: visit.moment(&account.created_at),
        roles: accounts::roles(&visit),
        steps: Step::open_to(&account),
        list: search::unrevoked("owner", &account.username),
        metadata: metadata::shown(&account.metadata),
        fit: ops::account::standing(&app, &account).fit().is_ok(),
        keys: ops::key::count_of(&app, &admin.caller, account.id).await?,
        account,
    };
    visit.page(StatusCode::OK, &page)
}
