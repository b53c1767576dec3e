//! Answers to Envoy: a verdict as a message, and as an answer of gRPC.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use envoy_types::ext_authz::v3::pb::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue as EnvoyHeaderValue, HeaderValueOption, HttpStatus, OkHttpResponse,
};
use envoy_types::ext_authz::v3::{CheckResponseExt, ToHttpResponse};
use hyper::body::Frame;
use prost::Message as _;
use tonic::Status;

use crate::error::AppError;
use crate::http::gate::{identity, verdict, way_out};
use crate::ops::gate::Passed;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const OK: HeaderValue = HeaderValue::from_static("0");

/// What stands before a message in gRPC: that it is not compressed, and its length.
const PREFIX: usize = 5;
/// What a verdict needs no more than, in bytes, if its permissions are few.
const USUAL: usize = 256;

/// As [`message`], in bytes, with the prefix of gRPC before it.
pub(super) fn written(answer: &Result<Passed, AppError>) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL);
    out.extend_from_slice(&[0; PREFIX]);
    match answer {
        Ok(passed) => allowed(passed, &mut out),
        Err(error) => denied(error).encode(&mut out).expect("a vector takes all that is encoded"),
    }
    let length = u32::try_from(out.len() - PREFIX).expect("a verdict is short");
    out[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    out
}

/// Writes a `CheckResponse`: the status, which says nothing and so is OK, and an `OkHttpResponse` with headers. All of them are set, in the
/// place of what the client sent by these names.
fn allowed(passed: &Passed, out: &mut Vec<u8>) {
    let mut options = Vec::with_capacity(USUAL);
    for (name, value) in identity(passed) {
        // What is empty is not written, as of every field.
        let value = value.to_str().unwrap_or_default();
        let header = length_of(name.as_str()) + if value.is_empty() { 0 } else { length_of(value) };
        let action = [field(3, 0), HeaderAppendAction::OverwriteIfExistsOrAdd as u8, field(4, 0), 1];
        bytes_field(2, 1 + length_of_number(header) + header + action.len(), &mut options);
        bytes_field(1, header, &mut options);
        for (number, text) in [(1, name.as_str()), (2, value)] {
            if !text.is_empty() {
                bytes_field(number, text.len(), &mut options);
                options.extend_from_slice(text.as_bytes());
            }
        }
        options.extend_from_slice(&action);
    }
    bytes_field(1, 0, out);
    bytes_field(3, options.len(), out);
    out.extend_from_slice(&options);
}

/// What begins a field of a kind: 0 is a number, 2 are bytes. Numbers of fields are small here.
const fn field(number: u8, kind: u8) -> u8 {
    number << 3 | kind
}

/// Begins a field of so many bytes.
fn bytes_field(number: u8, length: usize, out: &mut Vec<u8>) {
    out.push(field(number, 2));
    let mut rest = length;
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// The length of a field with this text.
fn length_of(text: &str) -> usize {
    1 + length_of_number(text.len()) + text.len()
}

fn length_of_number(number: usize) -> usize {
    1 + usize::try_from(number.checked_ilog2().unwrap_or_default() / 7).expect("at most ten")
}

/// The verdict as a message.
pub(super) fn message(answer: &Result<Passed, AppError>) -> CheckResponse {
    match answer {
        Ok(passed) => {
            let headers = identity(passed).iter().map(|(name, value)| set(name, value)).collect();
            with_status(Status::ok(""), OkHttpResponse { headers, ..OkHttpResponse::default() })
        }
        Err(error) => denied(error),
    }
}

fn denied(error: &AppError) -> CheckResponse {
    let (status, why) = verdict(error);
    let response = DeniedHttpResponse {
        status: Some(HttpStatus { code: status.as_u16().into() }),
        headers: way_out(status).iter().map(|(name, value)| set(name, value)).collect(),
        body: format!("{why}\n"),
    };
    with_status(Status::permission_denied(why), response)
}

fn with_status(status: Status, response: impl ToHttpResponse) -> CheckResponse {
    let mut answer = CheckResponse::with_status(status);
    answer.set_http_response(response);
    answer
}

fn set(name: &HeaderName, value: &HeaderValue) -> HeaderValueOption {
    let value = value.to_str().unwrap_or_default().to_owned();
    HeaderValueOption {
        header: Some(EnvoyHeaderValue { key: name.to_string(), value, raw_value: Vec::new() }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        keep_empty_value: true,
        ..HeaderValueOption::default()
    }
}

/// The message of a call that brought nothing else: not compressed, and whole.
pub(super) fn message_in(body: &[u8]) -> Option<&[u8]> {
    let ([0, length @ ..], message) = body.split_first_chunk::<PREFIX>()? else { return None };
    (u32::from_be_bytes(*length) as usize == message.len()).then_some(message)
}

/// Answers a call with this message, its prefix before it.
pub(super) fn answer(message: Vec<u8>) -> Response {
    let mut response = Response::new(Body::new(Told { message: Some(message.into()), is_ended: false }));
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response
}

/// A message, and after it that the call went well.
struct Told {
    message: Option<Bytes>,
    is_ended: bool,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if let Some(message) = this.message.take() {
            return Poll::Ready(Some(Ok(Frame::data(message))));
        }
        let end = (!std::mem::replace(&mut this.is_ended, true)).then(|| {
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert(GRPC_STATUS, OK);
            Frame::trailers(trailers)
        });
        Poll::Ready(end.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended
    }
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::AccountId;
    use keybearer_core::role::Level;
    use keybearer_core::token::KeyId;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_passes_is_written_as_protobuf_writes_it(
            key in prop::option::of(any::<[u8; 16]>()), owner in prop::option::of(any::<i64>()), level in prop::option::of(0..9i64),
            permissions in prop::option::of("[a-z:. ]{0,300}"),
        ) {
            let passed = Passed {
                key: key.map(KeyId::from_bytes),
                owner: owner.map(AccountId),
                level: level.map(|level| Level::new(level).unwrap()),
                permissions,
            };
            let answer = Ok(passed);
            let (written, expected) = (written(&answer), message(&answer).encode_to_vec());
            prop_assert_eq!(message_in(&written), Some(&*expected));
        }

        #[test]
        fn a_length_is_told_in_as_many_bytes_as_it_takes(length in 0..3_000_000usize) {
            let mut out = Vec::new();
            bytes_field(1, length, &mut out);
            prop_assert_eq!(out.len(), 1 + length_of_number(length));
        }
    }

    #[test]
    fn only_a_message_that_is_whole_and_not_compressed_is_taken() {
        assert_eq!(message_in(&[0, 0, 0, 0, 2, 7, 8]), Some(&[7, 8][..]));
        for other in [&[0, 0, 0, 0, 2, 7][..], &[0, 0, 0, 0, 2, 7, 8, 9], &[1, 0, 0, 0, 2, 7, 8], &[0, 0, 0, 0], &[]] {
            assert_eq!(message_in(other), None, "{other:?}");
        }
    }
}
