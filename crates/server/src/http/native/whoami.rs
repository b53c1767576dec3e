//! `/v1/whoami`: what a credential is and may do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keybearer_api as api;
use keybearer_core::authority::{Authority, SignIn};
use keybearer_core::role::Level;

use super::dress;
use super::extract::Signed;
use super::problem::Problems;
use crate::app::App;
use crate::caller::CallerCredential;
use crate::error::AppError;
use crate::ops;

/// What your credential is and may do.
///
/// For everyone who has a good credential.
#[utoipa::path(get, path = "/v1/whoami", tag = "whoami",
    responses((status = 200, description = "It is good", body = api::WhoAmI), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn whoami(State(app): State<Arc<App>>, Signed { caller, .. }: Signed) -> Result<Response, AppError> {
    let (credential, level, permissions) = match &caller.authority {
        Authority::Session { standing, by: SignIn::Here, .. } => (api::Credential::Session, Some(standing.level), None),
        Authority::Session { standing, by: SignIn::Elsewhere, .. } => (api::Credential::IdentityToken, Some(standing.level), None),
        Authority::AccountKey { level, .. } => (api::Credential::AccountKey, Some(*level), None),
        Authority::ServiceKey { permissions, .. } => (api::Credential::ServiceKey, None, Some(dress::names(permissions))),
        Authority::Operator => return Err(AppError::Internal("the operator has no credential".into())),
    };
    let (account, key) = match &caller.credential {
        CallerCredential::Session(session) => (Some(ops::account::of_session(&app, session)?), None),
        CallerCredential::Identity(account) => (Some(ops::account::of_holder(&app, *account)?), None),
        CallerCredential::Key(entry) => (None, Some(dress::key(&app, &ops::key::of_caller(&app, entry).await?))),
    };
    Ok(dress::json(&api::WhoAmI {
        credential,
        level: level.map(Level::number),
        permissions,
        account: account.map(|account| dress::account(&app, &account)),
        key,
    }))
}
