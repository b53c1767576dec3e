//! Setting another password by a link that the operator has signed.

use keybearer_core::name::canonical;
use keybearer_store::{Actor, ChangedAccount, PasswordReset};

use super::account;
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::reset_link::ResetLink;

/// The link of this token, if it is ours, still good, and not used yet.
///
/// # Errors
/// [`AppError::Unavailable`] where the store cannot say.
pub async fn read(app: &App, token: &str) -> Result<Option<ResetLink>, AppError> {
    match app.reset_links.read(token, app.clock.now()) {
        Some(link) if !app.store.link_is_used(link.nonce.clone()).await? => Ok(Some(link)),
        Some(_) | None => Ok(None),
    }
}

/// Sets the password of the account that the link names, and ends all its sessions.
///
/// # Errors
/// [`AppError::Invalid`] where the password cannot be used; then the link stays good. [`AppError::Conflict`] where somebody else was faster;
/// [`AppError::NotFound`] where there is no such account.
pub async fn redeem(app: &App, request: &RequestContext, link: ResetLink, password: String) -> Result<ChangedAccount, AppError> {
    let password_hash = account::hash(app, password, &link.username).await?;
    let reset = PasswordReset { nonce: link.nonce, expires_at: link.expires_at, username_key: canonical(&link.username), password_hash };
    Ok(app.store.reset_password(app.origin(Actor::Operator, request), reset).await?)
}
