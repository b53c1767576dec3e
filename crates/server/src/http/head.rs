//! HEAD: what GET would say, without its body.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::Response;

/// Takes the body from an answer to HEAD, and keeps its length. The router does so for what its routes answer, but errors are worded outside
/// of it, and HTTP/2 has no way to tell such a body from a breach of the protocol.
pub(super) fn without_body(response: &mut Response) {
    let body = std::mem::take(response.body_mut());
    if let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
    *response.body_mut() = Body::empty();
}
