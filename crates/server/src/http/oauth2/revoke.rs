//! `POST /oauth2/revoke` (RFC 7009): this key is to be dead from now on.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::call::Call;
use super::failure;
use crate::app::App;
use crate::error::AppError;
use crate::ops;

/// Revokes a key, for level 8, keys with `keybearer:keys.write`, and the key itself. One that is dead or never was needs nothing: that is no
/// error, and looks the same.
pub(super) async fn revoke(State(app): State<Arc<App>>, Call { request, caller, token }: Call) -> Result<Response, AppError> {
    ops::key::give_up(&app, &request, &caller, &token).await?;
    // A session token has dots, which a key never has. Success would leave somebody believe that the session is over.
    if token.contains('.') {
        return Ok(failure::unsupported_token_type());
    }
    Ok((StatusCode::OK, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response())
}
