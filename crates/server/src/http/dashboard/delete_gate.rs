//! `/dashboard/gates/{name}/delete`: asks once more, since proxies let nobody pass from then on.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_store::NamedGate;

use super::edit_gate;
use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "delete_gate.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    gate: &'a NamedGate,
}

async fn show(app: &App, visit: &Visit, status: StatusCode, fields: &Fields, name: &str) -> Result<Response, AppError> {
    let gate = ops::gates::read(app, &visit.admin()?.caller, name).await?;
    visit.page(status, &Page { visit, fields, gate: &gate })
}

pub(super) async fn ask(State(app): State<Arc<App>>, InPath(name): InPath, Member(visit): Member) -> Result<Response, AppError> {
    show(&app, &visit, StatusCode::OK, &Fields::default(), &name).await
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    InPath(name): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let version = edit_gate::version(&fields);
    match ops::gates::delete(&app, &visit.request, &visit.admin()?.caller, &name, version).await {
        Ok(()) => Ok(visit.go_saying("/dashboard/gates", msg("note-gate-deleted"), 0)),
        Err(AppError::VersionMismatch) => {
            fields.blame("", visit.t("version-mismatch"));
            show(&app, &visit, StatusCode::PRECONDITION_FAILED, &fields, &name).await
        }
        Err(error) => Err(error),
    }
}
