//! Answers: a message as proto3 JSON, or a `google.rpc.Status`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::catena;
use crate::error::AppError;

/// `google.rpc.Status`.
#[derive(Serialize)]
struct RpcStatus<'a> {
    code: i32,
    message: &'a str,
    details: [Value; 0],
}

/// The answer of an RPC; its metadata become headers.
pub(super) fn message(message: &impl Serialize, metadata: MetadataMap) -> Result<Response, AppError> {
    let body = serde_json::to_vec(message).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(json(StatusCode::OK, metadata.into_headers(), body))
}

/// The answer where an RPC failed.
pub(super) fn refusal(status: &Status) -> Response {
    failed(http_status(status.code()), status)
}

/// The answer to a request that failed.
pub(in crate::http) fn render(error: &AppError, _request_id: &str) -> Response {
    let status = catena::status(error);
    // HTTP has a word of its own for these.
    let http = if let AppError::MethodNotAllowed { .. } = error {
        StatusCode::METHOD_NOT_ALLOWED
    } else if let AppError::TooLarge { .. } = error {
        StatusCode::PAYLOAD_TOO_LARGE
    } else if let AppError::StorageFull = error {
        StatusCode::INSUFFICIENT_STORAGE
    } else if let AppError::TooSlow = error {
        StatusCode::REQUEST_TIMEOUT
    } else if let AppError::UrlTooLong { .. } = error {
        StatusCode::URI_TOO_LONG
    } else {
        http_status(status.code())
    };
    failed(http, &status)
}

fn failed(http: StatusCode, status: &Status) -> Response {
    let body = RpcStatus { code: status.code().into(), message: status.message(), details: [] };
    json(http, status.metadata().clone().into_headers(), serde_json::to_vec(&body).unwrap_or_default())
}

fn json(status: StatusCode, mut headers: HeaderMap, body: Vec<u8>) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    (status, headers, body).into_response()
}

/// As HTTP transcoders map the codes of gRPC.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Cancelled => StatusCode::REQUEST_TIMEOUT,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
    }
}
