//! Who calls, by the carriers of this face: a session token as `authorization: Bearer` or `catena-session-id`, a service key as
//! `catena-api-key`.

use axum::http::HeaderMap;
use keybearer_core::decision::Outcome;
use keybearer_core::key::KeyKind;
use keybearer_core::permission::OwnPermission;
use keybearer_core::token::Credential;
use tonic::Status;

use crate::app::{App, RequestContext};
use crate::caller::{Caller, CallerCredential, Presented, authenticate};
use crate::error::{AppError, AuthError};
use crate::http::credentials::{self, Carried};

/// Whoever presents a valid credential in a carrier of this face.
///
/// # Errors
/// [`AppError::Auth`].
pub async fn caller(app: &App, headers: &HeaderMap, request: Option<&RequestContext>) -> Result<Caller, AppError> {
    let presented = match credentials::find(headers)? {
        Some(Carried::Bearer(text) | Carried::CatenaSession(text)) => session(text)?,
        Some(Carried::CatenaApiKey(text)) => credentials::token(text)?,
        // The carriers of the other faces mean nothing here.
        Some(Carried::Basic(_) | Carried::XApiKey(_)) | None => return Err(AuthError::Missing.into()),
    };
    authenticate(app, &presented, || request.map(|request| request.id.clone()).unwrap_or_default()).await
}

fn session(text: &str) -> Result<Presented, AuthError> {
    // A key in the place of a session is told where it belongs, without being looked up.
    if Credential::parse_token(text).is_ok() { Err(AuthError::Missing) } else { Ok(Presented::Session(text.to_owned())) }
}

/// A session of level 8, or a service key with this permission.
pub(super) async fn administrator(
    app: &App,
    headers: &HeaderMap,
    request: Option<&RequestContext>,
    needs: OwnPermission,
) -> Result<Caller, Status> {
    let caller = caller(app, headers, request).await?;
    match &caller.credential {
        CallerCredential::Key(entry) => require_of_a_service(entry.kind())?,
        CallerCredential::Session(_) | CallerCredential::Identity(_) => {}
    }
    caller.authority.manages(needs).map_err(AppError::from)?;
    Ok(caller)
}

/// Whether this is a valid key of a service, of whatever power.
pub(super) async fn tested(app: &App, headers: &HeaderMap, request: Option<&RequestContext>) -> Result<(), Status> {
    let caller = caller(app, headers, request).await.inspect_err(|error| {
        if let AppError::Auth(error) = error {
            app.metrics.tested(error.into());
        }
    })?;
    let result = match &caller.credential {
        CallerCredential::Key(entry) => require_of_a_service(entry.kind()),
        CallerCredential::Session(_) | CallerCredential::Identity(_) => Err(AppError::from(AuthError::Missing).into()),
    };
    app.metrics.tested(match (&result, &caller.credential) {
        (Ok(()), _) => Outcome::Valid,
        (Err(_), CallerCredential::Key(_)) => Outcome::InsufficientPermissions,
        (Err(_), CallerCredential::Session(_) | CallerCredential::Identity(_)) => Outcome::Malformed,
    });
    result
}

fn require_of_a_service(kind: KeyKind) -> Result<(), Status> {
    match kind {
        KeyKind::Service => Ok(()),
        KeyKind::Account => Err(Status::permission_denied("This is the key of a person; here only keys of services count.")),
    }
}
