//! `/dashboard/keys`: the keys of everybody, in one table.

pub(super) mod search;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::account::AccountId;
use keybearer_core::key::KeyKind;
use keybearer_core::policy::PolicyId;
use keybearer_core::token::KeyId;
use keybearer_store::{Account, Key, KeyHolder, Page as Rows, Policy, What};
use uuid::Uuid;

use self::search::{Order, Search};
use super::keys::{self, Row};
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::http::paging;
use crate::ops;

/// Rows of a page. All of them can be selected, and their ids must go into an address.
const ROWS: u32 = 25;
/// The most policies whose names the page offers. More would be more than the rest of it; the page of the policies leads to the keys of each.
const POLICIES: usize = 50;

#[derive(Template)]
#[template(path = "all_keys.html")]
struct Page<'a> {
    visit: &'a Visit,
    search: Search,
    /// Names to choose from, unless there are too many.
    policies: Vec<Arc<Policy>>,
    /// The name of the policy that was asked for, or what was asked for.
    policy: String,
    /// Why the policy that was asked for is none.
    policy_problem: Option<String>,
    entries: Vec<Entry>,
    columns: Vec<Column>,
    next: Option<String>,
    /// What the pages of the keys carry along, to lead back to this list.
    back: String,
    /// Why the owner that was asked for is none.
    owner_problem: Option<String>,
}

/// A head of the table.
pub(super) struct Column {
    pub(super) label: &'static str,
    /// How it is ordered, if it can be.
    pub(super) order: Option<Order>,
}

/// The heads of the table: for a list that can be ordered, or for one that stands as it is.
pub(super) fn columns(search: Option<&Search>) -> Vec<Column> {
    let heads = [
        (msg("name"), "name"),
        (msg("kind"), ""),
        (msg("owner-or-policy"), ""),
        (msg("state"), ""),
        (msg("created"), "created"),
        (msg("last-used"), "used"),
        (msg("expires"), "expires"),
    ];
    let order = |column: &str| search.filter(|_| !column.is_empty()).map(|search| search.order(column));
    heads.into_iter().map(|(label, column)| Column { label, order: order(column) }).collect()
}

/// A key of anybody, as it stands in the table.
pub(super) struct Entry {
    pub(super) row: Row,
    pub(super) kind: KeyKind,
    pub(super) holder: Holder,
}

impl Entry {
    pub(super) fn is_service(&self) -> bool {
        self.kind == KeyKind::Service
    }
}

/// For whom a key stands, with a name where there still is one.
pub(super) enum Holder {
    Account { id: AccountId, account: Option<Arc<Account>> },
    Service { id: PolicyId, policy: Option<Arc<Policy>> },
}

impl Holder {
    /// Its name.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Account { account, .. } => account.as_ref().map(|account| &*account.username),
            Self::Service { policy, .. } => policy.as_ref().map(|policy| &*policy.name),
        }
    }

    /// What stands where the name would be.
    pub(super) fn gone(&self, visit: &Visit) -> String {
        match self {
            Self::Account { id, .. } => visit.t1("deleted-account", "id", id.0),
            Self::Service { .. } => visit.t("deleted-policy"),
        }
    }

    /// Where its keys are listed, encoded so that HTML reads nothing in it.
    pub(super) fn keys(&self) -> String {
        match self {
            Self::Account { .. } => {
                let query = form_urlencoded::byte_serialize(self.name().unwrap_or_default().as_bytes());
                [search::PATH, "?owner="].into_iter().chain(query).collect()
            }
            Self::Service { id, .. } => format!("{}?policy={id}", search::PATH),
        }
    }
}

/// An account, if it is not deleted.
fn account(app: &App, visit: &Visit, owner: AccountId) -> Result<Option<Arc<Account>>, AppError> {
    match ops::account::shared(app, &visit.admin()?.caller, owner) {
        Ok(account) => Ok(Some(account)),
        Err(AppError::NotFound(What::Account)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// These keys, as they stand in the table.
pub(super) fn entries(app: &App, visit: &Visit, keys: &[Key]) -> Result<Vec<Entry>, AppError> {
    let holder = |key: &Key| -> Result<Holder, AppError> {
        Ok(match key.holder {
            KeyHolder::Account { owner, .. } => Holder::Account { id: owner, account: account(app, visit, owner)? },
            KeyHolder::Service { policy, .. } => Holder::Service { id: policy, policy: ops::key::policy_of(app, key) },
        })
    };
    keys.iter().map(|key| Ok(Entry { row: keys::row(visit, key), kind: key.holder.kind(), holder: holder(key)? })).collect()
}

/// The key of this id, in whatever state: who has one looks for nothing else.
async fn by_id(app: &App, caller: &Caller, text: &str) -> Result<Option<Key>, AppError> {
    let Ok(id) = text.parse().or_else(|_| Uuid::try_parse(text).map(|id| KeyId::from_bytes(id.into_bytes()))) else {
        return Ok(None);
    };
    match ops::key::read(app, caller, id).await {
        Ok(key) => Ok(Some(key)),
        Err(AppError::NotFound(What::Key)) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let search = Search::parse(visit.address.split_once('?').map_or("", |(_, query)| query));
    let policies = ops::policy::names(&app, caller, POLICIES)?.unwrap_or_default();
    let policy = if search.policy.is_empty() { None } else { Some(ops::policy::meant(&app, caller, &search.policy)?) };
    let policy_problem = matches!(policy, Some(None)).then(|| visit.t1("no-policy-named", "name", &search.policy));
    let owner = if search.owner.is_empty() { None } else { Some(ops::account::by_name(&app, caller, &search.owner).await?) };
    let owner_problem = (owner == Some(None)).then(|| visit.t1("no-account-named", "name", &search.owner));
    let policy = policy.flatten();
    let page = if owner_problem.is_some() || policy_problem.is_some() {
        Rows { items: Vec::new(), next: None }
    } else if let Some(key) = by_id(&app, caller, &search.name).await? {
        Rows { items: vec![key], next: None }
    } else {
        let filter = search.filter(owner.flatten().map(|account| account.id), policy.as_ref().map(|policy| policy.id), visit.now());
        let page = paging::request(search.cursor.as_deref(), ROWS)?;
        ops::key::list(&app, caller, filter, search.sort(), page).await?
    };
    let named = policy.and_then(|meant| meant.policy);
    let page = Page {
        owner_problem,
        policy_problem,
        policy: named.map_or_else(|| search.policy.clone(), |policy| policy.name.clone()),
        entries: entries(&app, &visit, &page.items)?,
        next: page.next.map(|next| search.address(Some(&paging::cursor(&next)))),
        back: search.carried("?"),
        columns: columns(Some(&search)),
        visit: &visit,
        policies,
        search,
    };
    visit.page(StatusCode::OK, &page)
}
