//! `DELETE /apikeys/{id}/{jwt|key}`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use keybearer_core::key::KeyKind;
use keybearer_store::Cascade;

use super::apikey::NamedKey;
use super::credential::Owner;
use super::failure::Failure;
use crate::app::App;
use crate::ops;

/// Revokes a key: it is dead everywhere when the call returns.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Owner { request, caller }: Owner,
    NamedKey(id): NamedKey,
) -> Result<StatusCode, Failure> {
    ops::key::revoke(&app, &request, &caller, id, Some(KeyKind::Account), Cascade::Nothing).await?;
    Ok(StatusCode::NO_CONTENT)
}
