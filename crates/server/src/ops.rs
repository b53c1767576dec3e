//! Operations: what all faces do. Each checks the actor, asks the rule, calls one verb of the store (which asks again inside its
//! transaction, records the event and brings the image up to date), and returns values that a face dresses.

pub mod account;
pub mod audit;
pub mod cluster;
pub mod explain;
pub mod gate;
pub mod gates;
pub mod health;
pub mod issue;
pub mod key;
pub mod maker;
pub mod metrics;
pub mod password_reset;
pub mod permission;
pub mod policy;
pub mod session;
pub mod traffic;
pub mod verify;

use keybearer_core::authority::Refusal;
use keybearer_core::name::Name;
use keybearer_store::{Metadata, What};
use serde_json::Value;

use crate::error::{AppError, Cause};

/// The most bytes of JSON that applications may keep with an account or a key.
pub const MAX_METADATA: usize = 4_096;
/// How deep that JSON may be nested. Answers and events wrap it further, and readers of JSON have a limit: many 128, some 64.
const MAX_METADATA_DEPTH: usize = 32;

/// A name as given, and the spelling under which it is compared.
fn name(pointer: &str, text: &str) -> Result<(String, String), AppError> {
    let name = Name::parse(text).map_err(|error| AppError::invalid(pointer, error))?;
    Ok((name.as_str().to_owned(), name.canonical()))
}

pub(crate) fn metadata(given: Option<Metadata>) -> Result<Metadata, AppError> {
    let metadata = given.unwrap_or_default();
    let size = serde_json::to_string(&metadata).map_err(|error| AppError::Internal(error.to_string()))?.len();
    if size > MAX_METADATA {
        return Err(AppError::invalid(
            "/metadata",
            Cause::MetadataTooLarge { limit: MAX_METADATA }.saying(format!("must be at most {MAX_METADATA} bytes of JSON; this is {size}")),
        ));
    }
    if !metadata.values().all(|value| is_within(value, MAX_METADATA_DEPTH - 1)) {
        return Err(AppError::invalid(
            "/metadata",
            Cause::MetadataTooDeep { limit: MAX_METADATA_DEPTH }.saying(format!("must be nested at most {MAX_METADATA_DEPTH} deep")),
        ));
    }
    Ok(metadata)
}

/// Whether a value has at most so many levels of arrays and objects.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(values) => levels > 0 && values.iter().all(|value| is_within(value, levels - 1)),
        Value::Object(fields) => levels > 0 && fields.values().all(|value| is_within(value, levels - 1)),
    }
}

/// Tells of a thing that is not the caller's to see exactly what is told of one that does not exist.
fn unseen_is_absent(what: What) -> impl Fn(AppError) -> AppError {
    move |error| match error {
        AppError::Refused(Refusal::Hidden) => AppError::NotFound(what),
        error => error,
    }
}
