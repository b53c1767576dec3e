//! The JSON that applications keep with a key or an account, as people read and write it.

use keybearer_store::Metadata;

use super::fields::Fields;
use super::visit::Visit;

/// The name of its field.
pub(super) const FIELD: &str = "metadata";

/// As it is shown; nothing where there is none.
pub(super) fn shown(metadata: &Metadata) -> String {
    if metadata.is_empty() { String::new() } else { serde_json::to_string_pretty(metadata).unwrap_or_default() }
}

/// What was typed, if it is a JSON object; nothing stands for an empty one. Else the field is to blame.
pub(super) fn typed(visit: &Visit, fields: &mut Fields) -> Option<Metadata> {
    let text = fields.value(FIELD).trim();
    if text.is_empty() {
        return Some(Metadata::new());
    }
    match serde_json::from_str(text) {
        Ok(metadata) => Some(metadata),
        Err(error) => {
            fields.blame(FIELD, visit.t1("metadata-wrong", "line", error.line()));
            None
        }
    }
}
