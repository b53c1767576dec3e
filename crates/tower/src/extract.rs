//! [`Grant`] as an argument of axum's handlers.

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::grant::Grant;

/// A handler asks for a [`Grant`], but its route requires nothing. The request ends in 500: nobody was asked whether it may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a handler asks for a grant, but no layer of keybearer-tower stands before it")]
pub struct NoGrant;

impl IntoResponse for NoGrant {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Grant {
    type Rejection = NoGrant;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoGrant> {
        parts.extensions.get::<Self>().cloned().ok_or(NoGrant)
    }
}
