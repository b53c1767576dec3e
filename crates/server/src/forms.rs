//! What proves that a form came from a page of ours: a token that only the same browser session has, and for forms that create something a
//! nonce that is good for one use. The token is good at every node that has the keyring. The nonce is made with a key that lives as long as the
//! process, which alone knows which were used: another one asks for the form again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use keybearer_core::time::UnixMillis;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::random;

/// How long a nonce is good, and so how long its use is remembered, in milliseconds.
pub const LIFETIME: i64 = 12 * 60 * 60 * 1000;

/// Random bytes, and the moment of making.
const NONCE: usize = 16 + 8;
const PROOF: usize = 32;

/// Makes and checks tokens and nonces. No `Debug`: it holds the key.
pub struct Forms {
    /// Of tokens: from the keyring.
    shared: Zeroizing<[u8; 32]>,
    /// Of nonces: of this process.
    own: Zeroizing<[u8; 32]>,
    /// Nonces that were used, and until when each would have been good.
    used: Mutex<HashMap<[u8; NONCE], UnixMillis>>,
}

/// Why a nonce is not good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spent {
    /// It was used before.
    Used,
    /// It is not one that this process gave to this browser session, or it is too old.
    Foreign,
}

impl Forms {
    /// Makes and reads with this key of the keyring, and one of its own.
    #[must_use]
    pub fn new(jwt_key: &[u8]) -> Self {
        let shared = keyed(jwt_key).chain_update(b"keybearer forms").finalize().into_bytes();
        Self { shared: Zeroizing::new(shared.into()), own: Zeroizing::new(random::bytes()), used: Mutex::default() }
    }

    /// The token of a browser session.
    #[must_use]
    pub fn token(&self, session: &str) -> String {
        BASE64.encode(self.token_of(session).finalize().into_bytes())
    }

    /// Whether this is the token of that browser session, compared in constant time.
    #[must_use]
    pub fn admits(&self, session: &str, token: &str) -> bool {
        BASE64.decode(token).is_ok_and(|proof| self.token_of(session).verify_slice(&proof).is_ok())
    }

    /// A new nonce for a form in this browser session.
    #[must_use]
    pub fn nonce(&self, session: &str, now: UnixMillis) -> String {
        let mut bytes = random::bytes::<16>().to_vec();
        bytes.extend(now.0.to_be_bytes());
        let proof = self.nonce_of(session, &bytes).finalize().into_bytes();
        bytes.extend(proof);
        BASE64.encode(bytes)
    }

    /// Uses a nonce up.
    ///
    /// # Errors
    /// [`Spent`] says why it is not good.
    pub fn spend(&self, session: &str, nonce: &str, now: UnixMillis) -> Result<(), Spent> {
        let bytes = BASE64.decode(nonce).map_err(|_| Spent::Foreign)?;
        let (bytes, proof) = bytes.split_at_checked(NONCE).filter(|(_, proof)| proof.len() == PROOF).ok_or(Spent::Foreign)?;
        self.nonce_of(session, bytes).verify_slice(proof).map_err(|_| Spent::Foreign)?;
        let bytes: [u8; NONCE] = bytes.try_into().map_err(|_| Spent::Foreign)?;
        let made = bytes.last_chunk::<8>().map_or(0, |moment| i64::from_be_bytes(*moment));
        let until = UnixMillis(made).plus(LIFETIME);
        if now >= until {
            return Err(Spent::Foreign);
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| now < *until);
        if used.insert(bytes, until).is_some() { Err(Spent::Used) } else { Ok(()) }
    }

    fn token_of(&self, session: &str) -> Hmac<Sha256> {
        keyed(&*self.shared).chain_update(b"token").chain_update(session)
    }

    fn nonce_of(&self, session: &str, bytes: &[u8]) -> Hmac<Sha256> {
        // The length of the bytes is fixed, so that no two inputs read the same.
        keyed(&*self.own).chain_update(b"nonce").chain_update(bytes).chain_update(session)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn a_token_is_good_in_its_own_session_at_every_node_with_the_keyring() {
        let forms = Forms::new(b"a keyring");
        let token = forms.token("one");
        assert!(forms.admits("one", &token));
        assert!(!forms.admits("another", &token) && !forms.admits("one", "") && !forms.admits("one", &token[1..]));
        assert!(Forms::new(b"a keyring").admits("one", &token) && !Forms::new(b"another").admits("one", &token));
    }

    #[test]
    fn a_nonce_is_good_once_for_half_a_day_in_its_own_session_and_process() {
        let forms = Forms::new(b"a keyring");
        let nonce = forms.nonce("one", NOW);
        assert_eq!(forms.spend("another", &nonce, NOW), Err(Spent::Foreign));
        assert_eq!(Forms::new(b"a keyring").spend("one", &nonce, NOW), Err(Spent::Foreign));
        assert_eq!(forms.spend("one", &nonce, NOW), Ok(()));
        assert_eq!(forms.spend("one", &nonce, NOW.plus(LIFETIME - 1)), Err(Spent::Used));
        assert_eq!(forms.spend("one", &nonce, NOW.plus(LIFETIME)), Err(Spent::Foreign));
        for wrong in ["", "AAAA", &forms.token("one"), &nonce[1..]] {
            assert_eq!(forms.spend("one", wrong, NOW), Err(Spent::Foreign), "{wrong}");
        }
    }

    #[test]
    fn what_was_used_is_forgotten_once_it_is_too_old() {
        let forms = Forms::new(b"a keyring");
        for step in 0..100 {
            let now = NOW.plus(step * LIFETIME);
            assert_eq!(forms.spend("one", &forms.nonce("one", now), now), Ok(()));
        }
        assert_eq!(forms.used.lock().unwrap().len(), 1);
    }
}
