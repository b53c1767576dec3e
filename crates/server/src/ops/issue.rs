//! Making keys.

use keybearer_core::account::AccountId;
use keybearer_core::key::{LifetimeError, account_key_expiry, service_key_expiry};
use keybearer_core::permission::{OwnPermission, PermissionError, ServiceName};
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::token::{Credential, KeyId, Secret};
use keybearer_store::{Key, Metadata, NewAccountKey, NewKey, NewServiceKey, StoreError};

use super::{metadata, name};
use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::AppError;
use crate::random;

/// A new key, and the credential that is told once. No `Debug`.
pub struct Issued {
    /// The key.
    pub key: Key,
    /// Id and secret; see [`Issued::token`].
    pub credential: Credential,
}

impl Issued {
    /// The credential in one text, with the prefix in force.
    #[must_use]
    pub fn token(&self, app: &App) -> String {
        (*self.credential.to_token(&app.prefix)).clone()
    }

    /// The secret of the pair: 64 hex digits.
    #[must_use]
    pub fn secret(&self) -> String {
        (*self.credential.secret.reveal()).clone()
    }
}

/// A person's key as it is asked for.
pub struct AccountKeyRequest<'a> {
    /// The name that somebody gives it.
    pub name: &'a str,
    /// Its level.
    pub level: Level,
    /// Its lifetime in milliseconds; without one, the default.
    pub lifetime: Option<i64>,
    /// Whose it is to be; without one, the caller's.
    pub owner: Option<AccountId>,
    /// What applications keep with it.
    pub metadata: Option<Metadata>,
}

/// A service's key as it is asked for.
pub struct ServiceKeyRequest<'a> {
    /// The unique name that somebody gives it.
    pub name: &'a str,
    /// Its policy.
    pub policy: PolicyId,
    /// Its lifetime in milliseconds; without one, for ever.
    pub lifetime: Option<i64>,
    /// The service for which it may declare permissions.
    pub service: Option<&'a str>,
    /// What applications keep with it.
    pub metadata: Option<Metadata>,
}

/// Makes a person's key: never above the owner's level, never above that of the credential that asks.
///
/// # Errors
/// [`AppError`] names the field, the rule, or the limit.
pub async fn account_key(app: &App, request: &RequestContext, caller: &Caller, asked: AccountKeyRequest<'_>) -> Result<Issued, AppError> {
    let Some(owner) = asked.owner.or(caller.authority.account()) else {
        caller.authority.manages(OwnPermission::KeysWrite)?;
        return Err(AppError::invalid("/owner", "is needed: a service key has no account of its own"));
    };
    let expires_at = account_key_expiry(app.clock.now(), asked.lifetime, &app.limits).map_err(lifetime_error)?;
    let (key, credential) = mint(app, asked.name, asked.metadata)?;
    let new = NewAccountKey { key, owner, level: asked.level, expires_at, max_per_account: app.limits.max_per_account };
    issued(app.store.issue_account_key(app.origin(caller.actor, request), new).await, credential)
}

/// Makes a service's key: a service key gives only what it has.
///
/// # Errors
/// [`AppError`] names the field or the rule.
pub async fn service_key(app: &App, request: &RequestContext, caller: &Caller, asked: ServiceKeyRequest<'_>) -> Result<Issued, AppError> {
    caller.authority.manages(OwnPermission::KeysWrite)?;
    let expires_at = service_key_expiry(app.clock.now(), asked.lifetime).map_err(lifetime_error)?;
    let service = asked.service.map(service_name).transpose()?;
    let (key, credential) = mint(app, asked.name, asked.metadata)?;
    let new = NewServiceKey { key, policy: asked.policy, service, expires_at };
    issued(app.store.issue_service_key(app.origin(caller.actor, request), new).await, credential)
}

/// Of a key that may not be in force everywhere, only the id is told, so that it can be deleted.
fn issued(key: Result<Key, StoreError>, credential: Credential) -> Result<Issued, AppError> {
    match key {
        Ok(key) => Ok(Issued { key, credential }),
        Err(StoreError::Unconfirmed) => Err(AppError::Unconfirmed(Some(credential.id))),
        Err(error) => Err(error.into()),
    }
}

fn service_name(text: &str) -> Result<ServiceName, AppError> {
    text.parse().map_err(|error: PermissionError| AppError::invalid("/service", error))
}

fn lifetime_error(error: LifetimeError) -> AppError {
    AppError::invalid("/expires_in", error)
}

fn mint(app: &App, given: &str, given_metadata: Option<Metadata>) -> Result<(NewKey, Credential), AppError> {
    let (name, name_key) = name("/name", given)?;
    let metadata = metadata(given_metadata)?;
    let credential = Credential { id: KeyId::new(app.clock.now(), &random::bytes()), secret: Secret::new(random::bytes()) };
    let (pepper, digest) = app.peppers.seal_at_most(app.store.common_pepper(), &credential);
    Ok((NewKey { id: credential.id, name, name_key, digest, pepper, metadata }, credential))
}
