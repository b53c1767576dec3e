//! Sessions on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Account, Timestamp};

/// `POST /v1/sessions`. No `Debug`: it holds a password.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The name of the account, in any case.
    pub username: String,
    /// Its password.
    pub password: String,
}

/// The answer to a sign-in. No `Debug`: it holds a token.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
