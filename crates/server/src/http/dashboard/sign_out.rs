//! `/sign-out`: ends the session of this browser.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::cookies::Jar;
use super::posted::Posted;
use super::texts::msg;
use crate::app::App;
use crate::error::AppError;
use crate::ops;

pub(super) async fn sign_out(State(app): State<Arc<App>>, Posted { visit, .. }: Posted) -> Result<Response, AppError> {
    let person = visit.person()?;
    ops::session::end(&app, &visit.request, &person.caller, person.session.id.0).await?;
    let mut response = visit.go_saying("/sign-in", msg("note-signed-out"), 0);
    visit.forget(&mut response, Jar::Session);
    Ok(response)
}
