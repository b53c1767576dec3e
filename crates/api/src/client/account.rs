//! `/v1/accounts`.

use reqwest::Method;
use serde::Serialize;

use super::{Client, Error, Pages};
use crate::{Account, AccountStatus, ChangeAccount, ChangedAccount, CurrentPassword, NewAccount, RevokeKeys, RevokedKeys};

/// Which accounts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AccountQuery {
    /// Whose user name contains this, whatever its case.
    pub username: Option<String>,
    /// Of this role.
    pub role: Option<String>,
    /// Of this status.
    pub status: Option<AccountStatus>,
    /// For whose `external_id` this issuer vouches.
    pub issuer: Option<String>,
    /// Whose name in an application is this.
    pub external_id: Option<String>,
}

/// The calls about accounts. All of them fail as any call does: see [`Error`].
pub struct Accounts<'a>(&'a Client);

impl Client {
    /// The calls about accounts.
    #[must_use]
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }
}

impl<'a> Accounts<'a> {
    /// Accounts by number.
    #[must_use]
    pub fn list(&self, query: &AccountQuery) -> Pages<'a, Account> {
        Pages::new(self.0, self.0.call(Method::GET, &["v1", "accounts"]).query(query).address())
    }

    /// One account.
    pub async fn get(&self, id: i64) -> Result<Account, Error> {
        self.0.call(Method::GET, &["v1", "accounts", &id.to_string()]).read().await
    }

    /// Makes an account.
    pub async fn create(&self, new: &NewAccount) -> Result<Account, Error> {
        self.0.call(Method::POST, &["v1", "accounts"]).json(new).read().await
    }

    /// Changes an account. A lower role, a status other than `active` and withdrawn consent revoke its keys and end its sessions.
    pub async fn change(&self, id: i64, change: &ChangeAccount) -> Result<ChangedAccount, Error> {
        self.0.call(Method::PATCH, &["v1", "accounts", &id.to_string()]).json(change).read().await
    }

    /// Deletes an account with its keys and sessions. A holder says the current password.
    pub async fn delete(&self, id: i64, proof: &CurrentPassword) -> Result<(), Error> {
        self.0.call(Method::DELETE, &["v1", "accounts", &id.to_string()]).json(proof).done().await
    }

    /// Revokes all its keys and ends all its sessions, for excessive use.
    pub async fn revoke_keys(&self, id: i64, why: &RevokeKeys) -> Result<RevokedKeys, Error> {
        self.0.call(Method::POST, &["v1", "accounts", &id.to_string(), "revoke-keys"]).json(why).read().await
    }
}
