//! Sessions on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Account, Timestamp};

/// `POST /v1/sessions`.
// No `Debug`: it holds a password.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"username": "ada", "password": "a long sentence of your own"})))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The name of the account, in any case.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// The answer to a sign-in.
// No `Debug`: it holds a token.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"token": "eyJ…", "expires_at": "2026-03-01T21:30:00.000Z", "account": {"id": 7, "username": "ada", "role": "user", "level": 4, "status": "active", "consent": true, "email": "ada@example.org", "metadata": {}, "has_password": true, "created_at": "2026-03-01T09:30:00.000Z"}})))]
pub struct CreatedSession {
    /// The session token, for `Authorization: Bearer`.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Whose it is.
    pub account: Account,
}

/// A session that has not ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Its name.
    pub id: Uuid,
    /// Number of its account.
    pub account: i64,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}
