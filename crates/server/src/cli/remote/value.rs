//! From written values to what they mean, and back.

use std::fmt::Display;
use std::time::Duration;

use keybearer_api::{Metadata, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Failure;
use crate::clock::Clock;
use crate::config;

/// A duration as in settings.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let milliseconds = config::duration(text)?;
    u64::try_from(milliseconds).map(Duration::from_millis).map_err(|error| error.to_string())
}

/// Whole seconds of a duration as in settings.
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    config::duration(text).map(|milliseconds| milliseconds / 1_000)
}

/// One of the words that a type of the wire has.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// The word of the wire for something.
pub(super) fn as_word(thing: &impl Serialize) -> String {
    match serde_json::to_value(thing) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(error) => error.to_string(),
    }
}

/// A JSON object.
pub(super) fn metadata(text: &str) -> Result<Metadata, String> {
    serde_json::from_str(text).map_err(|error| format!("must be a JSON object: {error}"))
}

/// A moment, or how long ago it was.
pub(super) fn ago(text: &str) -> Result<Timestamp, String> {
    moment(text, -1)
}

/// A moment, or how far ahead it is.
pub(super) fn ahead(text: &str) -> Result<Timestamp, String> {
    moment(text, 1)
}

fn moment(text: &str, direction: i64) -> Result<Timestamp, String> {
    if let Ok(duration) = config::duration(text) {
        return Ok(Timestamp::from_unix_millis(Clock::System.now().0.saturating_add(direction.saturating_mul(duration))));
    }
    text.parse().map_err(|_| "must be a moment such as 2026-01-31T12:00:00Z, or a duration such as 36h or 30d".to_owned())
}

/// The id of a key. What is none is not repeated: it may be a secret that somebody took for one.
pub(super) fn key_id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_| {
        Failure::Usage(
            "the id of a key looks like 0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11; `keybearer key list` shows them. If you gave a whole key, others \
             on this machine may have seen it: revoke it"
                .to_owned(),
        )
    })
}

/// Something as text, if it is there.
pub(super) fn some(thing: Option<impl Display>) -> Option<String> {
    thing.map(|thing| thing.to_string())
}

/// Something as text, or none.
pub(super) fn or_none(thing: Option<impl Display>) -> String {
    some(thing).unwrap_or_default()
}

/// Metadata as text, if there are any.
pub(super) fn shown(metadata: &Metadata) -> Option<String> {
    (!metadata.is_empty()).then(|| serde_json::Value::Object(metadata.clone()).to_string())
}
