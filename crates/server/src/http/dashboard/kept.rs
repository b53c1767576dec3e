//! What somebody typed while their session ended: it goes through the sign-in and back, in the forms themselves, so that nothing of it is
//! stored, and is sent when they say so.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::fields::Fields;
use super::sign_in;
use super::visit::Visit;
use crate::error::{AppError, AuthError};

/// The field of the sign-in with what was typed.
pub(super) const FIELD: &str = "kept";

/// What is typed anew: secrets, and what proves that a form is ours.
const NOT_KEPT: [&str; 6] = ["_token", "_once", "password", "current_password", "key", FIELD];

/// The page that offers to send it.
#[derive(Template)]
#[template(path = "kept.html")]
struct Page<'a> {
    visit: &'a Visit,
    /// Where it was to go.
    action: &'a str,
    /// Names and values.
    typed: Vec<(String, String)>,
}

/// The sign-in with what was typed, in answer to a form from somebody whose session has ended.
///
/// # Errors
/// The error itself where it is another one, or where no browser says that the form came from a page of ours: nobody else's words are offered.
pub(super) fn ask_to_sign_in(visit: &Visit, fields: &Fields, error: AppError) -> Result<Response, AppError> {
    let told = visit.headers.contains_key(header::ORIGIN) || visit.headers.contains_key("sec-fetch-site");
    match (&error, sign_in::local(&visit.address)) {
        (AppError::Auth(why), Some(address)) if told && *why != AuthError::Ambiguous => {
            let mut kept = form_urlencoded::Serializer::new(String::new());
            kept.extend_pairs(fields.pairs().filter(|(name, _)| !NOT_KEPT.contains(name)));
            let kept = kept.finish();
            if kept.is_empty() { Err(error) } else { sign_in::again(visit, address, &kept) }
        }
        _ => Err(error),
    }
}

/// The page that offers to send it to this address, for who has just signed in with this token.
///
/// # Errors
/// [`AppError::Internal`] where the template fails.
pub(super) fn offer(visit: &Visit, token: &str, action: &str, kept: &str) -> Result<Response, AppError> {
    let typed = form_urlencoded::parse(kept.as_bytes()).into_owned().filter(|(name, _)| !NOT_KEPT.contains(&name.as_str())).collect();
    let visit = visit.signed_in(token);
    visit.page(StatusCode::OK, &Page { visit: &visit, action, typed })
}
