//! Errors on the wire: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"type": "urn:keybearer:problem:key_not_found", "title": "Not Found", "status": 404, "detail": "There is no such key, or none that you may see.", "code": "key_not_found", "request_id": "0198c2a4-8a07-7d11-8f0b-5d8f0c1e2a33"})))]
pub struct Problem {
    /// Names the kind of problem: `urn:keybearer:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, and the way out.
    pub detail: String,
    /// The kind of problem, for programs.
    pub code: String,
    /// The `X-Request-Id` of the answer, to be quoted when asking for help.
    pub request_id: String,
    /// Which fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The keys that stand in the way, where some do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<crate::Named>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Which: a JSON pointer into the body, or the name of a parameter.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}
