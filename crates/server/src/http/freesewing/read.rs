//! `GET /apikeys/{id}/{jwt|key}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::apikey::{ApiKey, NamedKey};
use super::credential::Owner;
use super::envelope::{self, Told};
use super::failure::Failure;
use crate::app::App;
use crate::ops;

/// One key, without its secret.
pub(super) async fn read(State(app): State<Arc<App>>, Owner { caller, .. }: Owner, NamedKey(id): NamedKey) -> Result<Response, Failure> {
    let key = ops::key::read(&app, &caller, id).await?;
    Ok(envelope::success(Told::Apikey(ApiKey::of(&key)?)))
}
