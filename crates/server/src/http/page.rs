//! What every HTML page is answered with.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::error::AppError;

/// The page, which nothing keeps, embeds or is told the address of: that of a page behind a link is a secret until it is used.
pub(super) fn answer(page: &impl Template, status: StatusCode) -> Result<Response, AppError> {
    let html = page.render().map_err(|error| AppError::Internal(error.to_string()))?;
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
