//! The keys of an issuer: a JWK Set (RFC 7517), or one shared secret. Each key is good for one algorithm.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::{Map, Value};

use super::refusal::TokenRefusal;
use crate::strict_json::Strict;

/// The most bytes of a set.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// The most keys of a set.
const MAX_KEYS: usize = 100;
/// What only the holder of a private or secret key has.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// The least bytes of the modulus of an RSA key, and the most.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Keys that verify the tokens of one issuer.
pub(super) struct KeySet(Vec<Key>);

/// A key, and the one algorithm that it is used with.
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl KeySet {
    /// One secret that both sides know.
    pub(super) fn of_secret(secret: &str, algorithm: Option<Algorithm>) -> Self {
        let key = DecodingKey::from_secret(secret.as_bytes());
        Self(vec![Key { id: None, algorithm: algorithm.unwrap_or(Algorithm::HS256), key }])
    }

    /// Reads a JWK Set. `algorithm` is for keys that name none. Keys of unknown types, for other uses or without an algorithm are passed over.
    ///
    /// # Errors
    /// What is wrong with the set, for the log.
    pub(super) fn parse(bytes: &[u8], algorithm: Option<Algorithm>) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large());
        }
        let Strict(set) = serde_json::from_slice(bytes).map_err(|_| "it is not JSON in which nothing is said twice".to_owned())?;
        let Some(Value::Array(entries)) = set.get("keys") else { return Err("it is no JWK Set: it lacks the list `keys`".to_owned()) };
        if entries.len() > MAX_KEYS {
            return Err(format!("it has {} keys, and {MAX_KEYS} are the most", entries.len()));
        }
        let mut keys: Vec<Key> = Vec::new();
        let mut passed_over = None;
        for entry in entries {
            let Value::Object(entry) = entry else { return Err("one of its keys is no object".to_owned()) };
            if PRIVATE.iter().any(|member| entry.contains_key(*member)) {
                return Err("it has a private or secret key, which nobody should see: publish public keys alone".to_owned());
            }
            match key(entry, algorithm) {
                Ok(key) => keys.push(key),
                Err(why) => passed_over = Some(why),
            }
        }
        if keys.is_empty() {
            return Err(format!("it has no key that can verify a token{}", passed_over.map_or_else(String::new, |why| format!(": {why}"))));
        }
        let twice = keys.iter().enumerate().any(|(at, key)| keys[..at].iter().any(|other| other.id == key.id && key.id.is_some()));
        if twice {
            return Err("two of its keys have one `kid`".to_owned());
        }
        Ok(Self(keys))
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether a token was signed with one of these keys: with the one that it names, by the algorithm of that key.
    ///
    /// # Errors
    /// [`TokenRefusal`] says what is wrong.
    pub(super) fn verify(&self, token: &str, id: Option<&str>, algorithm: &str) -> Result<(), TokenRefusal> {
        let key = match (self.0.as_slice(), id) {
            // A shared secret has no name; whatever the issuer calls it.
            ([only], _) if only.key.family() == AlgorithmFamily::Hmac => only,
            ([only], None) => only,
            (keys, id) => keys.iter().find(|key| id.is_some() && key.id.as_deref() == id).ok_or(TokenRefusal::KeyUnknown)?,
        };
        if algorithm.parse() != Ok(key.algorithm) {
            return Err(TokenRefusal::Algorithm);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Signature)?;
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenRefusal::Signature),
        }
    }
}

pub(super) fn too_large() -> String {
    format!("it has more than {} KiB", MAX_BYTES / 1024)
}

fn key(entry: &Map<String, Value>, otherwise: Option<Algorithm>) -> Result<Key, String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    if entry.contains_key("use") && text("use") != Some("sig") {
        return Err("a key is not for signatures".to_owned());
    }
    if let Some(uses) = entry.get("key_ops")
        && !uses.as_array().is_some_and(|uses| uses.iter().any(|one| one == "verify"))
    {
        return Err("a key is not for verifying".to_owned());
    }
    let id = match entry.get("kid") {
        None => None,
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => return Err("a `kid` is no text".to_owned()),
    };
    let part = |name: &str| {
        let text = text(name).ok_or_else(|| format!("a key lacks `{name}`"))?;
        BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("`{name}` of a key cannot be read"))
    };
    let of_size = |name: &str, size: usize| {
        let bytes = part(name)?;
        if bytes.len() == size { Ok(bytes) } else { Err(format!("`{name}` of a key has the wrong length")) }
    };
    let named: Option<Algorithm> = match entry.get("alg") {
        None => otherwise,
        Some(name) => Some(name.as_str().and_then(|name| name.parse().ok()).ok_or("the `alg` of a key is unknown")?),
    };
    let (key, algorithm) = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            let (modulus, exponent) = (part("n")?, part("e")?);
            let length = modulus.iter().skip_while(|byte| **byte == 0).count();
            if !RSA_BYTES.contains(&length) {
                return Err("an RSA key has fewer than 2048 bits, or more than 8192".to_owned());
            }
            let algorithm = named.ok_or("an RSA key has no `alg`: set `algorithm` of the issuer")?;
            (DecodingKey::from_rsa_raw_components(&modulus, &exponent), algorithm)
        }
        (Some("EC"), Some(curve @ ("P-256" | "P-384"))) => {
            let (algorithm, size) = if curve == "P-256" { (Algorithm::ES256, 32) } else { (Algorithm::ES384, 48) };
            let point: Vec<u8> = [vec![4], of_size("x", size)?, of_size("y", size)?].concat();
            (DecodingKey::from_ec_der(&point), fixed(algorithm, entry, named)?)
        }
        (Some("OKP"), Some("Ed25519")) => (DecodingKey::from_ed_der(&of_size("x", 32)?), fixed(Algorithm::EdDSA, entry, named)?),
        _ => return Err("a key is of an unknown type".to_owned()),
    };
    // What keeps a public key from ever being taken for a shared secret.
    if !key.family().algorithms().contains(&algorithm) {
        return Err("the `alg` of a key does not go with its type".to_owned());
    }
    Ok(Key { id, algorithm, key })
}

/// The one algorithm of a curve, where the key itself names no other.
fn fixed(algorithm: Algorithm, entry: &Map<String, Value>, named: Option<Algorithm>) -> Result<Algorithm, String> {
    if entry.contains_key("alg") && named != Some(algorithm) {
        Err("the `alg` of a key does not go with its type".to_owned())
    } else {
        Ok(algorithm)
    }
}
