//! `/v1/keys`.

use reqwest::Method;
use serde::Serialize;
use uuid::Uuid;

use super::{Client, Error, Pages};
use crate::{ChangeKey, CreatedKey, Key, KeyKind, KeyState, NewKey, RevokeMany, RevokedMany, Timestamp};

/// Which keys.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeyQuery {
    /// Of people or of services.
    pub kind: Option<KeyKind>,
    /// Of the account with this number.
    pub owner: Option<i64>,
    /// With the policy of this id.
    pub policy: Option<Uuid>,
    /// Where they are in their lives.
    pub state: Option<KeyState>,
    /// Whose name contains this, whatever its case.
    pub name: Option<String>,
    /// Made before this moment.
    pub created_before: Option<Timestamp>,
    /// That expire before this moment.
    pub expires_before: Option<Timestamp>,
    /// Not used since this moment; never used counts.
    pub unused_since: Option<Timestamp>,
    /// `created_at`, `name`, `expires_at` or `last_used_at`, with `-` before it for the other way round; `-created_at` if absent.
    pub sort: Option<String>,
}

/// The calls about keys. All of them fail as any call does: see [`Error`].
pub struct Keys<'a>(&'a Client);

impl Client {
    /// The calls about keys.
    #[must_use]
    pub fn keys(&self) -> Keys<'_> {
        Keys(self)
    }
}

impl<'a> Keys<'a> {
    /// Keys: all of them for those who may see all, else one's own.
    #[must_use]
    pub fn list(&self, query: &KeyQuery) -> Pages<'a, Key> {
        Pages::new(self.0, self.0.call(Method::GET, &["v1", "keys"]).query(query).address())
    }

    /// One key, in whatever state.
    pub async fn get(&self, id: Uuid) -> Result<Key, Error> {
        self.0.call(Method::GET, &["v1", "keys", &id.to_string()]).read().await
    }

    /// Makes a key: with `level` one of a person, with `policy_id` one of a service. Only this answer ever holds its secret.
    pub async fn create(&self, new: &NewKey) -> Result<CreatedKey, Error> {
        self.0.call(Method::POST, &["v1", "keys"]).json(new).read().await
    }

    /// Renames a key of a service, or gives it another policy.
    pub async fn change(&self, id: Uuid, change: &ChangeKey) -> Result<Key, Error> {
        self.0.call(Method::PATCH, &["v1", "keys", &id.to_string()]).json(change).read().await
    }

    /// Revokes a key, with `descendants` also what it made, and what that made: dead everywhere when the call returns.
    pub async fn revoke(&self, id: Uuid, descendants: bool) -> Result<(), Error> {
        self.0.call(Method::DELETE, &["v1", "keys", &id.to_string()]).query(&[("descendants", descendants)]).done().await
    }

    /// Revokes up to 200 keys, with an answer for each.
    pub async fn revoke_many(&self, ids: &[Uuid]) -> Result<RevokedMany, Error> {
        self.0.call(Method::POST, &["v1", "keys", "revoke"]).json(&RevokeMany { ids: ids.to_vec() }).read().await
    }
}
