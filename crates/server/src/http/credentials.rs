//! Which credential a request carries. One, or none: more than one is refused on every face, never merged.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use keybearer_core::gate::Carrier;
use keybearer_core::token::{Credential, Malformed};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::caller::Presented;
use crate::error::AuthError;

/// The headers that carry a credential on any face.
const CARRIERS: [&str; 4] = ["authorization", "x-api-key", "catena-api-key", "catena-session-id"];

/// A credential header as it stands in the request.
pub enum Carried<'a> {
    /// `Authorization: Bearer`.
    Bearer(&'a str),
    /// `Authorization: Basic`, still encoded.
    Basic(&'a str),
    /// `X-API-Key`.
    XApiKey(&'a str),
    /// `catena-api-key`.
    CatenaApiKey(&'a str),
    /// `catena-session-id`.
    CatenaSession(&'a str),
}

/// Every credential header of a request, by name.
fn carried(headers: &HeaderMap) -> impl Iterator<Item = (&'static str, &HeaderValue)> {
    // One look at each header is less than a search for each name.
    headers.iter().filter_map(|(name, value)| carrier(name.as_str()).map(|name| (name, value)))
}

/// Whether a header carries a credential.
#[must_use]
pub fn is_carrier(name: &str) -> bool {
    carrier(name).is_some()
}

fn carrier(name: &str) -> Option<&'static str> {
    CARRIERS.into_iter().find(|carrier| *carrier == name)
}

/// As [`is_carrier`], of a name that may not be in lower case yet.
#[must_use]
pub fn is_carrier_in_any_case(name: &str) -> bool {
    CARRIERS.iter().any(|carrier| carrier.eq_ignore_ascii_case(name))
}

/// Whether a request has more than one credential header, or one of them twice.
#[must_use]
pub fn are_many(headers: &HeaderMap) -> bool {
    carried(headers).nth(1).is_some()
}

/// The one credential header of a request, if it has one.
///
/// # Errors
/// [`AuthError::Ambiguous`] where it has more than one; [`AuthError::Malformed`] where it cannot be read.
pub fn find(headers: &HeaderMap) -> Result<Option<Carried<'_>>, AuthError> {
    let mut found = carried(headers);
    let Some((name, value)) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(AuthError::Ambiguous);
    }
    let text = text(value)?;
    match name {
        "x-api-key" => Ok(Some(Carried::XApiKey(text))),
        "catena-api-key" => Ok(Some(Carried::CatenaApiKey(text))),
        "catena-session-id" => Ok(Some(Carried::CatenaSession(text))),
        _ => authorization(text).map(Some),
    }
}

/// The one credential that stands in a carrier that a gate accepts. Whatever stands elsewhere belongs to somebody else.
///
/// # Errors
/// As [`find`], of those carriers alone.
pub fn find_accepted<'a>(headers: &'a HeaderMap, accepted: &[Carrier]) -> Result<Option<Carried<'a>>, AuthError> {
    let mut found = None;
    for (name, value) in carried(headers) {
        let carrier = match name {
            "authorization" => match scheme(value) {
                Some(carrier) => carrier,
                None => continue,
            },
            "x-api-key" => Carrier::XApiKey,
            "catena-api-key" => Carrier::CatenaApiKey,
            _ => continue,
        };
        if accepted.contains(&carrier) && found.replace((carrier, value)).is_some() {
            return Err(AuthError::Ambiguous);
        }
    }
    let Some((carrier, value)) = found else { return Ok(None) };
    let text = text(value)?;
    match carrier {
        Carrier::XApiKey => Ok(Some(Carried::XApiKey(text))),
        Carrier::CatenaApiKey => Ok(Some(Carried::CatenaApiKey(text))),
        Carrier::Bearer | Carrier::Basic => authorization(text).map(Some),
    }
}

/// Which of the two a line of `Authorization` is, if either.
fn scheme(value: &HeaderValue) -> Option<Carrier> {
    let scheme = value.as_bytes().trim_ascii_start().split(|byte| matches!(byte, b' ' | b'\t')).next()?;
    if scheme.eq_ignore_ascii_case(b"bearer") {
        Some(Carrier::Bearer)
    } else if scheme.eq_ignore_ascii_case(b"basic") {
        Some(Carrier::Basic)
    } else {
        None
    }
}

fn text(value: &HeaderValue) -> Result<&str, AuthError> {
    value.to_str().map(str::trim).map_err(|_| AuthError::Malformed)
}

fn authorization(text: &str) -> Result<Carried<'_>, AuthError> {
    let (scheme, credentials) = text.split_once(' ').ok_or(AuthError::Malformed)?;
    let credentials = credentials.trim_start();
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Carried::Bearer(credentials))
    } else if scheme.eq_ignore_ascii_case("basic") {
        Ok(Carried::Basic(credentials))
    } else {
        Err(AuthError::Malformed)
    }
}

/// Reads a token.
///
/// # Errors
/// [`AuthError::Malformed`].
pub fn token(text: &str) -> Result<Presented, AuthError> {
    Credential::parse_token(text).map(Presented::Key).map_err(|_| AuthError::Malformed)
}

/// Reads the pair of HTTP Basic: `key:secret` in base64 (RFC 7617).
///
/// # Errors
/// [`AuthError::Malformed`].
pub fn pair(encoded: &str) -> Result<Presented, AuthError> {
    read_pair(encoded, Credential::parse_pair)
}

/// As [`pair`], by the rule of OAuth 2.0 (RFC 6749, section 2.3.1): both parts are encoded as in a form before they are put together. Clients
/// that follow it write the dashes of an id as `%2D`.
///
/// # Errors
/// [`AuthError::Malformed`].
pub fn client_pair(encoded: &str) -> Result<Presented, AuthError> {
    read_pair(encoded, |id, secret| Credential::parse_pair(&of_form(id)?, &of_form(secret)?))
}

/// A part of the pair, decoded. A form also writes a space as a plus, but neither part has one.
fn of_form(part: &str) -> Result<Zeroizing<String>, Malformed> {
    let decoded = percent_decode_str(part).decode_utf8().map_err(|_| Malformed)?;
    Ok(Zeroizing::new(decoded.into_owned()))
}

fn read_pair(encoded: &str, parse: impl FnOnce(&str, &str) -> Result<Credential, Malformed>) -> Result<Presented, AuthError> {
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded).map_err(|_| AuthError::Malformed)?);
    let text = str::from_utf8(&decoded).map_err(|_| AuthError::Malformed)?;
    let (id, secret) = text.split_once(':').ok_or(AuthError::Malformed)?;
    parse(id, secret).map(Presented::Key).map_err(|_| AuthError::Malformed)
}

/// Reads what stands after `Bearer` where both a session token and a key will do. A JWT has dots, a key never has.
///
/// # Errors
/// [`AuthError::Malformed`].
pub fn bearer(text: &str) -> Result<Presented, AuthError> {
    if text.contains('.') { Ok(Presented::Session(text.to_owned())) } else { token(text) }
}
