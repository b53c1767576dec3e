//! `GET /apikeys/{jwt|key}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keybearer_core::key::KeyKind;

use super::apikey::ApiKey;
use super::credential::Owner;
use super::envelope::{self, Told};
use super::failure::Failure;
use crate::app::App;
use crate::ops;

/// The caller's own keys, newest first: those that expired too, those that were revoked not.
pub(super) async fn list(State(app): State<Arc<App>>, Owner { caller, .. }: Owner) -> Result<Response, Failure> {
    let keys = ops::key::all_not_revoked(&app, &caller, KeyKind::Account, caller.authority.account()).await?;
    Ok(envelope::success(Told::Apikeys(keys.iter().map(ApiKey::of).collect::<Result<_, _>>()?)))
}
