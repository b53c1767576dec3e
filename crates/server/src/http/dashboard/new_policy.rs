//! `/dashboard/policies/new`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::fields::Fields;
use super::policy_form;
use super::posted::PostedOnce;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

pub(super) async fn form(Member(visit): Member) -> Result<Response, AppError> {
    policy_form::show(&visit, StatusCode::OK, &Fields::default(), None).await
}

pub(super) async fn create(State(app): State<Arc<App>>, posted: PostedOnce) -> Result<Response, AppError> {
    let PostedOnce { visit, mut fields } = posted;
    match apply(&app, &visit, &fields).await {
        Ok(()) => Ok(visit.go_saying("/dashboard/policies", msg("note-policy-created"), 0)),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            policy_form::show(&visit, status, &fields, None).await
        }
    }
}

async fn apply(app: &App, visit: &Visit, fields: &Fields) -> Result<(), AppError> {
    let caller = &visit.admin()?.caller;
    let permissions = ops::policy::permissions(&policy_form::chosen(fields))?;
    ops::policy::create(app, &visit.request, caller, fields.value("name"), permissions).await?;
    Ok(())
}
