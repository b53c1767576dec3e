//! The link by which somebody who lost their password sets another one. It is signed with the keyring, so that whoever runs the server can
//! make one without it. It is good for the password that the account has when it is made, so its use ends it, and so does any other change
//! of the password.

use base64::Engine;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use keybearer_core::account::AccountId;
use keybearer_core::time::UnixMillis;
use keybearer_store::Login;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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
    /// Whose password it sets.
    pub account: AccountId,
    replaces: String,
}

impl ResetLink {
    /// Whether the account still has the password, or still none, that it had when the link was made.
    #[must_use]
    pub fn is_for(&self, login: &Login) -> bool {
        self.account == login.account && self.replaces == fingerprint(login)
    }
}

/// Tells one password of an account from the next. Nothing can be learned from it: the hash that goes in is salted.
fn fingerprint(login: &Login) -> String {
    let sum = Sha256::new().chain_update(login.account.0.to_be_bytes());
    let sum = sum.chain_update(login.password_hash.as_deref().unwrap_or_default()).finalize();
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(&sum[..16])
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    /// Number of the account.
    account: i64,
    /// Fingerprint of the password that is to be replaced.
    replaces: String,
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

    /// The last segment of a new link for this user, who signs in by `login` now.
    #[must_use]
    pub fn issue(&self, username: &str, login: &Login, now: UnixMillis) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: username.to_owned(),
            account: login.account.0,
            replaces: fingerprint(login),
            exp: now.plus(LIFETIME).0.div_euclid(1000),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.signing).expect("claims of text and numbers are JSON, and HMAC takes any key")
    }

    /// What a link says that is ours and not too old.
    #[must_use]
    pub fn read(&self, token: &str, now: UnixMillis) -> Option<ResetLink> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.rules).ok()?;
        let Claims { iss, aud, sub: username, account, replaces, exp } = read.claims;
        let expires_at = UnixMillis(exp.saturating_mul(1000));
        let ours = read.header.typ.as_deref() == Some(TYPE) && iss == ISSUER && aud == AUDIENCE;
        (ours && now < expires_at).then_some(ResetLink { username, account: AccountId(account), replaces })
    }
}

#[cfg(test)]
mod tests {
    use keybearer_store::SessionId;
    use uuid::Uuid;

    use super::*;
    use crate::session_token::SessionTokens;

    const KEY: &[u8] = &[7; 64];
    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn login(account: i64, password_hash: Option<&str>) -> Login {
        Login { account: AccountId(account), password_hash: password_hash.map(str::to_owned) }
    }

    #[test]
    fn a_link_is_read_until_it_is_too_old_and_only_with_its_key() {
        let links = ResetLinks::new(KEY);
        let token = links.issue("ada", &login(1, Some("hash")), NOW);
        let link = links.read(&token, NOW).unwrap();
        assert_eq!((link.username.as_str(), link.account), ("ada", AccountId(1)));
        assert!(links.read(&token, NOW.plus(LIFETIME - 1)).is_some());
        assert_eq!(links.read(&token, NOW.plus(LIFETIME)), None);
        assert_eq!(ResetLinks::new(&[8; 64]).read(&token, NOW), None);
    }

    #[test]
    fn a_link_is_for_one_account_and_the_password_that_it_has() {
        let links = ResetLinks::new(KEY);
        let logins = [login(1, Some("hash")), login(1, Some("another")), login(1, None), login(2, Some("hash")), login(2, None)];
        for (made, one) in logins.iter().enumerate() {
            let link = links.read(&links.issue("ada", one, NOW), NOW).unwrap();
            for (asked, other) in logins.iter().enumerate() {
                assert_eq!(link.is_for(other), made == asked, "{made} {asked}");
            }
        }
    }

    #[test]
    fn a_link_is_no_session_and_a_session_no_link() {
        let (links, sessions) = (ResetLinks::new(KEY), SessionTokens::new(KEY));
        let session = sessions.issue(AccountId(1), SessionId(Uuid::nil()), NOW, NOW.plus(LIFETIME));
        assert_eq!(links.read(&session, NOW), None);
        assert!(sessions.read(&links.issue("1", &login(1, None), NOW), NOW).is_err());
    }
}
