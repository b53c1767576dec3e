//! The JSON that applications keep with a key or an account, as people read and write it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use keybearer_store::Metadata;
use sha2::{Digest, Sha256};

use super::fields::Fields;
use super::visit::Visit;

/// The name of its field.
pub(super) const FIELD: &str = "metadata";
/// The name of the field with [`mark`].
pub(super) const MARK: &str = "metadata_mark";

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

/// Tells what the page showed from anything else.
pub(super) fn mark(metadata: &Metadata) -> String {
    BASE64.encode(Sha256::digest(serde_json::to_string(metadata).unwrap_or_default()))
}

/// As [`typed`], where the inner `None` says that it stands as the page showed it: a program may have changed it since, and that stays.
pub(super) fn changed(visit: &Visit, fields: &mut Fields) -> Option<Option<Metadata>> {
    if fields.all(FIELD).next().is_none() {
        return Some(None);
    }
    let typed = typed(visit, fields)?;
    Some(Some(typed).filter(|metadata| mark(metadata) != fields.value(MARK)))
}
