//! `/dashboard/gates/{name}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::IfGate;

use super::fields::Fields;
use super::gate_form;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

pub(super) async fn form(State(app): State<Arc<App>>, InPath(name): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let gate = ops::gates::read(&app, &visit.admin()?.caller, &name).await?;
    gate_form::show(&visit, StatusCode::OK, &gate_form::filled(&gate), Some(&gate))
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(name): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let error = match apply(&app, &visit, &fields, &name).await {
        Ok(()) => return Ok(visit.go_saying("/dashboard/gates", msg("note-gate-changed"), 0)),
        Err(error) => error,
    };
    let gate = ops::gates::read(&app, &visit.admin()?.caller, &name).await?;
    if let AppError::VersionMismatch = error {
        // What the form says is about a gate that is no more: the person looks at the one that is.
        let mut fields = gate_form::filled(&gate);
        fields.blame("", visit.t("version-mismatch"));
        return gate_form::show(&visit, StatusCode::PRECONDITION_FAILED, &fields, Some(&gate));
    }
    let status = fields.refused(&visit, error)?;
    gate_form::show(&visit, status, &fields, Some(&gate))
}

async fn apply(app: &App, visit: &Visit, fields: &Fields, name: &str) -> Result<(), AppError> {
    let gate = gate_form::typed(fields)?;
    ops::gates::put(app, &visit.request, &visit.admin()?.caller, name, gate, version(fields)).await?;
    Ok(())
}

/// The version that the person saw. A form without one saw none that is in force.
pub(super) fn version(fields: &Fields) -> IfGate {
    IfGate::Version(fields.value("version").parse().unwrap_or_default())
}
