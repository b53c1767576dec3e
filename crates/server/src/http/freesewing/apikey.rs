//! A key as this face tells of it, and the id by which a path names one.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use keybearer_api::Timestamp;
use keybearer_core::key::Lifecycle;
use keybearer_core::token::KeyId;
use keybearer_store::{Key, KeyHolder, What};
use serde::Serialize;

use crate::app::App;
use crate::error::AppError;
use crate::http::answer;

/// A person's key. No `Debug`: after a create it holds the secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiKey {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    level: u8,
    expires_at: Timestamp,
    name: String,
    user_id: i64,
    created_at: Timestamp,
}

impl ApiKey {
    /// The key as it is told of; of services' keys and revoked ones nothing is.
    pub(super) fn of(key: &Key) -> Result<Self, AppError> {
        let (KeyHolder::Account { owner, level }, Lifecycle::Live { expires_at: Some(expires_at) }) = (&key.holder, key.lifecycle) else {
            return Err(AppError::NotFound(What::Key));
        };
        Ok(Self {
            key: key.id.to_string(),
            secret: None,
            level: level.number(),
            expires_at: answer::moment(expires_at),
            name: key.name.clone(),
            user_id: owner.0,
            created_at: answer::moment(key.created_at),
        })
    }

    pub(super) fn with_secret(self, secret: String) -> Self {
        Self { secret: Some(secret), ..self }
    }
}

/// The `{id}` of a path. What cannot be an id names no key.
pub(super) struct NamedKey(pub(super) KeyId);

impl FromRequestParts<Arc<App>> for NamedKey {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let id = Path::<String>::from_request_parts(parts, app).await.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or(AppError::NotFound(What::Key))
    }
}
