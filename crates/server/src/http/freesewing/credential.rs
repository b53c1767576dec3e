//! Who asks: the credential that the last segment of the path names, and no other.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use keybearer_core::authority::Authority;
use keybearer_core::role::Level;
use keybearer_core::token::Credential;

use super::failure::Failure;
use crate::app::{App, RequestContext};
use crate::caller::{Caller, Presented, authenticate};
use crate::error::AuthError;
use crate::http::credentials::{self, Carried};

/// The two kinds of credential.
#[derive(Clone, Copy)]
pub(super) enum Scheme {
    /// `jwt`: a session token, as `Authorization: Bearer`.
    Jwt,
    /// `key`: the pair of a person's key, by HTTP Basic.
    Key,
}

impl Scheme {
    fn of_path(path: &str) -> Self {
        if path.ends_with("/jwt") { Self::Jwt } else { Self::Key }
    }

    /// The value of `WWW-Authenticate`.
    pub(super) fn challenge(self) -> &'static str {
        match self {
            Self::Jwt => r#"Bearer realm="keybearer""#,
            Self::Key => r#"Basic realm="keybearer", charset="UTF-8""#,
        }
    }

    fn presented(self, headers: &HeaderMap) -> Result<Presented, Failure> {
        let carried = match credentials::find(headers) {
            Ok(carried) => carried,
            // A header of another scheme, or of none, carries no credential of this kind.
            Err(AuthError::Missing | AuthError::Malformed) => None,
            Err(error @ (AuthError::Ambiguous | AuthError::Invalid | AuthError::Expired | AuthError::Revoked(_) | AuthError::Token(_))) => {
                return Err(error.into());
            }
        };
        match (self, carried) {
            // A key is the other kind, also where it comes as a bearer token.
            (Self::Jwt, Some(Carried::Bearer(text))) if Credential::parse_token(text).is_err() => Ok(Presented::Session(text.to_owned())),
            (Self::Key, Some(Carried::Basic(encoded))) => Ok(credentials::pair(encoded)?),
            (Self::Jwt | Self::Key, _) => Err(Failure::CredentialMissing(self)),
        }
    }
}

/// A request with a good credential, whatever its level.
pub(super) struct Signed {
    pub(super) request: RequestContext,
    pub(super) caller: Caller,
}

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let request = RequestContext::from_request_parts(parts, app).await?;
        let presented = Scheme::of_path(parts.uri.path()).presented(&parts.headers)?;
        let caller = authenticate(app, &presented, || request.id.clone()).await?;
        match caller.authority {
            Authority::Session { .. } | Authority::AccountKey { .. } => Ok(Self { request, caller }),
            Authority::ServiceKey { .. } | Authority::Operator => Err(AuthError::Invalid.into()),
        }
    }
}

/// A request with a credential that may manage its account's keys: level 4, and an account that is fit.
pub(super) struct Owner {
    pub(super) request: RequestContext,
    pub(super) caller: Caller,
}

impl FromRequestParts<Arc<App>> for Owner {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Failure> {
        let Signed { request, caller } = Signed::from_request_parts(parts, app).await?;
        caller.authority.at_least(Level::OWN)?;
        Ok(Self { request, caller })
    }
}
