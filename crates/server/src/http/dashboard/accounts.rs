//! `/dashboard/accounts`: all accounts, filtered by name, role and status.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use keybearer_core::account::{AccountId, Status};
use keybearer_store::{Account, AccountFilter, What};

use super::all_keys::search;
use super::moment::Moment;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::paging;
use crate::ops;

/// Rows of a page.
const ROWS: u32 = 25;
/// The states of an account, as they are offered.
const STATUSES: [Status; 3] = [Status::Active, Status::Locked, Status::Blocked];

#[derive(Template)]
#[template(path = "accounts.html")]
struct Page<'a> {
    visit: &'a Visit,
    /// What is looked for.
    asked: Asked,
    roles: Vec<Role>,
    /// The code and the message of each status.
    statuses: [(&'static str, &'static str); 3],
    rows: Vec<Row>,
    next: Option<String>,
}

/// What is looked for; empty where anything will do.
struct Asked {
    username: String,
    role: String,
    status: String,
}

impl Asked {
    fn of(visit: &Visit) -> Self {
        let query = |name| visit.query(name).unwrap_or_default();
        Self { username: query("username"), role: query("role"), status: query("status") }
    }

    fn is_anything(&self) -> bool {
        self.username.is_empty() && self.role.is_empty() && self.status.is_empty()
    }

    fn filter(&self) -> AccountFilter {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        AccountFilter {
            username: given(&self.username),
            role: given(&self.role),
            status: Status::parse(&self.status),
            ..AccountFilter::default()
        }
    }

    /// The address of the page that begins there.
    fn address(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("username", &self.username).append_pair("role", &self.role).append_pair("status", &self.status);
        format!("/dashboard/accounts?{}", query.append_pair("cursor", cursor).finish())
    }
}

/// A role of the table, with its level.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) label: String,
}

/// All roles, for a form.
pub(super) fn roles(visit: &Visit) -> Vec<Role> {
    let label = |name: &str, level: u8| visit.t2("role-with-level", "role", name, "level", level);
    ops::account::roles(&visit.app).map(|(name, level)| Role { name: name.to_owned(), label: label(name, level.number()) }).collect()
}

/// The role of an account, with its level.
pub(super) fn role(visit: &Visit, account: &Account) -> String {
    let level = ops::account::level(&visit.app, account);
    visit.t2("role-with-level", "role", &account.role, "level", level.number())
}

struct Row {
    id: String,
    username: String,
    role: String,
    status: Badge,
    consent: bool,
    created: Moment,
    /// How many keys it has that are not revoked.
    keys: usize,
    /// The list of these keys.
    list: String,
}

/// What a badge says of an account.
pub(super) struct Badge {
    pub(super) label: &'static str,
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
}

/// The badge of a status.
pub(super) fn badge(status: Status) -> Badge {
    match status {
        Status::Active => Badge { label: msg("account-active"), tone: "good", icon: "check" },
        Status::Locked => Badge { label: msg("account-locked"), tone: "warn", icon: "clock" },
        Status::Blocked => Badge { label: msg("account-blocked"), tone: "bad", icon: "ban" },
    }
}

fn row(visit: &Visit, account: &Account, keys: usize) -> Row {
    Row {
        id: account.id.0.to_string(),
        username: account.username.clone(),
        role: role(visit, account),
        status: badge(account.status),
        consent: account.consent,
        created: visit.moment(&account.created_at),
        keys,
        list: search::unrevoked("owner", &account.username),
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let asked = Asked::of(&visit);
    let page = paging::request(visit.query("cursor").as_deref(), ROWS)?;
    let page = ops::account::list(&app, caller, asked.filter(), page).await?;
    let counts = join_all(page.items.iter().map(|account| ops::key::count_of(&app, caller, account.id))).await;
    let counted = page.items.iter().zip(counts).map(|(account, keys)| match keys {
        // Who was deleted meanwhile has none left.
        Err(AppError::NotFound(What::Account)) => Ok(row(&visit, account, 0)),
        keys => Ok(row(&visit, account, keys?)),
    });
    let rows = counted.collect::<Result<_, AppError>>()?;
    let next = page.next.map(|next| asked.address(&paging::cursor(&next)));
    let statuses = STATUSES.map(|status| (status.as_str(), badge(status).label));
    visit.page(StatusCode::OK, &Page { visit: &visit, asked, roles: roles(&visit), statuses, rows, next })
}

/// Reads the number of an account in an address.
///
/// # Errors
/// [`AppError::NotFound`] where it is none.
pub(super) fn id(text: &str) -> Result<AccountId, AppError> {
    text.parse().map(AccountId).map_err(|_| AppError::NotFound(What::Account))
}
