//! What a request of this face brings: a client that proves who it is, and the token that it asks about.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use keybearer_core::token::Credential;

use crate::app::{App, RequestContext};
use crate::caller::{Caller, Presented, authenticate};
use crate::error::{AppError, AuthError};
use crate::http::body;
use crate::http::credentials::{self, Carried};

const TOKEN: &str = "token";
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// A good client, and a token of which nothing is known yet. The hint of its type is not needed: there is one type.
pub(super) struct Call {
    pub(super) request: RequestContext,
    pub(super) caller: Caller,
    pub(super) token: String,
}

impl FromRequest<Arc<App>> for Call {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, AppError> {
        let (mut parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
        let request = RequestContext::from_request_parts(&mut parts, app).await?;
        let form = body::require_form(&parts.headers).map(|()| Form::read(&bytes));
        let presented = presented(&parts.headers, form.as_ref().unwrap_or(&Form::EMPTY))?;
        let caller = authenticate(app, &presented, || request.id.clone()).await?;
        // Only who is known hears what is wrong with the form.
        Ok(Self { request, caller, token: form?.token()?.to_owned() })
    }
}

/// The parameters of a request. Unknown ones are ignored (RFC 6749, section 3.2).
struct Form<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Form<'a> {
    const EMPTY: Self = Self(Vec::new());

    fn read(bytes: &'a [u8]) -> Self {
        Self(form_urlencoded::parse(bytes).collect())
    }

    /// The parameter, if it is there once. One without a value counts as absent, by the same section.
    fn one(&self, name: &str) -> Result<Option<&str>, Twice> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Twice),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    fn token(&self) -> Result<&str, AppError> {
        let token = self.one(TOKEN).map_err(|Twice| AppError::malformed(TOKEN, "stands there twice"))?;
        token.ok_or_else(|| AppError::malformed(TOKEN, "is missing"))
    }
}

/// A parameter stands there more than once.
struct Twice;

/// The one credential of the client: in a header, or `client_id` and `client_secret` in the form. A `client_id` beside a header proves nothing,
/// but must not name another key.
fn presented(headers: &HeaderMap, form: &Form<'_>) -> Result<Presented, AuthError> {
    let of_form = |name| form.one(name).map_err(|Twice| AuthError::Ambiguous);
    match (of_header(headers)?, of_form(CLIENT_ID)?, of_form(CLIENT_SECRET)?) {
        (Some(_), _, Some(_)) => Err(AuthError::Ambiguous),
        (Some(Presented::Key(key)), Some(id), None) if id.parse() != Ok(key.id) => Err(AuthError::Ambiguous),
        (Some(presented), _, None) => Ok(presented),
        (None, Some(id), Some(secret)) => Credential::parse_pair(id, secret).map(Presented::Key).map_err(|_| AuthError::Malformed),
        (None, _, None) | (None, None, Some(_)) => Err(AuthError::Missing),
    }
}

fn of_header(headers: &HeaderMap) -> Result<Option<Presented>, AuthError> {
    match credentials::find(headers)? {
        Some(Carried::Bearer(text)) => credentials::bearer(text).map(Some),
        Some(Carried::Basic(encoded)) => credentials::client_pair(encoded).map(Some),
        Some(Carried::XApiKey(text)) => credentials::token(text).map(Some),
        // The carriers of the Catena face mean nothing here.
        Some(Carried::CatenaApiKey(_) | Carried::CatenaSession(_)) | None => Ok(None),
    }
}
