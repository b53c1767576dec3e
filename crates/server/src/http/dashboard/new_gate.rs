//! `/dashboard/gates/new`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::IfGate;

use super::fields::Fields;
use super::gate_form;
use super::posted::PostedOnce;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

pub(super) async fn form(Member(visit): Member) -> Result<Response, AppError> {
    gate_form::show(&visit, StatusCode::OK, &gate_form::empty(), None)
}

pub(super) async fn create(State(app): State<Arc<App>>, posted: PostedOnce) -> Result<Response, AppError> {
    let PostedOnce { visit, mut fields } = posted;
    match apply(&app, &visit, &fields).await {
        Ok(()) => Ok(visit.go_saying("/dashboard/gates", msg("note-gate-created"), 0)),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            gate_form::show(&visit, status, &fields, None)
        }
    }
}

async fn apply(app: &App, visit: &Visit, fields: &Fields) -> Result<(), AppError> {
    let gate = gate_form::typed(fields)?;
    ops::gates::put(app, &visit.request, &visit.admin()?.caller, fields.value("name").trim(), gate, IfGate::Absent).await?;
    Ok(())
}
