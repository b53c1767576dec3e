//! Where a page of a list of keys ended, on every engine.

use keybearer_core::name::canonical;
use keybearer_core::token::KeyId;
use serde::{Deserialize, Serialize};

use crate::{Key, KeySort, StoreError};

/// The value by which the list is ordered, and the id for ties.
pub(crate) enum KeyCursor {
    /// By id alone.
    Id(KeyId),
    /// By a number.
    Number(i64, KeyId),
    /// By a text.
    Text(String, KeyId),
}

/// As callers have it.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<String>,
    id: KeyId,
}

impl KeyCursor {
    /// Where a page ends whose last key is this.
    pub(crate) fn at(key: &Key, sort: KeySort) -> Self {
        match sort {
            KeySort::Created => Self::Id(key.id),
            KeySort::Name => Self::Text(canonical(&key.name), key.id),
            // What never expires comes last, what was never used first.
            KeySort::Expires => Self::Number(key.lifecycle.expires_at().map_or(i64::MAX, |at| at.0), key.id),
            KeySort::LastUsed => Self::Number(key.last_used_at.map_or(0, |at| at.0), key.id),
        }
    }

    pub(crate) fn parse(text: &str, sort: KeySort) -> Result<Self, StoreError> {
        let Written { n, t, id } = serde_json::from_str(text).map_err(|_| StoreError::BadCursor)?;
        match (sort, n, t) {
            (KeySort::Created, None, None) => Ok(Self::Id(id)),
            (KeySort::Name, None, Some(text)) => Ok(Self::Text(text, id)),
            (KeySort::Expires | KeySort::LastUsed, Some(number), None) => Ok(Self::Number(number, id)),
            _ => Err(StoreError::BadCursor),
        }
    }

    pub(crate) fn written(self) -> serde_json::Result<String> {
        let (n, t, id) = match self {
            Self::Id(id) => (None, None, id),
            Self::Number(number, id) => (Some(number), None, id),
            Self::Text(text, id) => (None, Some(text), id),
        };
        serde_json::to_string(&Written { n, t, id })
    }
}
