//! Cursors of lists as clients see them: opaque, base64 over what the store gave.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use keybearer_store::{PageRequest, StoreError};

use crate::error::AppError;

/// The page that begins where this cursor says.
///
/// # Errors
/// [`AppError::Malformed`] where no list gave the cursor.
pub fn request(cursor: Option<&str>, limit: u32) -> Result<PageRequest, AppError> {
    let read = |text| BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(StoreError::BadCursor);
    Ok(PageRequest { cursor: cursor.map(read).transpose()?, limit })
}

/// The cursor that asks for the next page.
#[must_use]
pub fn cursor(next: &str) -> String {
    BASE64.encode(next)
}
