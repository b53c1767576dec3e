//! What a `/v1` request brings: a caller, a body, parameters.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use keybearer_core::token::KeyId;
use serde::de::DeserializeOwned;

use crate::app::{App, RequestContext};
use crate::caller::{Caller, Presented, authenticate_about};
use crate::error::{AppError, AuthError};
use crate::http::body;
use crate::http::credentials::{self, Carried};
use crate::http::request;

/// An authenticated request without a body.
pub(super) struct Signed {
    pub(super) request: RequestContext,
    pub(super) caller: Caller,
}

/// An authenticated request with a JSON body of the documented shape. The caller is judged after the body has arrived, so that nobody keeps
/// a right by sending slowly.
pub(super) struct Call<T, const LIMIT: usize = { body::LIMIT }> {
    pub(super) request: RequestContext,
    pub(super) caller: Caller,
    pub(super) body: T,
}

/// A request with a body, both as they came: for whoever reads the body by [`body::Flat`], whose texts are left in it.
pub(super) struct Sent<const LIMIT: usize = { body::LIMIT }> {
    pub(super) parts: Parts,
    pub(super) bytes: Bytes,
}

/// As [`Call`], where the body may be left out or `null`.
pub(super) struct OptionalCall<T> {
    pub(super) request: RequestContext,
    pub(super) caller: Caller,
    pub(super) body: T,
}

/// A JSON body of the documented shape from anyone.
pub(super) struct Open<T> {
    pub(super) request: RequestContext,
    pub(super) body: T,
}

/// Query parameters, each known and given once.
pub(super) struct Query<T>(pub(super) T);

pub(super) fn presented(headers: &HeaderMap) -> Result<Presented, AuthError> {
    match credentials::find(headers)? {
        Some(Carried::Bearer(text)) => credentials::bearer(text),
        Some(Carried::Basic(encoded)) => credentials::pair(encoded),
        Some(Carried::XApiKey(text)) => credentials::token(text),
        // The carriers of the Catena face mean nothing here.
        Some(Carried::CatenaApiKey(_) | Carried::CatenaSession(_)) | None => Err(AuthError::Missing),
    }
}

pub(super) async fn caller(app: &App, parts: &Parts) -> Result<Caller, AppError> {
    caller_about(app, parts, None).await
}

/// As [`caller`], for whoever goes on to decide about this key and no other, if one is given.
pub(super) async fn caller_about(app: &App, parts: &Parts, asked: Option<KeyId>) -> Result<Caller, AppError> {
    let id = || parts.extensions.get::<RequestContext>().map_or_else(|| request::id(&parts.headers), |request| request.id.clone());
    authenticate_about(app, &presented(&parts.headers)?, asked, id).await
}

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let request = RequestContext::from_request_parts(parts, app).await?;
        Ok(Self { request, caller: caller(app, parts).await? })
    }
}

impl<T: DeserializeOwned, const LIMIT: usize> FromRequest<Arc<App>> for Call<T, LIMIT> {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, AppError> {
        let (mut parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, LIMIT).await?;
        let Signed { request, caller } = Signed::from_request_parts(&mut parts, app).await?;
        Ok(Self { request, caller, body: body::json(&parts.headers, &bytes)? })
    }
}

impl<const LIMIT: usize> FromRequest<Arc<App>> for Sent<LIMIT> {
    type Rejection = AppError;

    async fn from_request(request: Request, _: &Arc<App>) -> Result<Self, AppError> {
        let (parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, LIMIT).await?;
        Ok(Self { parts, bytes })
    }
}

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for OptionalCall<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, AppError> {
        let (mut parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
        let Signed { request, caller } = Signed::from_request_parts(&mut parts, app).await?;
        let body = if bytes.is_empty() { None } else { body::json::<Option<T>>(&parts.headers, &bytes)? };
        Ok(Self { request, caller, body: body.unwrap_or_default() })
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Open<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, AppError> {
        let (mut parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
        let request = RequestContext::from_request_parts(&mut parts, app).await?;
        Ok(Self { request, body: body::json(&parts.headers, &bytes)? })
    }
}

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        match axum::extract::Query::<T>::from_request_parts(parts, app).await {
            Ok(axum::extract::Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                // The name of the parameter comes first, where it is known; of an unknown one it may be anything.
                let (name, message) = match text.find(": unknown field `") {
                    Some(at) => (&text[..at], &text[at + 2..]),
                    None => text.split_once(": ").unwrap_or(("query", text)),
                };
                let parameter = if body::is_tellable(name) { name } else { "query" };
                Err(AppError::malformed(parameter, body::without_content(message)))
            }
        }
    }
}
