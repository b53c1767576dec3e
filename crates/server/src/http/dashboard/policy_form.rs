//! The form of a policy: its name, and the permissions to choose from.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::{DeclaredPermission, Policy};

use super::fields::Fields;
use super::made::{self, Made};
use super::moment::Moment;
use super::visit::Visit;
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "policy_form.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    groups: Vec<Group>,
    /// The policy as it is; `None` while there is none.
    policy: Option<&'a Policy>,
    /// When the policy was made, and by whom.
    made: Option<(Moment, Made)>,
}

/// What one service declares, to choose from.
pub(super) struct Group {
    pub(super) service: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) permission: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) declared: bool,
    pub(super) chosen: bool,
}

/// The form with these values: for a new policy, or for the one that there is.
///
/// # Errors
/// [`AppError::Refused`] below level 8.
pub(super) async fn show(visit: &Visit, status: StatusCode, fields: &Fields, policy: Option<&Policy>) -> Result<Response, AppError> {
    let mut permissions = ops::permission::list(&visit.app, &visit.admin()?.caller).await?;
    // What nobody declares cannot be granted anew; where it is granted, it may stay.
    permissions.retain(|one| one.declared || policy.is_some_and(|policy| policy.permissions.contains(&one.permission)));
    let made = match policy {
        Some(policy) => Some((visit.moment(&policy.created_at), made::by(&visit.app, visit, &policy.created_by).await?)),
        None => None,
    };
    visit.page(status, &Page { visit, fields, groups: groups(fields, &permissions), policy, made })
}

/// By service; the list comes in the order of full names.
pub(super) fn groups(fields: &Fields, permissions: &[DeclaredPermission]) -> Vec<Group> {
    let chosen: Vec<&str> = fields.all("permissions").collect();
    let choice = |one: &DeclaredPermission| Choice {
        permission: one.permission.to_string(),
        name: one.permission.name().to_owned(),
        description: one.description.clone(),
        declared: one.declared,
        chosen: chosen.contains(&one.permission.as_str()),
    };
    let services = permissions.chunk_by(|one, next| one.permission.service() == next.permission.service());
    let group = |of: &[DeclaredPermission]| {
        let service = of.first()?.permission.service().to_owned();
        Some(Group { service, choices: of.iter().map(choice).collect() })
    };
    services.filter_map(group).collect()
}

/// The permissions that were ticked.
pub(super) fn chosen(fields: &Fields) -> Vec<String> {
    fields.all("permissions").map(str::to_owned).collect()
}
