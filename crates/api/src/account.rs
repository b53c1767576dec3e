//! Accounts on the wire.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Metadata, Timestamp, present};

/// Whether an account is in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// In use.
    Active,
    /// Stopped; its holder can sign in to unlock it.
    Locked,
    /// Stopped by an administrator.
    Blocked,
}

/// A person's account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"id": 7, "username": "ada", "role": "user", "level": 4, "status": "active", "consent": true, "email": "ada@example.org", "metadata": {}, "has_password": true, "created_at": "2026-03-01T09:30:00.000Z"})))]
pub struct Account {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub username: String,
    /// Its role.
    pub role: String,
    /// The level that its role names.
    pub level: u8,
    /// Whether it is in use.
    pub status: AccountStatus,
    /// Whether its holder consents to their data being processed.
    pub consent: bool,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Its name in the application it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Who vouches for that name: the `iss` of the application's tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the application keeps with it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Metadata,
    /// Whether it can sign in with a password.
    pub has_password: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// `POST /v1/accounts`.
// No `Debug`: it holds a password.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"username": "ada", "password": "a long sentence of your own", "role": "user", "email": "ada@example.org"})))]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Unique ignoring case, width and surrounding space; 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub username: String,
    /// 12 to 128 characters. Without one nobody can sign in to the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 12, max_length = 128))]
    pub password: Option<String>,
    /// One of the configured roles; `user` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Unique name in the application it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Who vouches for that name: the `iss` of the application's tokens. Only beside an `external_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the application keeps with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// `PATCH /v1/accounts/{id}`: what is absent stays; `email`, `external_id` and `issuer` can be cleared with `null`.
// No `Debug`: it holds passwords.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"role": "support", "status": "active"})))]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    /// One of the configured roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Leaving `active` revokes all keys and ends all sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<AccountStatus>,
    /// Withdrawing it revokes all keys and ends all sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<bool>,
    /// Another password of 12 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 12, max_length = 128))]
    pub password: Option<String>,
    /// The password so far: a holder needs it to change password or e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
    /// E-mail address.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub email: Option<Option<String>>,
    /// Unique name in the application it comes from.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub external_id: Option<Option<String>>,
    /// Who vouches for that name. Without an `external_id` nobody does.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub issuer: Option<Option<String>>,
    /// What the application keeps with it, replaced as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<Metadata>,
}

/// An account after a change, and what the change ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"account": {"id": 7, "username": "ada", "role": "user", "level": 4, "status": "active", "consent": true, "email": "ada@example.org", "metadata": {}, "has_password": true, "created_at": "2026-03-01T09:30:00.000Z"}, "revoked_keys": 2, "ended_sessions": 1})))]
pub struct ChangedAccount {
    /// The account as it is now.
    #[serde(flatten)]
    pub account: Account,
    /// How many keys were revoked.
    pub revoked_keys: usize,
    /// How many sessions ended.
    pub ended_sessions: usize,
    /// After a change of password: live keys of the account and those it made, which a stranger who knew the old password may have made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_keys: Option<Vec<Uuid>>,
}

/// `DELETE /v1/accounts/{id}`, by its holder.
// No `Debug`: it holds a password.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"current_password": "a long sentence of your own"})))]
#[serde(deny_unknown_fields)]
pub struct CurrentPassword {
    /// The account's password, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
}

/// `POST /v1/accounts/{id}/revoke-keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"reason": "10,000 requests a minute"})))]
#[serde(deny_unknown_fields)]
pub struct RevokeKeys {
    /// Why, in words for the audit log; 1 to 200 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub reason: String,
}

/// What ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevokedKeys {
    /// How many keys were revoked.
    pub revoked_keys: usize,
    /// How many sessions ended.
    pub ended_sessions: usize,
}
