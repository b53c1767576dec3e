//! `/account/sessions`: ends one's sessions.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keybearer_store::What;

use super::cookies::Jar;
use super::posted::Posted;
use super::texts::msg;
use super::visit::Visit;
use crate::app::App;
use crate::error::AppError;
use crate::ops;

/// Where the person goes who ended the session of this browser.
pub(super) fn signed_out(visit: &Visit) -> Response {
    let mut response = visit.go_saying("/sign-in", msg("note-signed-out"), 0);
    visit.forget(&mut response, Jar::Session);
    response
}

/// One of them.
pub(super) async fn end(State(app): State<Arc<App>>, Posted { visit, fields }: Posted) -> Result<Response, AppError> {
    let person = visit.person()?;
    let id = fields.value("id").parse().map_err(|_| AppError::NotFound(What::Session))?;
    ops::session::end(&app, &visit.request, &person.caller, id).await?;
    if id == person.session.id.0 {
        return Ok(signed_out(&visit));
    }
    Ok(visit.go_saying("/account/security", msg("note-session-ended"), 0))
}

/// All but that of this browser.
pub(super) async fn end_others(State(app): State<Arc<App>>, Posted { visit, .. }: Posted) -> Result<Response, AppError> {
    let ended = ops::session::end_others(&app, &visit.request, &visit.person()?.caller).await?;
    Ok(visit.go_saying("/account/security", msg("note-sessions-ended"), ended))
}
