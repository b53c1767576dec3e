//! What answers of all faces have in common on the wire.

use std::io;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keybearer_api::Timestamp;
use keybearer_core::time::UnixMillis;
use serde::Serialize;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// What most answers need no more than, in bytes.
pub const USUAL: usize = 512;

/// An answer in JSON.
pub fn json(value: &impl Serialize) -> Response {
    // A vector is the writer that costs the least for the many small pieces in which JSON is written.
    json_by(USUAL, |body| Ok(serde_json::to_writer(body, value)?))
}

/// As [`json`], by whoever writes it himself; it will take about so many bytes.
pub fn json_by(bytes: usize, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Response {
    let mut body = Vec::with_capacity(bytes);
    if write(&mut body).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// An answer in JSON that holds a secret: nothing on the way may keep it.
pub fn secret_json(value: &impl Serialize) -> Response {
    let mut response = json(value);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A UUID as the value of a header.
pub(super) fn uuid(id: &Uuid) -> HeaderValue {
    let mut text = [0; Hyphenated::LENGTH];
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).unwrap_or(HeaderValue::from_static(""))
}

/// A moment: RFC 3339 with milliseconds and `Z`.
#[must_use]
pub fn moment(at: UnixMillis) -> Timestamp {
    Timestamp::from_unix_millis(at.0)
}
