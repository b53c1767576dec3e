//! The envelope of every answer with a body: `result`, and beside it what was asked for, or `error`.

use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::token::KeyId;
use serde::Serialize;

use super::apikey::ApiKey;
use super::whoami::Account;
use crate::http::answer;

/// What was asked for, under its name.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Told {
    Apikey(ApiKey),
    Apikeys(Vec<ApiKey>),
    Account(Account),
}

#[derive(Serialize)]
struct Success {
    result: &'static str,
    #[serde(flatten)]
    told: Told,
}

#[derive(Serialize)]
struct Failure {
    result: &'static str,
    error: &'static str,
    /// The id of the key that the error is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

pub(super) fn success(told: Told) -> Response {
    answer::json(&Success { result: "success", told })
}

/// A new key, with the secret that no later answer holds.
pub(super) fn created(apikey: ApiKey) -> Response {
    let mut response = answer::secret_json(&Success { result: "success", told: Told::Apikey(apikey) });
    *response.status_mut() = StatusCode::CREATED;
    response
}

pub(super) fn error(status: StatusCode, code: &'static str, key: Option<KeyId>) -> Response {
    let mut response = answer::json(&Failure { result: "error", error: code, key: key.map(|id| id.to_string()) });
    *response.status_mut() = status;
    response
}
