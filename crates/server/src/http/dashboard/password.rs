//! `/account/password`: another password for one's account.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_api::ChangeAccount;

use super::posted::Posted;
use super::security;
use super::texts::msg;
use crate::app::App;
use crate::error::AppError;
use crate::ops;

pub(super) async fn change(State(app): State<Arc<App>>, Posted { visit, mut fields }: Posted) -> Result<Response, AppError> {
    let person = visit.person()?;
    let given = |name| Some(fields.value(name).to_owned()).filter(|text| !text.is_empty());
    let (current, password) = (given("current_password"), given("password"));
    if password.is_none() {
        fields.blame("password", visit.t("password-too-short"));
        return security::show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields).await;
    }
    let asked = ChangeAccount { password, current_password: current, ..ChangeAccount::default() };
    match ops::account::change(&app, &visit.request, &person.caller, person.account.id, asked, None).await {
        Ok(changed) => {
            let keys = changed.live_keys.map_or(0, |keys| keys.len());
            Ok(visit.go_saying("/account/security", msg("note-password-changed"), keys))
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            security::show(&visit, status, &fields).await
        }
    }
}
