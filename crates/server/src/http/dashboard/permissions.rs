//! `/dashboard/permissions`: what each service has declared, and which policies grant it.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::permission::{KEYBEARER, Permission};
use keybearer_store::{DeclaredPermission, Policy};

use super::all_keys::search;
use super::policies;
use super::shell::quoted;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

/// The policies that a row names: all of them, in each row, can be megabytes.
const NAMED: usize = 6;

#[derive(Template)]
#[template(path = "permissions.html")]
struct Page<'a> {
    visit: &'a Visit,
    services: Vec<Service>,
    /// Keybearer itself.
    own: Option<Service>,
    /// A call that declares, to begin from.
    command: String,
}

struct Service {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    description: String,
    declared: bool,
    policies: Vec<Link>,
    /// How many more there are, and the list of all.
    more: usize,
    list: String,
}

/// A policy that grants it.
struct Link {
    id: String,
    name: String,
    /// How many keys have it by this policy, and their list.
    keys: u32,
    list: String,
}

/// By service; the list comes in the order of full names.
fn services(permissions: &[DeclaredPermission], all: &[Policy]) -> Vec<Service> {
    let mut granting: HashMap<&Permission, Vec<&Policy>> = HashMap::new();
    for policy in all {
        policy.permissions.iter().for_each(|one| granting.entry(one).or_default().push(policy));
    }
    let link = |policy: &&Policy| Link {
        id: policy.id.to_string(),
        name: policy.name.clone(),
        keys: policy.keys,
        list: search::unrevoked("policy", &policy.id.to_string()),
    };
    let row = |one: &DeclaredPermission| {
        let granting = granting.get(&one.permission).map_or(&[][..], Vec::as_slice);
        Row {
            name: one.permission.name().to_owned(),
            description: one.description.clone(),
            declared: one.declared,
            policies: granting.iter().take(NAMED).map(link).collect(),
            more: granting.len().saturating_sub(NAMED),
            list: policies::granting(&one.permission),
        }
    };
    let of_one = permissions.chunk_by(|one, next| one.permission.service() == next.permission.service());
    of_one
        .filter_map(|of| Some(Service { name: of.first()?.permission.service().to_owned(), rows: of.iter().map(row).collect() }))
        .collect()
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let permissions = ops::permission::list(&app, caller).await?;
    let policies = ops::policy::list(&app, caller).await?;
    let (own, services): (Vec<_>, Vec<_>) = services(&permissions, &policies).into_iter().partition(|one| one.name == KEYBEARER);
    let manifest = r#"[{"name": "read", "description": "Read invoices"}]"#;
    let command = format!(
        "curl -X PUT -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d '{manifest}' {}",
        quoted(&format!("{}/v1/services/billing/permissions", visit.origin().unwrap_or_default()))
    );
    visit.page(StatusCode::OK, &Page { visit: &visit, services, own: own.into_iter().next(), command })
}
