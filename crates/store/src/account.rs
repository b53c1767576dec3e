//! Accounts in the store.

use async_trait::async_trait;
use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::identity::Identity;
use keybearer_core::name::Name;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use crate::{Metadata, Origin, Page, PageRequest, StoreError};

/// A person's account. Deleted ones are not told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// The name as it was given.
    pub username: String,
    /// E-mail address, unchecked.
    pub email: Option<String>,
    /// Name of the account in the application it came from, unique with its issuer.
    pub external_id: Option<String>,
    /// Who vouches for that name in the tokens of the application, if anybody does; only beside an `external_id`.
    pub issuer: Option<String>,
    /// What the application keeps with it.
    pub metadata: Metadata,
    /// Whether it can sign in with a password.
    pub has_password: bool,
    /// Its role, by name.
    pub role: String,
    /// See [`Status`].
    pub status: Status,
    /// Whether the holder consents to their data being processed.
    pub consent: bool,
    /// When it was made.
    pub created_at: UnixMillis,
}

impl Account {
    /// How the account stands by this table of roles.
    #[must_use]
    pub fn standing(&self, roles: &Roles) -> Standing {
        Standing { level: roles.level(&self.role), status: self.status, consent: self.consent }
    }

    /// The person at an issuer whose account it is, if there is one.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        Some(Identity { issuer: self.issuer.clone()?, external_id: self.external_id.clone()? })
    }
}

/// An account to be made: active, with consent.
#[derive(Clone)]
pub struct NewAccount {
    /// The name as it was given.
    pub username: String,
    /// The spelling under which it is unique.
    pub username_key: String,
    /// Hash of its password in PHC form.
    pub password_hash: Option<String>,
    /// Its role, one of the table.
    pub role: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Name in the application it came from.
    pub external_id: Option<String>,
    /// Who vouches for that name.
    pub issuer: Option<String>,
    /// What the application keeps with it.
    pub metadata: Metadata,
}

/// What to change of an account; `None` leaves it. The inner `None` clears it.
#[derive(Clone, Default)]
pub struct AccountChange {
    /// Another role of the table.
    pub role: Option<String>,
    /// Another status.
    pub status: Option<Status>,
    /// Consent given or withdrawn.
    pub consent: Option<bool>,
    /// Hash of another password in PHC form.
    pub password_hash: Option<String>,
    /// Another e-mail address.
    pub email: Option<Option<String>>,
    /// Another name in the application. Without one, nobody vouches for it.
    pub external_id: Option<Option<String>>,
    /// Somebody else who vouches for that name.
    pub issuer: Option<Option<String>>,
    /// Other metadata.
    pub metadata: Option<Metadata>,
    /// The stored hash that the holder's current password was checked against, where it was.
    pub proved: Option<String>,
    /// How many keys end with it, as the caller knows, where it must be so many.
    pub if_keys: Option<usize>,
}

/// Somebody whose application vouches for them, as yet unknown here.
#[derive(Clone)]
pub struct Newcomer {
    /// Who it is.
    pub identity: Identity,
    /// What the account may be called, dearest first. No name of another account is taken.
    pub usernames: Vec<Name>,
    /// The role to begin with, of level 4 at most.
    pub role: String,
}

/// What stays of a deleted account's identity, in place of its issuer: enough to know the person again, who is not welcomed a second time.
pub(crate) fn deleted_identity(identity: Option<&Identity>) -> String {
    identity.map_or_else(String::new, |identity| format!("deleted:{}", identity.mark()))
}

/// How many keys and sessions ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Keys revoked.
    pub keys: usize,
    /// Sessions ended.
    pub sessions: usize,
}

/// An account after a change, and what the change did.
#[derive(Clone, Debug)]
pub struct ChangedAccount {
    /// The account as it is now.
    pub account: Account,
    /// What ended.
    pub revoked: Revoked,
    /// After a change of password: the live keys that the account made, each of which outlives the old password.
    pub live_keys: Option<Vec<KeyId>>,
}

/// What a sign-in is checked against.
#[derive(Clone)]
pub struct Login {
    /// Whose.
    pub account: AccountId,
    /// Hash in PHC form, where the account has a password.
    pub password_hash: Option<String>,
}

/// What a link does by which an account gets another password. It goes with the password that it replaces, so it is done once.
#[derive(Clone)]
pub struct PasswordReset {
    /// Whose, and what the password was when the link was made.
    pub replaced: Login,
    /// Hash of the new password in PHC form.
    pub password_hash: String,
}

/// Which accounts a list is to have.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Whose username is this, however it is spelled.
    pub named: Option<String>,
    /// Whose username contains this, whatever its case.
    pub username: Option<String>,
    /// Of this role.
    pub role: Option<String>,
    /// Of this status.
    pub status: Option<Status>,
    /// For whose name this issuer vouches.
    pub issuer: Option<String>,
    /// Whose name in an application is this.
    pub external_id: Option<String>,
}

/// Verbs about accounts.
#[async_trait]
pub trait Accounts {
    /// Makes an account.
    async fn create_account(&self, origin: Origin, new: NewAccount) -> Result<Account, StoreError>;
    /// Makes the first administrator; of two who race, one gets [`StoreError::AdminExists`].
    async fn create_first_admin(&self, origin: Origin, new: NewAccount) -> Result<Account, StoreError>;
    /// The account of somebody whose application vouches for them, made now if there is none; of two who race, both get the same. Where such an
    /// account was deleted, [`StoreError::IdentityDeleted`]. The actor of its origin is [`crate::Actor::Issuer`].
    async fn welcome(&self, origin: Origin, newcomer: Newcomer) -> Result<Account, StoreError>;
    /// Changes an account, and ends its keys and sessions where the change is one that does. Where these are not as many keys as the caller
    /// knows, [`StoreError::KeysChanged`].
    async fn change_account(&self, origin: Origin, id: AccountId, change: AccountChange) -> Result<ChangedAccount, StoreError>;
    /// Gives an account another password by a link. Where its password is not the one that the link was made for, and so for one of two who
    /// use the link, [`StoreError::LinkUsed`].
    async fn reset_password(&self, origin: Origin, reset: PasswordReset) -> Result<ChangedAccount, StoreError>;
    /// Deletes an account with its keys and sessions. `proved` and `if_keys` as in [`AccountChange`].
    async fn delete_account(
        &self,
        origin: Origin,
        id: AccountId,
        proved: Option<String>,
        if_keys: Option<usize>,
    ) -> Result<Revoked, StoreError>;
    /// Ends all keys and sessions of an account for excessive use. `if_keys` as in [`AccountChange`].
    async fn revoke_account_keys(
        &self,
        origin: Origin,
        id: AccountId,
        reason: String,
        if_keys: Option<usize>,
    ) -> Result<Revoked, StoreError>;
    /// One account.
    async fn account(&self, id: AccountId) -> Result<Account, StoreError>;
    /// Accounts by number.
    async fn accounts(&self, filter: AccountFilter, page: PageRequest) -> Result<Page<Account>, StoreError>;
    /// What a sign-in under this canonical username is checked against.
    async fn login_by_username(&self, username_key: String) -> Result<Option<Login>, StoreError>;
    /// What the current password of this account is checked against.
    async fn login_by_id(&self, id: AccountId) -> Result<Option<Login>, StoreError>;
    /// Whether any account has level 8.
    async fn admin_exists(&self) -> Result<bool, StoreError>;
}
