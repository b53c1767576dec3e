//! The link that makes the first administrator: valid for half an hour, good for one use, kept in memory only.

use std::sync::{Mutex, PoisonError};

use keybearer_core::time::UnixMillis;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random;

/// How long a link is good, in milliseconds.
pub const LIFETIME: i64 = 30 * 60 * 1000;

/// The link that is open now, if one.
#[derive(Default)]
pub struct Setup {
    open: Mutex<Option<Open>>,
}

struct Open {
    digest: [u8; 32],
    expires_at: UnixMillis,
}

impl Setup {
    /// Opens a new link and returns its nonce; an earlier one is void.
    pub fn open(&self, now: UnixMillis) -> String {
        use base64::Engine;
        let nonce = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<24>());
        let open = Open { digest: Sha256::digest(nonce.as_bytes()).into(), expires_at: now.plus(LIFETIME) };
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        nonce
    }

    /// Whether this nonce is that of the open link.
    #[must_use]
    pub fn admits(&self, nonce: &str, now: UnixMillis) -> bool {
        let digest: [u8; 32] = Sha256::digest(nonce.as_bytes()).into();
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(|open| now < open.expires_at && bool::from(open.digest.ct_eq(&digest)))
    }

    /// Closes the link: it was used, or is needed no more.
    pub fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
