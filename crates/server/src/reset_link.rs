//! The link by which somebody who lost their password sets another one. It is signed with the keyring, so that whoever runs the server can
//! make one without it, and names an account by its user name. That it is used once is for the store to see to.

use base64::Engine;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use keybearer_core::time::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::random;

/// How long a link is good, in milliseconds.
pub const LIFETIME: i64 = 30 * 60 * 1000;

const ISSUER: &str = "keybearer";
/// Not what a session token says, so that neither is ever taken for the other.
const AUDIENCE: &str = "keybearer password reset";
const TYPE: &str = "reset+JWT";

/// Signs and reads links. No `Debug`: it holds the key.
pub struct ResetLinks {
    signing: EncodingKey,
    verifying: DecodingKey,
    rules: Validation,
}

/// What a link says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResetLink {
    /// User name, as the operator wrote it.
    pub username: String,
    /// What only this link has.
    pub nonce: String,
    /// Until when it is good.
    pub expires_at: UnixMillis,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    jti: String,
    /// Whole seconds since 1970.
    exp: i64,
}

impl ResetLinks {
    /// Signs and reads links with this key of the keyring.
    #[must_use]
    pub fn new(jwt_key: &[u8]) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        // The library would ask the wall clock; `read` is told the time.
        rules.validate_exp = false;
        Self { signing: EncodingKey::from_secret(jwt_key), verifying: DecodingKey::from_secret(jwt_key), rules }
    }

    /// The last segment of a new link for this user.
    #[must_use]
    pub fn issue(&self, username: &str, now: UnixMillis) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: username.to_owned(),
            jti: base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<16>()),
            exp: now.plus(LIFETIME).0.div_euclid(1000),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.signing).expect("claims of text and numbers are JSON, and HMAC takes any key")
    }

    /// What a link says that is ours and still good.
    #[must_use]
    pub fn read(&self, token: &str, now: UnixMillis) -> Option<ResetLink> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.rules).ok()?;
        let Claims { iss, aud, sub: username, jti: nonce, exp } = read.claims;
        let expires_at = UnixMillis(exp.saturating_mul(1000));
        let ours = read.header.typ.as_deref() == Some(TYPE) && iss == ISSUER && aud == AUDIENCE;
        (ours && now < expires_at).then_some(ResetLink { username, nonce, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::AccountId;
    use keybearer_store::SessionId;
    use uuid::Uuid;

    use super::*;
    use crate::session_token::SessionTokens;

    const KEY: &[u8] = &[7; 64];
    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn a_link_is_read_until_it_is_too_old_and_only_with_its_key() {
        let links = ResetLinks::new(KEY);
        let token = links.issue("ada", NOW);
        let link = links.read(&token, NOW).unwrap();
        assert_eq!((link.username.as_str(), link.expires_at), ("ada", NOW.plus(LIFETIME)));
        assert!(links.read(&token, NOW.plus(LIFETIME - 1)).is_some());
        assert_eq!(links.read(&token, NOW.plus(LIFETIME)), None);
        assert_eq!(ResetLinks::new(&[8; 64]).read(&token, NOW), None);
        assert_ne!(links.read(&links.issue("ada", NOW), NOW).unwrap().nonce, link.nonce);
    }

    #[test]
    fn a_link_is_no_session_and_a_session_no_link() {
        let (links, sessions) = (ResetLinks::new(KEY), SessionTokens::new(KEY));
        let session = sessions.issue(AccountId(1), SessionId(Uuid::nil()), NOW, NOW.plus(LIFETIME));
        assert_eq!(links.read(&session, NOW), None);
        assert!(sessions.read(&links.issue("1", NOW), NOW).is_err());
    }
}
