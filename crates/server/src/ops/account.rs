//! Accounts: making, changing, deleting, and revoking all keys of one.

use std::sync::Arc;

use keybearer_api as api;
use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::authority::Touched;
use keybearer_core::identity;
use keybearer_core::permission::OwnPermission;
use keybearer_core::role::{Level, USER};
use keybearer_store::{
    Account, AccountChange, AccountFilter, Actor, ChangedAccount, NewAccount, Newcomer, Origin, Page, PageRequest, Revoked, Session, What,
};
use zeroize::Zeroizing;

use super::{metadata, name, session, unseen_is_absent};
use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::{AppError, AuthError, Cause};
use crate::issuers::Vouched;
use crate::password;

/// Makes an account.
///
/// # Errors
/// [`AppError::Invalid`] names the field; [`AppError::Conflict`] where the name is taken.
pub async fn create(app: &App, request: &RequestContext, caller: &Caller, new: api::NewAccount) -> Result<Account, AppError> {
    caller.authority.manages(OwnPermission::AccountsWrite)?;
    let role = known_role(app, new.role.as_deref().unwrap_or(USER))?;
    caller.authority.create_account(app.index.roles().level(&role))?;
    let account = prepare(app, new, role).await?;
    Ok(app.store.create_account(app.origin(caller.actor, request), account).await?)
}

/// Makes the first administrator, on the word of the operator.
///
/// # Errors
/// [`AppError::Conflict`] where there is one already; [`AppError::Invalid`] names the field.
pub async fn create_first_admin(app: &App, request: &RequestContext, username: String, password: String) -> Result<Account, AppError> {
    let account = administrator(app, username, password).await?;
    Ok(app.store.create_first_admin(app.origin(Actor::Operator, request), account).await?)
}

/// Makes another administrator, on the word of the operator.
///
/// # Errors
/// [`AppError::Conflict`] where the name is taken; [`AppError::Invalid`] names the field.
pub async fn create_admin(app: &App, request: &RequestContext, username: String, password: String) -> Result<Account, AppError> {
    let account = administrator(app, username, password).await?;
    Ok(app.store.create_account(app.origin(Actor::Operator, request), account).await?)
}

async fn administrator(app: &App, username: String, password: String) -> Result<NewAccount, AppError> {
    let new =
        api::NewAccount { username, password: Some(password), role: None, email: None, external_id: None, issuer: None, metadata: None };
    prepare(app, new, keybearer_core::role::ADMIN.to_owned()).await
}

async fn prepare(app: &App, new: api::NewAccount, role: String) -> Result<NewAccount, AppError> {
    let (username, username_key) = name("/username", &new.username)?;
    let email = new.email.map(email).transpose()?;
    let external_id = new.external_id.map(external_id).transpose()?;
    let issuer = new.issuer.map(issuer).transpose()?;
    if issuer.is_some() && external_id.is_none() {
        return Err(AppError::invalid("/external_id", "is needed beside an issuer, who vouches for it"));
    }
    let metadata = metadata(new.metadata)?;
    let password_hash = match new.password {
        Some(password) => Some(hash(app, password, &username).await?),
        None => None,
    };
    Ok(NewAccount { username, username_key, password_hash, role, email, external_id, issuer, metadata })
}

pub(super) async fn hash(app: &App, password: String, username: &str) -> Result<String, AppError> {
    let password = Zeroizing::new(password);
    password::check(&password, username).map_err(|error| AppError::invalid("/password", error))?;
    Ok(app.passwords.hash(password).await?)
}

fn known_role(app: &App, role: &str) -> Result<String, AppError> {
    if app.index.roles().contains(role) {
        return Ok(role.to_owned());
    }
    let known: Vec<&str> = app.index.roles().iter().map(|(name, _)| name).collect();
    Err(AppError::invalid("/role", Cause::Role.saying(format!("must be one of: {}", known.join(", ")))))
}

pub(crate) fn email(text: String) -> Result<String, AppError> {
    let plausible = text.len() <= 254
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let wrong = || Cause::Email.saying("must be an e-mail address of at most 254 characters");
    if plausible { Ok(text) } else { Err(AppError::invalid("/email", wrong())) }
}

pub(crate) fn external_id(text: String) -> Result<String, AppError> {
    identity::check(&text).map_err(|error| AppError::invalid("/external_id", error.to_string()))?;
    Ok(text)
}

pub(crate) fn issuer(text: String) -> Result<String, AppError> {
    identity::check(&text).map_err(|error| AppError::invalid("/issuer", error.to_string()))?;
    Ok(text)
}

/// The account of somebody whom an application vouches for, and who was not here before. How it stands is looked up after it was made, by
/// whoever made it.
///
/// # Errors
/// [`AppError::Auth`] where the account was deleted, or the configuration has no role for them.
pub async fn welcome(app: &App, request_id: String, vouched: &Vouched) -> Result<(AccountId, Standing), AppError> {
    let identity = vouched.identity.clone();
    let usernames = identity.usernames(vouched.username.as_deref()).into();
    let role = vouched.role.clone().map_err(AuthError::Token)?;
    let origin = Origin { actor: Actor::Issuer, now: app.clock.now(), request_id };
    app.store.welcome(origin, Newcomer { identity, usernames, role }).await?;
    // A node that asks each time is not waited for: its image may lack the account.
    app.in_force().await?;
    app.index.identity(&vouched.identity).ok_or(AppError::Auth(AuthError::Invalid))
}

/// The account whose session asks.
///
/// # Errors
/// [`AppError::Auth`] where it was deleted since the session was looked up.
pub fn of_session(app: &App, session: &Session) -> Result<Arc<Account>, AppError> {
    of_holder(app, session.account)
}

/// The account whose holder asks.
///
/// # Errors
/// As [`of_session`].
pub fn of_holder(app: &App, account: AccountId) -> Result<Arc<Account>, AppError> {
    app.index.account(account).ok_or(AppError::Auth(AuthError::Invalid))
}

/// The level that an account's role names now.
#[must_use]
pub fn level(app: &App, account: &Account) -> Level {
    app.index.roles().level(&account.role)
}

/// The table of roles in force, by name.
pub fn roles(app: &App) -> impl Iterator<Item = (&str, Level)> {
    app.index.roles().iter()
}

/// How an account stands by the table of roles in force.
#[must_use]
pub fn standing(app: &App, account: &Account) -> Standing {
    account.standing(app.index.roles())
}

/// One account.
///
/// # Errors
/// [`AppError::NotFound`] where there is none, or none that the caller may see.
pub fn read(app: &App, caller: &Caller, id: AccountId) -> Result<Account, AppError> {
    shared(app, caller, id).map(|account| (*account).clone())
}

/// As [`read`], without a copy.
///
/// # Errors
/// As [`read`].
pub fn shared(app: &App, caller: &Caller, id: AccountId) -> Result<Arc<Account>, AppError> {
    caller.authority.see_account(id).map_err(AppError::from).map_err(unseen_is_absent(What::Account))?;
    app.index.account(id).ok_or(AppError::NotFound(What::Account))
}

/// The account of this name, however it is spelled, if there is one.
///
/// # Errors
/// As [`list`].
pub async fn by_name(app: &App, caller: &Caller, username: &str) -> Result<Option<Account>, AppError> {
    let filter = AccountFilter { named: Some(username.to_owned()), ..AccountFilter::default() };
    Ok(list(app, caller, filter, PageRequest { cursor: None, limit: 1 }).await?.items.pop())
}

/// Accounts by number.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `accounts.read`.
pub async fn list(app: &App, caller: &Caller, filter: AccountFilter, page: PageRequest) -> Result<Page<Account>, AppError> {
    caller.authority.manages(OwnPermission::AccountsRead)?;
    Ok(app.store.accounts(filter, page).await?)
}

/// Changes an account. Where the change lowers the role, leaves `active` or withdraws consent, all keys and sessions end with it.
/// `if_keys`: how many keys the caller knows to end.
///
/// # Errors
/// [`AppError`] names the field, the rule, or what stands in the way; [`AppError::VersionMismatch`] where not `if_keys` would end.
pub async fn change(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: AccountId,
    asked: api::ChangeAccount,
    if_keys: Option<usize>,
) -> Result<ChangedAccount, AppError> {
    let Some(account) = app.index.account(id) else {
        return Err(absent(caller));
    };
    let role = asked.role.as_deref().map(|role| known_role(app, role)).transpose()?;
    let status = asked.status.map(to_status);
    let before = account.standing(app.index.roles());
    let mut after = before;
    after.level = role.as_deref().map_or(before.level, |role| app.index.roles().level(role));
    after.status = status.unwrap_or(before.status);
    after.consent = asked.consent.unwrap_or(before.consent);
    let touched = Touched {
        role: role.is_some(),
        status: status.is_some(),
        consent: asked.consent.is_some(),
        password: asked.password.is_some(),
        email: asked.email.is_some(),
        external: asked.external_id.is_some() || asked.issuer.is_some() || asked.metadata.is_some(),
    };
    let proof = caller.authority.change_account(id, &before, &after, touched);
    let proof = proof.map_err(AppError::from).map_err(unseen_is_absent(What::Account))?;
    let mut change = AccountChange {
        if_keys,
        role,
        status,
        consent: asked.consent,
        email: asked.email.map(|given| given.map(email).transpose()).transpose()?,
        external_id: asked.external_id.map(|given| given.map(external_id).transpose()).transpose()?,
        issuer: asked.issuer.map(|given| given.map(issuer).transpose()).transpose()?,
        metadata: asked.metadata.map(|given| metadata(Some(given))).transpose()?,
        ..AccountChange::default()
    };
    if change.issuer.as_ref().is_some_and(Option::is_some)
        && change.external_id.as_ref().map_or(account.external_id.is_none(), Option::is_none)
    {
        return Err(AppError::invalid("/external_id", "is needed beside an issuer, who vouches for it"));
    }
    if proof.of_account(account.has_password)? {
        change.proved = session::prove_password(app, request, &account, asked.current_password).await?;
    }
    if let Some(password) = asked.password {
        change.password_hash = Some(hash(app, password, &account.username).await?);
    }
    Ok(app.store.change_account(app.origin(caller.actor, request), id, change).await?)
}

fn to_status(status: api::AccountStatus) -> Status {
    match status {
        api::AccountStatus::Active => Status::Active,
        api::AccountStatus::Locked => Status::Locked,
        api::AccountStatus::Blocked => Status::Blocked,
    }
}

/// The answer about an account that is not there.
fn absent(caller: &Caller) -> AppError {
    caller.authority.miss_account().err().map_or(AppError::NotFound(What::Account), AppError::from)
}

/// Deletes an account with its keys and sessions. `if_keys` as in [`change`].
///
/// # Errors
/// [`AppError`] names the rule, or what stands in the way.
pub async fn delete(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: AccountId,
    current_password: Option<String>,
    if_keys: Option<usize>,
) -> Result<Revoked, AppError> {
    let Some(account) = app.index.account(id) else {
        return Err(absent(caller));
    };
    let proof = caller.authority.delete_account(id, &account.standing(app.index.roles()));
    let proof = proof.map_err(AppError::from).map_err(unseen_is_absent(What::Account))?;
    let proved = if proof.of_account(account.has_password)? {
        session::prove_password(app, request, &account, current_password).await?
    } else {
        None
    };
    Ok(app.store.delete_account(app.origin(caller.actor, request), id, proved, if_keys).await?)
}

/// Revokes all keys and ends all sessions of an account, for excessive use. `if_keys` as in [`change`].
///
/// # Errors
/// [`AppError::Refused`] below level 8; [`AppError::NotFound`] where there is no such account.
pub async fn revoke_keys(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: AccountId,
    reason: &str,
    if_keys: Option<usize>,
) -> Result<Revoked, AppError> {
    caller.authority.at_least(Level::ALL)?;
    let (reason, _) = name("/reason", reason)?;
    Ok(app.store.revoke_account_keys(app.origin(caller.actor, request), id, reason, if_keys).await?)
}
