//! A token of an application, read before it is believed, and then judged.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use keybearer_core::identity::{self, Identity};
use keybearer_core::role::USER;
use keybearer_core::time::UnixMillis;
use serde_json::{Map, Value};

use super::refusal::TokenRefusal;
use crate::config::IssuerConfig;
use crate::strict_json::Strict;

/// The most bytes of a token.
const MAX_BYTES: usize = 8 * 1024;
/// The types of tokens that are taken; without one it counts as the first.
const TYPES: [&str; 2] = ["JWT", "at+jwt"];

/// What a text says that looks like a token. Nothing of it is proved.
pub(super) struct Unproved<'a> {
    pub(super) text: &'a str,
    header: &'a str,
    claims: Map<String, Value>,
}

/// The name of a key and of an algorithm.
pub(super) struct Header {
    pub(super) key: Option<String>,
    pub(super) algorithm: String,
}

/// Whom an issuer vouches for.
pub struct Vouched {
    /// Who it is.
    pub identity: Identity,
    /// What they would like to be called here.
    pub username: Option<String>,
    /// The role of a new account.
    pub role: Result<String, TokenRefusal>,
}

impl<'a> Unproved<'a> {
    /// Reads what looks like a token.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut parts = text.split('.');
        let (header, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
        Some(Self { text, header, claims: object(claims)? })
    }

    /// Who claims to have issued it.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss")?.as_str()
    }

    /// What the header says. An extension that is not understood must be refused (RFC 7515, section 4.1.11), and there is none that is.
    pub(super) fn header(&self) -> Result<Header, TokenRefusal> {
        let header = object(self.header).ok_or(TokenRefusal::Header)?;
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TokenRefusal::Header),
        };
        let kind = text("typ")?.unwrap_or_else(|| TYPES[0].to_owned());
        let kind = kind.get(..12).filter(|start| start.eq_ignore_ascii_case("application/")).map_or(&*kind, |_| &kind[12..]);
        if header.contains_key("crit") || !TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
            return Err(TokenRefusal::Header);
        }
        Ok(Header { key: text("kid")?, algorithm: text("alg")?.ok_or(TokenRefusal::Algorithm)? })
    }

    /// What the claims say, once they are proved.
    pub(super) fn judge(&self, issuer: &IssuerConfig, now: UnixMillis) -> Result<Vouched, TokenRefusal> {
        let is_ours = match self.claims.get("aud") {
            Some(Value::String(audience)) => *audience == issuer.audience,
            // Meant for several, any of whom could come here with it.
            Some(Value::Array(audiences)) => matches!(audiences.as_slice(), [Value::String(one)] if *one == issuer.audience),
            _ => false,
        };
        if !is_ours {
            return Err(TokenRefusal::Audience);
        }
        let expires = self.moment("exp")?.ok_or(TokenRefusal::Claims)?;
        if now.0 >= expires.saturating_add(issuer.leeway) {
            return Err(TokenRefusal::Expired);
        }
        for begins in [self.moment("nbf")?, self.moment("iat")?].into_iter().flatten() {
            if now.0.saturating_add(issuer.leeway) < begins {
                return Err(TokenRefusal::NotYetValid);
            }
        }
        let text = |name: &str| self.claims.get(name).and_then(Value::as_str);
        let external_id = text(&issuer.account_claim).filter(|id| identity::check(id).is_ok()).ok_or(TokenRefusal::Claims)?;
        Ok(Vouched {
            identity: Identity { issuer: issuer.issuer.clone(), external_id: external_id.to_owned() },
            username: issuer.username_claim.as_deref().and_then(text).map(str::to_owned),
            role: self.role(issuer),
        })
    }

    /// A moment in milliseconds, from whole seconds.
    fn moment(&self, name: &str) -> Result<Option<i64>, TokenRefusal> {
        match self.claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(|seconds| Some(seconds.saturating_mul(1000))).ok_or(TokenRefusal::Claims),
        }
    }

    /// The role of a new account: that of the claim's value, or of the only one of its values that gives any.
    fn role(&self, issuer: &IssuerConfig) -> Result<String, TokenRefusal> {
        let Some(mapped) = &issuer.role_claim else { return Ok(USER.to_owned()) };
        let values: Vec<&Value> = match self.claims.get(&mapped.claim) {
            Some(Value::Array(values)) => values.iter().collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        };
        let mut roles: Vec<&String> = values.into_iter().filter_map(|value| mapped.roles.get(value.as_str()?)).collect();
        roles.sort_unstable();
        roles.dedup();
        match roles.as_slice() {
            [role] => Ok((*role).clone()),
            _ => Err(TokenRefusal::RoleUnknown),
        }
    }
}

/// An object in which nothing is said twice, from its part of a token.
fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Strict(Value::Object(fields)) => Some(fields),
        Strict(_) => None,
    }
}
