//! The token that a login is answered with: a JWT that names an account and a session, and nothing that could grow old.
//!
//! Role, status and consent are looked up in memory at every request; the token only proves which session asks.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use keybearer_core::account::AccountId;
use keybearer_core::time::UnixMillis;
use keybearer_store::SessionId;
use lru::LruCache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who issues the tokens, and for whom: in both cases this server.
pub const ISSUER: &str = "keybearer";
const TYPE: &str = "JWT";
/// How many tokens are remembered, for some 100 bytes each; those that nobody showed for the longest time are forgotten first.
const MOST: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// Issues and reads session tokens, all with one key and HS256. No `Debug`: it holds the key.
pub struct SessionTokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    rules: Validation,
    /// What tokens say that were proved already, by the digests of their texts. A text says the same for as long as the key is the same. Only
    /// who knows the key adds to it; and whoever tries texts learns nothing from how long it takes to look up a digest.
    proved: Mutex<LruCache<[u8; 32], Said>>,
}

/// What a token says of a session. Whether it holds now is another question.
#[derive(Clone, Copy)]
struct Said {
    account: AccountId,
    session: SessionId,
    /// In whole seconds since 1970.
    exp: i64,
}

/// Why a text is not a session token that holds now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// Not signed by this server with HS256, or without one of the claims in its right type.
    #[error("not a session token of this server")]
    Invalid,
    /// Its time is over.
    #[error("the session token has expired")]
    Expired,
}

/// What a token says. All of it is required, and of these types.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// The account's number in decimal digits.
    sub: String,
    sid: Uuid,
    /// Whole seconds since 1970, as `exp`.
    iat: i64,
    exp: i64,
}

impl SessionTokens {
    /// Issues and reads tokens with this key of the keyring.
    #[must_use]
    pub fn new(jwt_key: &[u8]) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[ISSUER]);
        // The library would ask the wall clock; `read` is told the time.
        rules.validate_exp = false;
        let (signing, verifying) = (EncodingKey::from_secret(jwt_key), DecodingKey::from_secret(jwt_key));
        Self { signing, verifying, rules, proved: Mutex::new(LruCache::new(MOST)) }
    }

    /// The token of a session that was issued and expires at these moments.
    #[must_use]
    pub fn issue(&self, account: AccountId, session: SessionId, issued: UnixMillis, expires: UnixMillis) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: account.0.to_string(),
            sid: session.0,
            iat: issued.0.div_euclid(1000),
            // Rounded up: the session itself ends at the exact millisecond, and its token must not end before it.
            exp: expires.plus(999).0.div_euclid(1000),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.signing).expect("claims of text and numbers are JSON, and HMAC takes any key")
    }

    /// Which account and session a token names. Whether that session still lasts is for the index to say.
    ///
    /// # Errors
    /// [`TokenError`]; `Expired` is told only of a token that is right in every other way.
    pub fn read(&self, token: &str, now: UnixMillis) -> Result<(AccountId, SessionId), TokenError> {
        let digest = Sha256::digest(token).into();
        let proved = self.proved().get(&digest).copied();
        let said = match proved {
            Some(said) => said,
            None => {
                let said = self.prove(token)?;
                self.proved().put(digest, said);
                said
            }
        };
        if now.0 >= said.exp.saturating_mul(1000) {
            return Err(TokenError::Expired);
        }
        Ok((said.account, said.session))
    }

    fn proved(&self) -> MutexGuard<'_, LruCache<[u8; 32], Said>> {
        self.proved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prove(&self, token: &str) -> Result<Said, TokenError> {
        let read = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.rules).map_err(|_| TokenError::Invalid)?;
        let claims = read.claims;
        let account = claims.sub.parse().ok().filter(|number: &i64| number.to_string() == claims.sub).ok_or(TokenError::Invalid)?;
        if read.header.typ.as_deref() != Some(TYPE) || claims.iss != ISSUER || claims.aud != ISSUER {
            return Err(TokenError::Invalid);
        }
        Ok(Said { account: AccountId(account), session: SessionId(claims.sid), exp: claims.exp })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const KEY: &[u8] = &[7; 64];
    const NOW: UnixMillis = UnixMillis(1_700_000_000_123);
    const ACCOUNT: AccountId = AccountId(42);
    const SESSION: SessionId = SessionId(Uuid::from_u128(0x7ea1_2968_7758_40b6_8c73_75cc_99be_762b));

    fn claims() -> Value {
        json!({"iss": "keybearer", "aud": "keybearer", "sub": "42", "sid": SESSION.0, "iat": 1_700_000_000, "exp": 1_700_000_060})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut changed = claims();
        changed[name] = value;
        changed
    }

    fn without(name: &str) -> Value {
        let mut changed = claims();
        changed.as_object_mut().unwrap().remove(name);
        changed
    }

    fn signed(algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
    }

    fn read(token: &str) -> Result<(AccountId, SessionId), TokenError> {
        SessionTokens::new(KEY).read(token, NOW)
    }

    #[test]
    fn what_was_issued_is_read_until_it_expires() {
        let tokens = SessionTokens::new(KEY);
        let end = NOW.plus(60_000);
        let token = tokens.issue(ACCOUNT, SESSION, NOW, end);
        assert_eq!(tokens.read(&token, NOW), Ok((ACCOUNT, SESSION)));
        assert_eq!(tokens.read(&token, end.minus(1)), Ok((ACCOUNT, SESSION)));
        assert_eq!(tokens.read(&token, end.plus(1000)), Err(TokenError::Expired));
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::HS256, Some("JWT")));
    }

    #[test]
    fn only_this_key_and_hs256_sign() {
        assert_eq!(read(&signed(Algorithm::HS256, KEY, &claims())), Ok((ACCOUNT, SESSION)));
        assert_eq!(read(&signed(Algorithm::HS256, &[8; 64], &claims())), Err(TokenError::Invalid));
        assert_eq!(read(&signed(Algorithm::HS384, KEY, &claims())), Err(TokenError::Invalid));
        assert_eq!(read(&signed(Algorithm::HS512, KEY, &claims())), Err(TokenError::Invalid));
    }

    #[test]
    fn a_token_without_a_signature_is_invalid() {
        for algorithm in ["none", "None", "NONE", "", "HS256"] {
            let header = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": algorithm}).to_string());
            let body = URL_SAFE_NO_PAD.encode(claims().to_string());
            assert_eq!(read(&format!("{header}.{body}.")), Err(TokenError::Invalid));
            assert_eq!(read(&format!("{header}.{body}")), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn every_claim_is_required_in_its_type() {
        let wrong = [
            with("exp", json!("1700000060")),
            with("exp", json!(1_700_000_060.5)),
            with("exp", json!(u64::MAX)),
            with("exp", json!(1e300)),
            with("exp", json!(-1)),
            with("exp", Value::Null),
            with("iat", json!("now")),
            with("sid", json!("not a uuid")),
            with("sid", json!(7)),
            with("sub", json!(42)),
            with("sub", json!("+42")),
            with("sub", json!("042")),
            with("sub", json!("99999999999999999999")),
            with("aud", json!("another")),
            with("aud", json!(["keybearer"])),
            with("iss", json!("another")),
            json!([]),
            json!("text"),
        ];
        let lacking = ["iss", "aud", "sub", "sid", "iat", "exp"].map(without);
        for claims in wrong.iter().chain(&lacking) {
            assert_eq!(read(&signed(Algorithm::HS256, KEY, claims)), Err(TokenError::Invalid), "{claims}");
        }
    }

    #[test]
    fn claims_that_nobody_asked_for_change_nothing() {
        let token = signed(Algorithm::HS256, KEY, &with("role", json!("admin")));
        assert_eq!(read(&token), Ok((ACCOUNT, SESSION)));
    }

    #[test]
    fn the_greatest_and_the_least_end_do_not_overflow() {
        assert_eq!(read(&signed(Algorithm::HS256, KEY, &with("exp", json!(i64::MAX)))), Ok((ACCOUNT, SESSION)));
        assert_eq!(read(&signed(Algorithm::HS256, KEY, &with("exp", json!(0)))), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_that_was_read_before_vouches_for_no_other() {
        let tokens = SessionTokens::new(KEY);
        let (token, other) = (tokens.issue(ACCOUNT, SESSION, NOW, NOW.plus(60_000)), tokens.issue(ACCOUNT, SESSION, NOW, NOW.plus(61_000)));
        assert_eq!(tokens.read(&token, NOW), Ok((ACCOUNT, SESSION)));
        let (said, proof) = token.rsplit_once('.').unwrap();
        let (other_said, other_proof) = other.rsplit_once('.').unwrap();
        let forged =
            [format!("{other_said}.{proof}"), format!("{said}.{other_proof}"), format!("{token}="), format!(" {token}"), said.into()];
        for forged in forged {
            for _ in 0..2 {
                assert_eq!(tokens.read(&forged, NOW), Err(TokenError::Invalid), "{forged}");
            }
        }
        assert_eq!(SessionTokens::new(&[8; 64]).read(&token, NOW), Err(TokenError::Invalid));
        assert_eq!(tokens.read(&token, NOW.plus(61_000)), Err(TokenError::Expired));
        assert_eq!(tokens.read(&token, NOW), Ok((ACCOUNT, SESSION)));
    }

    #[test]
    fn only_so_many_tokens_are_remembered_and_only_those_that_are_right() {
        let tokens = SessionTokens::new(KEY);
        let token = |number: usize| tokens.issue(AccountId(i64::try_from(number).unwrap()), SESSION, NOW, NOW.plus(60_000));
        for number in 0..MOST.get() + 10 {
            assert!(tokens.read(&token(number), NOW).is_ok());
            assert!(tokens.read(&format!("{}A", token(number)), NOW).is_err());
        }
        assert_eq!(tokens.proved().len(), MOST.get());
        assert_eq!(tokens.read(&token(0), NOW), Ok((AccountId(0), SESSION)), "it is read anew");
    }

    #[test]
    fn a_truncated_token_is_invalid() {
        let token = SessionTokens::new(KEY).issue(ACCOUNT, SESSION, NOW, NOW.plus(60_000));
        for length in 0..token.len() {
            assert_eq!(read(&token[..length]), Err(TokenError::Invalid), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
            prop_assert_eq!(read(&text), Err(TokenError::Invalid));
        }
    }
}
