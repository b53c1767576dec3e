//! Signing in and out.

use std::time::Duration;

use keybearer_core::account::{AccountId, Unfit};
use keybearer_core::authority::Refusal;
use keybearer_core::name::canonical;
use keybearer_store::{Account, Actor, NewSession, Session, SessionId, StoreError, What};
use tokio::time::sleep;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::unseen_is_absent;
use crate::app::{App, RequestContext};
use crate::caller::{Caller, CallerCredential};
use crate::error::{AppError, Cause};
use crate::metrics::Login;
use crate::random;
use crate::throttle::{Attempt, RetryAfter};

/// How long it takes to be told that a password was not looked at. Nobody may try again at once anyway; but who does, would otherwise take as much
/// of the server as it has, by questions that cost it more than a verification.
const PAUSE: Duration = Duration::from_millis(250);

/// A session that was started, and the token that is told once.
pub struct SignedIn {
    /// The session token.
    pub token: String,
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub account: Account,
}

/// Signs in. Unknown users and wrong passwords get the same answer after the same time.
///
/// # Errors
/// [`AppError::SignInFailed`], [`AppError::TooManyRequests`], [`AppError::Busy`], or [`AppError::Refused`] for a blocked account whose
/// password is right.
pub async fn sign_in(app: &App, request: &RequestContext, username: &str, password: String) -> Result<SignedIn, AppError> {
    let signed_in = try_to_sign_in(app, request, username, password).await;
    if let Err(AppError::TooManyRequests { .. } | AppError::Busy) = signed_in {
        sleep(PAUSE).await;
    }
    signed_in
}

async fn try_to_sign_in(app: &App, request: &RequestContext, username: &str, password: String) -> Result<SignedIn, AppError> {
    let username_key = canonical(username);
    let attempt = admit(app, request, &username_key)?;
    let login = app.store.login_by_username(username_key.clone()).await?;
    let stored = login.as_ref().and_then(|login| login.password_hash.clone());
    let right = match app.passwords.verify(Zeroizing::new(password), stored.as_deref()).await {
        Ok(right) => right,
        Err(busy) => {
            attempt.withdrawn();
            app.metrics.login(Login::Busy);
            return Err(busy.into());
        }
    };
    let (true, Some(login), Some(proved)) = (right, login, stored) else {
        app.metrics.login(Login::Failed);
        return Err(AppError::SignInFailed);
    };
    attempt.succeeded();
    app.metrics.login(Login::Succeeded);
    app.in_force().await?;
    if app.index.standing(login.account).is_some_and(|standing| !standing.may_sign_in()) {
        return Err(Refusal::Unfit(Unfit::Blocked).into());
    }
    start(app, request, login.account, proved).await
}

fn admit<'a>(app: &'a App, request: &RequestContext, username_key: &str) -> Result<Attempt<'a>, RetryAfter> {
    let attempt = app.throttle.admit(username_key, request.source, app.clock.now());
    attempt.inspect_err(|_| app.metrics.login(Login::Throttled))
}

async fn start(app: &App, request: &RequestContext, account: AccountId, proved: String) -> Result<SignedIn, AppError> {
    let now = app.clock.now();
    let id = SessionId(uuid::Builder::from_random_bytes(random::bytes()).into_uuid());
    let session = Session { id, account, created_at: now, expires_at: now.plus(app.config.sessions.lifetime) };
    let new = NewSession { session, proved, max_per_account: app.config.sessions.max_per_account };
    let origin = app.origin(Actor::Session { account, session: id }, request);
    match app.store.start_session(origin, new).await {
        Ok(session) => {
            let token = app.session_tokens.issue(account, session.id, session.created_at, session.expires_at);
            // A node that asks each time is not waited for: its image may lack the session, and an account that is as new.
            app.in_force().await?;
            let account = app.index.account(account).ok_or(AppError::SignInFailed)?;
            Ok(SignedIn { token, session, account: (*account).clone() })
        }
        // Blocked, deleted or given another password between the check and the commit.
        Err(StoreError::ActorGone) => Err(AppError::SignInFailed),
        Err(error) => Err(error.into()),
    }
}

/// Checks a holder's current password; a wrong one counts as a failed login. Returns the stored hash that it matched, if the account has
/// one.
pub(super) async fn prove_password(
    app: &App,
    request: &RequestContext,
    account: &Account,
    given: Option<String>,
) -> Result<Option<String>, AppError> {
    let login = app.store.login_by_id(account.id).await?;
    let Some(stored) = login.and_then(|login| login.password_hash) else {
        return Ok(None);
    };
    let Some(given) = given else {
        let wrong = Cause::CurrentPasswordNeeded.saying("is needed to change password or e-mail address, or to delete the account");
        return Err(AppError::invalid("/current_password", wrong));
    };
    let attempt = admit(app, request, &canonical(&account.username))?;
    match app.passwords.verify(Zeroizing::new(given), Some(&stored)).await {
        Ok(true) => {
            attempt.succeeded();
            app.metrics.login(Login::Succeeded);
            Ok(Some(stored))
        }
        Ok(false) => {
            app.metrics.login(Login::Failed);
            Err(AppError::WrongPassword)
        }
        Err(busy) => {
            attempt.withdrawn();
            app.metrics.login(Login::Busy);
            Err(busy.into())
        }
    }
}

/// The live sessions of an account (by default the caller's), newest first.
///
/// # Errors
/// [`AppError::Refused`] or [`AppError::NotFound`] where they are not the caller's to see.
pub async fn list(app: &App, caller: &Caller, account: Option<i64>) -> Result<Vec<Session>, AppError> {
    let Some(account) = account.map(AccountId).or(caller.authority.account()) else {
        caller.authority.at_least(keybearer_core::role::Level::ALL)?;
        return Err(AppError::malformed("account", "is needed: your credential has no account of its own"));
    };
    caller.authority.reach_sessions_of(account).map_err(AppError::from).map_err(unseen_is_absent(What::Account))?;
    Ok(app.store.sessions(account, app.clock.now()).await?)
}

/// Ends a session.
///
/// # Errors
/// [`AppError::NotFound`] where there is none, or none that the caller may end.
pub async fn end(app: &App, request: &RequestContext, caller: &Caller, id: Uuid) -> Result<(), AppError> {
    let ended = app.store.end_session(app.origin(caller.actor, request), SessionId(id)).await;
    ended.map_err(AppError::from).map_err(unseen_is_absent(What::Session))
}

/// Ends all sessions of the caller's account but the one that asks. Returns how many ended.
///
/// # Errors
/// [`AppError::Refused`] for whoever comes without a session.
pub async fn end_others(app: &App, request: &RequestContext, caller: &Caller) -> Result<usize, AppError> {
    let CallerCredential::Session(current) = &caller.credential else {
        return Err(Refusal::SessionNeeded.into());
    };
    let mut ended = 0;
    for session in list(app, caller, None).await?.into_iter().filter(|session| session.id != current.id) {
        match end(app, request, caller, session.id.0).await {
            Ok(()) => ended += 1,
            // It ended by itself meanwhile.
            Err(AppError::NotFound(What::Session)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(ended)
}
