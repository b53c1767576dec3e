//! What Envoy says of the request about which it asks, as far as a gate wants to know it.
//!
//! Of the thirty or so texts of a question, few are looked at. So where the message is at hand as it came, they are found in it, and nothing
//! else of it is read or kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use envoy_types::ext_authz::v3::pb::CheckRequest;

use crate::http::credentials;

/// Under which of the `context_extensions` the name of the gate stands.
const GATE: &str = "gate";

/// Numbers of fields: of `CheckRequest`, `AttributeContext`, `AttributeContext.Request` and `.HttpRequest`, `HeaderMap` and `HeaderValue`.
const ATTRIBUTES: u64 = 1;
const REQUEST: u64 = 4;
const CONTEXT_EXTENSIONS: u64 = 10;
const HTTP: u64 = 2;
const METHOD: u64 = 2;
const HEADERS: u64 = 3;
const PATH: u64 = 4;
const HEADER_MAP: u64 = 13;
const HEADERS_OF_MAP: u64 = 1;
const KEY: u64 = 1;
const VALUE: u64 = 2;
const RAW_VALUE: u64 = 3;

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) gate: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// Those that may carry a credential.
    pub(super) headers: HeaderMap,
}

/// A message that is none, or not one as Envoy writes it: to be read by whoever knows how to refuse it.
#[derive(Debug)]
pub(super) struct Strange;

impl<'a> Asked<'a> {
    /// Of a whole message. None where no gate is named, or nothing is said of a request.
    pub(super) fn of(request: &'a CheckRequest) -> Option<Self> {
        let attributes = request.attributes.as_ref()?;
        let gate = attributes.context_extensions.get(GATE)?;
        let http = attributes.request.as_ref()?.http.as_ref()?;
        let mut headers = HeaderMap::new();
        for (name, value) in &http.headers {
            carry(&mut headers, name, value.as_bytes());
        }
        for one in http.header_map.iter().flat_map(|map| &map.headers) {
            carry(&mut headers, &one.key, or(&one.raw_value, one.value.as_bytes()));
        }
        Some(Self { gate, method: &http.method, path: &http.path, headers })
    }

    /// The same of a message as it came.
    ///
    /// # Errors
    /// [`Strange`], of all that is looked at.
    pub(super) fn read(message: &'a [u8]) -> Result<Option<Self>, Strange> {
        let mut found = Found::default();
        for_each(message, |number, attributes| if number == ATTRIBUTES { found.attributes(attributes) } else { Ok(()) })?;
        let Found { gate: Some(gate), is_told: true, method, path, joined, raw } = found else { return Ok(None) };
        let mut headers = HeaderMap::new();
        for (name, value) in joined.into_iter().chain(raw) {
            carry(&mut headers, name, value);
        }
        Ok(Some(Self { gate, method, path, headers }))
    }
}

/// Of a header that came several times Envoy makes one, with commas between, which is no credential of anybody; or it sends them raw. What can
/// be no header carries no key.
fn carry(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    // Nothing else is looked at. Pseudo headers are none.
    if !credentials::is_carrier_in_any_case(name) {
        return;
    }
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

fn or<'a>(raw: &'a [u8], plain: &'a [u8]) -> &'a [u8] {
    if raw.is_empty() { plain } else { raw }
}

/// What was found in a message. As everywhere in protobuf, a field that comes again adds to a list, and takes the place of anything else.
#[derive(Default)]
struct Found<'a> {
    gate: Option<&'a str>,
    is_told: bool,
    method: &'a str,
    path: &'a str,
    joined: Vec<(&'a str, &'a [u8])>,
    raw: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Found<'a> {
    fn attributes(&mut self, attributes: &'a [u8]) -> Result<(), Strange> {
        for_each(attributes, |number, value| match number {
            REQUEST => for_each(value, |number, value| if number == HTTP { self.http(value) } else { Ok(()) }),
            CONTEXT_EXTENSIONS => {
                let [key, value] = entry(value)?;
                if text(key)? == GATE {
                    self.gate = Some(text(value)?);
                }
                Ok(())
            }
            _ => Ok(()),
        })
    }

    fn http(&mut self, http: &'a [u8]) -> Result<(), Strange> {
        self.is_told = true;
        for_each(http, |number, value| {
            match number {
                METHOD => self.method = text(value)?,
                PATH => self.path = text(value)?,
                HEADERS => {
                    let [name, value] = entry(value)?;
                    self.joined(text(name)?, text(value)?.as_bytes());
                }
                HEADER_MAP => for_each(value, |number, value| if number == HEADERS_OF_MAP { self.raw(value) } else { Ok(()) })?,
                _ => {}
            }
            Ok(())
        })
    }

    /// A header of a map, in which each name has one value.
    fn joined(&mut self, name: &'a str, value: &'a [u8]) {
        if !credentials::is_carrier_in_any_case(name) {
            return;
        }
        match self.joined.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.joined.push((name, value)),
        }
    }

    fn raw(&mut self, header: &'a [u8]) -> Result<(), Strange> {
        let (mut name, mut plain, mut raw) = ("", "", &[][..]);
        for_each(header, |number, value| {
            match number {
                KEY => name = text(value)?,
                VALUE => plain = text(value)?,
                RAW_VALUE => raw = value,
                _ => {}
            }
            Ok(())
        })?;
        if credentials::is_carrier_in_any_case(name) {
            self.raw.push((name, or(raw, plain.as_bytes())));
        }
        Ok(())
    }
}

/// The key and the value of an entry of a map.
fn entry(message: &[u8]) -> Result<[&[u8]; 2], Strange> {
    let (mut key, mut of_key) = (&[][..], &[][..]);
    for_each(message, |number, value| {
        match number {
            KEY => key = value,
            VALUE => of_key = value,
            _ => {}
        }
        Ok(())
    })?;
    Ok([key, of_key])
}

fn text(bytes: &[u8]) -> Result<&str, Strange> {
    str::from_utf8(bytes).map_err(|_| Strange)
}

/// Takes each field of a message that has bytes, with its number. All fields that are looked at have.
fn for_each<'a>(mut message: &'a [u8], mut take: impl FnMut(u64, &'a [u8]) -> Result<(), Strange>) -> Result<(), Strange> {
    while !message.is_empty() {
        let key = number(&mut message)?;
        let (field, kind) = (key >> 3, key & 7);
        let length = match kind {
            0 => {
                number(&mut message)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(number(&mut message)?).map_err(|_| Strange)?,
            5 => 4,
            // Groups, which nobody writes any more.
            _ => return Err(Strange),
        };
        let (value, rest) = message.split_at_checked(length).ok_or(Strange)?;
        message = rest;
        if kind == 2 {
            take(field, value)?;
        }
    }
    Ok(())
}

/// A number, seven bits in each byte.
fn number(message: &mut &[u8]) -> Result<u64, Strange> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = message.split_first().ok_or(Strange)?;
        *message = rest;
        // A tenth byte has room for one bit.
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(Strange);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Strange)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use envoy_types::pb::envoy::config::core::v3::{HeaderMap as Raw, HeaderValue as RawHeader};
    use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
    use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn names() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec!["x-api-key", "X-Api-Key", "authorization", "catena-api-key", "accept"]).prop_map(str::to_owned),
            "\\PC{0,9}"
        ]
    }

    fn raw() -> impl Strategy<Value = RawHeader> {
        let value = prop::collection::vec(any::<u8>(), 0..200);
        (names(), "[a-z\\x00é]{0,9}", value).prop_map(|(key, value, raw_value)| RawHeader { key, value, raw_value })
    }

    fn https() -> impl Strategy<Value = HttpRequest> {
        let map = prop::option::of(prop::collection::vec(raw(), 0..4).prop_map(|headers| Raw { headers }));
        (prop::collection::hash_map(names(), "\\PC{0,200}", 0..6), map, "[A-Z]{0,9}", "\\PC{0,300}", any::<i64>()).prop_map(
            |(headers, header_map, method, path, size)| HttpRequest {
                headers,
                header_map,
                method,
                host: path.clone(),
                path,
                size,
                ..HttpRequest::default()
            },
        )
    }

    fn questions() -> impl Strategy<Value = CheckRequest> {
        let extensions = prop::collection::hash_map(prop_oneof![Just("gate".to_owned()), "[a-z]{0,5}"], "\\PC{0,9}", 0..3);
        let request = prop::option::of(prop::option::of(https()));
        let attributes = (extensions, request, "\\PC{0,9}").prop_map(|(context_extensions, request, service)| AttributeContext {
            source: Some(Peer { service, ..Peer::default() }),
            request: request.map(|http| Request { http, ..Request::default() }),
            context_extensions,
            ..AttributeContext::default()
        });
        prop::option::of(attributes).prop_map(|attributes| CheckRequest { attributes })
    }

    /// What is asked, with its headers in an order of their own: a map has none.
    fn told(asked: &Asked<'_>) -> (String, String, String, Vec<(String, Vec<u8>)>) {
        let mut headers: Vec<_> = asked.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        headers.sort();
        (asked.gate.to_owned(), asked.method.to_owned(), asked.path.to_owned(), headers)
    }

    proptest! {
        #[test]
        fn a_message_says_the_same_as_it_came(question in questions(), again in questions()) {
            // What comes again is merged.
            let bytes = [question.encode_to_vec(), again.encode_to_vec()].concat();
            let whole = CheckRequest::decode(&*bytes).unwrap();
            let read = Asked::read(&bytes).unwrap();
            prop_assert_eq!(read.as_ref().map(told), Asked::of(&whole).as_ref().map(told));
        }

        #[test]
        fn no_message_is_too_strange(mut bytes in prop::collection::vec(any::<u8>(), 0..60), question in questions(), place in any::<prop::sample::Index>(), byte: u8) {
            let _ = Asked::read(&bytes).is_ok();
            bytes = question.encode_to_vec();
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
                // Of what both can read, both say the same.
                if let (Ok(whole), Ok(read)) = (CheckRequest::decode(&*bytes), Asked::read(&bytes)) {
                    prop_assert_eq!(read.as_ref().map(told), Asked::of(&whole).as_ref().map(told));
                }
            }
        }
    }

    #[test]
    fn the_last_of_two_values_of_one_name_counts() {
        let with = |value: &str| {
            let headers = HashMap::from([("x-api-key".to_owned(), value.to_owned())]);
            let request = Some(Request { http: Some(HttpRequest { headers, ..HttpRequest::default() }), ..Request::default() });
            let context_extensions = HashMap::from([("gate".to_owned(), value.to_owned())]);
            CheckRequest { attributes: Some(AttributeContext { request, context_extensions, ..AttributeContext::default() }) }
                .encode_to_vec()
        };
        let bytes = [with("one"), with("two")].concat();
        let asked = Asked::read(&bytes).unwrap().unwrap();
        assert_eq!((asked.gate, asked.headers.len(), &asked.headers["x-api-key"]), ("two", 1, &HeaderValue::from_static("two")));
    }

    #[test]
    fn what_is_cut_off_is_no_message() {
        let headers = HashMap::from([("x-api-key".to_owned(), "k".repeat(200))]);
        let request = Some(Request { http: Some(HttpRequest { headers, ..HttpRequest::default() }), ..Request::default() });
        let bytes = CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) }.encode_to_vec();
        assert!((1..bytes.len()).all(|end| Asked::read(&bytes[..end]).is_err()));
    }
}
