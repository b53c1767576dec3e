//! What a request is aimed at: a request that names two hosts, or none, may mean one thing to a proxy and another to us.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};

use super::Face;
use crate::app::{App, RequestContext};
use crate::error::AppError;

/// The most bytes of a URL.
const LONGEST_URL: usize = 8 * 1024;

/// Refuses a request whose target is in doubt or too long.
pub(super) fn refuse(app: &Arc<App>, request: &Request) -> Option<Response> {
    let error = flaw(request)?;
    let refusal = match request.extensions().get::<RequestContext>() {
        Some(context) => Face::of(app, request, context).word(&error, &context.id),
        None => StatusCode::BAD_REQUEST.into_response(),
    };
    Some(refusal)
}

/// Closes a connection on which no further request could be told from the rest of this one.
pub(super) fn close_if_in_doubt(version: Version, is_refused: bool, response: &mut Response) {
    // HTTP/2 tells requests apart by itself, and knows no such header.
    if version <= Version::HTTP_11 {
        close_if(is_refused || is_unread(response), response);
    }
}

/// Whether the rest of the request may still be on its way.
pub(super) fn is_unread(response: &Response) -> bool {
    matches!(response.status(), StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE)
}

/// Has an HTTP/1 connection end with this answer.
pub(super) fn close_if(last: bool, response: &mut Response) {
    if last {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

fn flaw(request: &Request) -> Option<AppError> {
    let wrong = |message: &str| Some(AppError::malformed("Host", message));
    if length(request.uri()) > LONGEST_URL {
        return Some(AppError::UrlTooLong { limit: LONGEST_URL });
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, None) = (hosts.next(), hosts.next()) else {
        return wrong("the header stands there more than once");
    };
    let named = request.uri().authority();
    let host = match host {
        // HTTP/1.0 knows no such header, and HTTP/2 has a field of its own.
        None if request.version() == Version::HTTP_11 => return wrong("every request of HTTP/1.1 has this header"),
        None => None,
        Some(host) => match host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) {
            Some(host) => Some(host),
            None => return wrong("it is not a host with perhaps a port"),
        },
    };
    if [host.as_ref(), named].into_iter().flatten().any(|authority| authority.as_str().contains('@')) {
        return wrong("a user name does not belong there");
    }
    match (host, named) {
        (Some(host), Some(named)) if !same(&host, named) => wrong("it is not the one that the target of the request names"),
        _ => None,
    }
}

fn length(uri: &Uri) -> usize {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    uri.authority().map_or(0, |authority| authority.as_str().len()) + target
}

/// Whether these are one, but for case and a port that goes without saying.
fn same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().filter(|port| !matches!(port, 80 | 443));
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}
