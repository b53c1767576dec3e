//! Which key a request carries. One, or none: two are refused, and never merged.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderValue};
use keybearer_api::VerdictCode;
use zeroize::Zeroizing;

use crate::refuse::Refusal;

/// The headers that carry a credential to Keybearer. The last two mean nothing here, but whoever sends them with another means two.
const CARRIERS: [&str; 4] = ["authorization", "x-api-key", "catena-api-key", "catena-session-id"];

/// The most bytes of a header that carries a key. A key is far shorter.
const LONGEST: usize = 8 * 1024;

const MALFORMED: Refusal = Refusal::Bad(VerdictCode::Malformed);

/// Takes the key as Keybearer reads it: the token, or the pair as `id:secret`. From then on, whoever prints the headers prints no key.
pub(crate) fn presented(headers: &mut HeaderMap) -> Result<String, Refusal> {
    let mut found = CARRIERS.iter().flat_map(|name| headers.get_all(*name).iter().map(move |value| (*name, value)));
    let Some((name, value)) = found.next() else {
        return Err(Refusal::Missing);
    };
    if found.next().is_some() {
        return Err(Refusal::Ambiguous);
    }
    let key = match name {
        "authorization" => authorization(text(value)?)?,
        "x-api-key" => token(text(value)?)?,
        _ => return Err(Refusal::Missing),
    };
    drop(found);
    if let Some(value) = headers.get_mut(name) {
        value.set_sensitive(true);
    }
    Ok(key)
}

fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    if value.len() > LONGEST {
        return Err(MALFORMED);
    }
    value.to_str().map(str::trim).map_err(|_| MALFORMED)
}

fn authorization(text: &str) -> Result<String, Refusal> {
    let (scheme, credentials) = text.split_once(' ').ok_or(MALFORMED)?;
    let credentials = credentials.trim_start();
    if scheme.eq_ignore_ascii_case("bearer") {
        token(credentials)
    } else if scheme.eq_ignore_ascii_case("basic") {
        pair(credentials)
    } else {
        Err(MALFORMED)
    }
}

/// A token has no colon: with one, the server would take it for a pair.
fn token(text: &str) -> Result<String, Refusal> {
    if is_visible(text) && !text.contains(':') { Ok(text.to_owned()) } else { Err(MALFORMED) }
}

fn pair(encoded: &str) -> Result<String, Refusal> {
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded).map_err(|_| MALFORMED)?);
    let text = str::from_utf8(&decoded).map_err(|_| MALFORMED)?;
    let is_pair = text.split_once(':').is_some_and(|(id, secret)| !id.is_empty() && !secret.is_empty());
    if is_pair && is_visible(text) { Ok(text.to_owned()) } else { Err(MALFORMED) }
}

fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}
