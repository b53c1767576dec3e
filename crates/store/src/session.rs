//! Sessions in the store.

use std::fmt;

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::time::UnixMillis;
use uuid::Uuid;

use crate::{Origin, StoreError};

/// Names a session; no secret by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A login that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub account: AccountId,
    /// Since when.
    pub created_at: UnixMillis,
    /// Until when, if nothing ends it before.
    pub expires_at: UnixMillis,
}

/// A login to be noted. The actor of its origin is the session itself.
#[derive(Clone)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The stored hash that the password was checked against.
    pub proved: String,
    /// The most live sessions of an account; the oldest end.
    pub max_per_account: u32,
}

/// Verbs about sessions.
#[async_trait]
pub trait Sessions {
    /// Notes a login, if the account may still sign in with the password that was proved.
    async fn start_session(&self, origin: Origin, new: NewSession) -> Result<Session, StoreError>;
    /// Ends a session.
    async fn end_session(&self, origin: Origin, id: SessionId) -> Result<(), StoreError>;
    /// The sessions of an account that have not ended, newest first.
    async fn sessions(&self, account: AccountId, now: UnixMillis) -> Result<Vec<Session>, StoreError>;
}
