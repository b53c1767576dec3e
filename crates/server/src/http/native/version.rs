//! Versions of things that are replaced whole: `ETag` and `If-Match`.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::error::AppError;

/// An answer with the version of the thing as `ETag`.
pub(super) fn with_version(mut response: Response, version: i64) -> Response {
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The version that `If-Match` names; `*` and none of the header name no version. What is no `ETag` of ours matches nothing.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, AppError> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
        (Some(_), Some(_)) => return Err(AppError::malformed("If-Match", "must stand in the request once")),
    };
    if value == "*" {
        return Ok(None);
    }
    let version = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|version| version.parse().ok());
    version.map(Some).ok_or(AppError::VersionMismatch)
}
