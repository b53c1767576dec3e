//! Setting another password by a link that the operator has signed.

use keybearer_store::{Actor, ChangedAccount, Login, PasswordReset};

use super::account;
use crate::app::{App, RequestContext};
use crate::error::AppError;

/// A link that is good now. No `Debug`: it holds the hash of a password.
pub struct OpenLink {
    /// User name, as the operator wrote it.
    pub username: String,
    replaced: Login,
}

/// The link of this token, if it is ours and good: the account is there, and has the password that it had when the link was made.
///
/// # Errors
/// [`AppError::Unavailable`] where the store cannot say.
pub async fn read(app: &App, token: &str) -> Result<Option<OpenLink>, AppError> {
    let Some(link) = app.reset_links.read(token, app.clock.now()) else { return Ok(None) };
    let login = app.store.login_by_id(link.account).await?.filter(|login| link.is_for(login));
    Ok(login.map(|replaced| OpenLink { username: link.username, replaced }))
}

/// Sets the password of the account that the link is for, and ends all its sessions.
///
/// # Errors
/// [`AppError::Invalid`] where the password cannot be used; then the link stays good. [`AppError::Conflict`] where somebody else was faster;
/// [`AppError::NotFound`] where the account is gone.
pub async fn redeem(app: &App, request: &RequestContext, link: OpenLink, password: String) -> Result<ChangedAccount, AppError> {
    let password_hash = account::hash(app, password, &link.username).await?;
    let reset = PasswordReset { replaced: link.replaced, password_hash };
    Ok(app.store.reset_password(app.origin(Actor::Operator, request), reset).await?)
}
