//! What answers of all faces have in common on the wire.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use keybearer_api::Timestamp;
use keybearer_core::time::UnixMillis;
use serde::Serialize;

/// An answer in JSON.
pub fn json(value: &impl Serialize) -> Response {
    let mut response = Json(value).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// An answer in JSON that holds a secret: nothing on the way may keep it.
pub fn secret_json(value: &impl Serialize) -> Response {
    let mut response = json(value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A moment: RFC 3339 with milliseconds and `Z`.
#[must_use]
pub fn moment(at: UnixMillis) -> Timestamp {
    Timestamp::from_unix_millis(at.0)
}
