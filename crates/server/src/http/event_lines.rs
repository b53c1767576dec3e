//! Events as they stand on the wire, alone or one a line, for all faces that hand them out.

use keybearer_api as api;
use keybearer_store::Event;

use super::answer;
use crate::error::AppError;

/// The type of lines of JSON.
pub const CONTENT_TYPE: &str = "application/jsonl; charset=utf-8";

/// An event as it stands on the wire.
#[must_use]
pub fn dressed(event: Event) -> api::Event {
    api::Event {
        revision: event.revision,
        at: answer::moment(event.at),
        actor: event.actor,
        action: event.action,
        target: event.target,
        touched: event.touched,
        before: event.before,
        after: event.after,
        pruned: event.pruned,
        request_id: event.request_id,
    }
}

/// These events, one a line.
///
/// # Errors
/// [`AppError::Internal`] where one cannot be written.
pub fn lines<'a>(events: impl IntoIterator<Item = &'a api::Event>) -> Result<String, AppError> {
    let mut text = String::new();
    for event in events {
        text.push_str(&serde_json::to_string(event).map_err(|error| AppError::Internal(error.to_string()))?);
        text.push('\n');
    }
    Ok(text)
}
