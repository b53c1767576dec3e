//! HEAD: what GET would say, without its body.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

/// Takes the body from an answer to HEAD, and keeps its length. The router does so for what its routes answer, but errors are worded outside
/// of it, and HTTP/2 has no way to tell such a body from a breach of the protocol.
pub(super) async fn without_body(request: Request, next: Next) -> Response {
    let head = *request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    if head {
        let body = std::mem::take(response.body_mut());
        if let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
            response.headers_mut().entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
        }
        *response.body_mut() = Body::empty();
    }
    response
}
