//! `/dashboard/policies`: all policies, what each grants, and how many keys use it.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::permission::Permission;
use keybearer_core::policy::PolicyId;
use keybearer_store::{Policy, What};

use super::all_keys::search;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

/// The permissions that a row names.
const NAMED: usize = 6;

#[derive(Template)]
#[template(path = "policies.html")]
struct Page<'a> {
    visit: &'a Visit,
    /// The permission that all of them grant, where one is asked for.
    granted: Option<Permission>,
    rows: Vec<Row>,
}

/// The list of the policies that grant this.
pub(super) fn granting(permission: &Permission) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("permission", permission.as_str()).finish();
    format!("/dashboard/policies?{query}")
}

struct Row {
    id: String,
    name: String,
    named: Vec<Grant>,
    /// How many permissions more there are.
    more: usize,
    keys: u32,
    /// The list of these keys.
    list: String,
}

struct Grant {
    name: String,
    declared: bool,
}

fn row(policy: &Policy, declared: &HashSet<Permission>) -> Row {
    let grant = |one: &Permission| Grant { name: one.to_string(), declared: declared.contains(one) };
    Row {
        id: policy.id.to_string(),
        name: policy.name.clone(),
        named: policy.permissions.iter().take(NAMED).map(grant).collect(),
        more: policy.permissions.len().saturating_sub(NAMED),
        keys: policy.keys,
        list: search::unrevoked("policy", &policy.id.to_string()),
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let policies = ops::policy::list(&app, caller).await?;
    let permissions = ops::permission::list(&app, caller).await?;
    let declared = permissions.into_iter().filter(|one| one.declared).map(|one| one.permission).collect();
    let granted: Option<Permission> = visit.query("permission").and_then(|name| name.parse().ok());
    let meant = policies.iter().filter(|policy| granted.as_ref().is_none_or(|permission| policy.permissions.contains(permission)));
    let rows = meant.map(|policy| row(policy, &declared)).collect();
    visit.page(StatusCode::OK, &Page { visit: &visit, granted, rows })
}

/// Reads the number of a policy in an address.
///
/// # Errors
/// [`AppError::NotFound`] where it is none.
pub(super) fn id(text: &str) -> Result<PolicyId, AppError> {
    text.parse().map_err(|_| AppError::NotFound(What::Policy))
}
