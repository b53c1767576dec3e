//! `/dashboard/policies/{id}`: another name, other permissions.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::policy::PolicyId;
use keybearer_store::Policy;

use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use super::{policies, policy_form};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

/// The form filled with the policy as it is.
fn filled(policy: &Policy) -> Fields {
    let mut values = vec![("name", policy.name.as_str())];
    values.extend(policy.permissions.iter().map(|one| ("permissions", one.as_str())));
    Fields::of(&values)
}

pub(super) async fn form(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let policy = ops::policy::read(&app, caller, policies::id(&id)?).await?;
    policy_form::show(&visit, StatusCode::OK, &filled(&policy), Some(&policy)).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(id): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let id = policies::id(&id)?;
    match apply(&app, &visit, &fields, id).await {
        Ok(policy) => {
            let keys = usize::try_from(policy.keys).unwrap_or(usize::MAX);
            Ok(visit.go_saying("/dashboard/policies", msg("note-policy-changed"), keys))
        }
        Err(AppError::VersionMismatch) => {
            // What the form says is about a policy that is no more: the person looks at the one that is.
            let policy = ops::policy::read(&app, caller, id).await?;
            let mut fields = filled(&policy);
            fields.blame("", visit.t("version-mismatch"));
            policy_form::show(&visit, StatusCode::PRECONDITION_FAILED, &fields, Some(&policy)).await
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            let policy = ops::policy::read(&app, caller, id).await?;
            policy_form::show(&visit, status, &fields, Some(&policy)).await
        }
    }
}

async fn apply(app: &App, visit: &Visit, fields: &Fields, id: PolicyId) -> Result<Policy, AppError> {
    let caller = &visit.admin()?.caller;
    let permissions = ops::policy::permissions(&policy_form::chosen(fields))?;
    ops::policy::change(app, &visit.request, caller, id, Some(fields.value("name")), Some(permissions), Some(version(fields))).await
}

/// The version that the person saw. A form without one saw none that is in force.
pub(super) fn version(fields: &Fields) -> i64 {
    fields.value("version").parse().unwrap_or_default()
}
