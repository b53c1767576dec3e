//! `/sign-in`: from a user name and a password to a session in a cookie.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::cookies::Jar;
use super::fields::Fields;
use super::posted::PostedByAnyone;
use super::visit::{Anyone, Visit};
use super::{home, kept};
use crate::app::App;
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    next: &'a str,
    /// What was typed while the session ended; empty where nothing.
    kept: &'a str,
}

/// The address of the form that leads back to where somebody wanted to go.
pub(super) fn then(address: &str) -> String {
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", address).finish();
    if address == "/" || local(address).is_none() { "/sign-in".to_owned() } else { format!("/sign-in?{next}") }
}

/// An address of this server, as a path. Browsers read two slashes, and backslashes, as the beginning of another host.
pub(super) fn local(next: &str) -> Option<&str> {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (next.starts_with('/') && !next.starts_with("//") && plain && next.len() <= 2_000).then_some(next)
}

pub(super) async fn form(Anyone(visit): Anyone) -> Result<Response, AppError> {
    if visit.member().is_some() {
        return Ok(visit.go(home::start(&visit)));
    }
    let next = visit.query("next").unwrap_or_default();
    visit.page(StatusCode::OK, &Page { visit: &visit, fields: &Fields::default(), next: local(&next).unwrap_or_default(), kept: "" })
}

/// The form for somebody whose session ended while they typed, which is kept until they have signed in again.
pub(super) fn again(visit: &Visit, next: &str, kept: &str) -> Result<Response, AppError> {
    visit.page(StatusCode::UNAUTHORIZED, &Page { visit, fields: &Fields::default(), next, kept })
}

pub(super) async fn sign_in(State(app): State<Arc<App>>, posted: PostedByAnyone) -> Result<Response, AppError> {
    let PostedByAnyone { visit, mut fields } = posted;
    let (username, password) = (fields.value("username").to_owned(), fields.value("password").to_owned());
    let next = fields.value("next").to_owned();
    let next = local(&next).unwrap_or_default();
    let kept = fields.value(kept::FIELD).to_owned();
    match ops::session::sign_in(&app, &visit.request, &username, password).await {
        Ok(signed_in) => {
            let mut response = match next {
                "" => visit.go("/"),
                _ if kept.is_empty() => visit.go(next),
                _ => kept::offer(&visit, &signed_in.token, next, &kept)?,
            };
            visit.remember(&mut response, Jar::Session, &signed_in.token);
            visit.forget(&mut response, Jar::Visitor);
            Ok(response)
        }
        Err(error) => {
            let wait = if let AppError::TooManyRequests { retry_after } = error { Some(retry_after) } else { None };
            let status = fields.refused(&visit, error)?;
            let mut response = visit.page(status, &Page { visit: &visit, fields: &fields, next, kept: &kept })?;
            if let Some(seconds) = wait {
                response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        for good in ["/", "/account", "/account?show=all&cursor=a%2Fb", "/sign-in?next=//evil.example"] {
            assert_eq!(local(good), Some(good));
        }
        let long = format!("/{}", "a".repeat(2_000));
        for bad in
            ["", "account", "//evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example", "/\t/evil.example", "/ä", &long]
        {
            assert_eq!(local(bad), None, "{bad}");
        }
    }
}
