//! Who asks: from a presented credential to an authority, by the index alone.

use keybearer_core::account::{AccountId, Unfit};
use keybearer_core::authority::{Authority, Refusal, SignIn};
use keybearer_core::decision::{Evidence, decide};
use keybearer_core::requirement::Requirement;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId};
use keybearer_store::{Actor, Session};

use crate::app::App;
use crate::error::{AppError, AuthError};
use crate::index::KeyEntry;
use crate::issuers::{Foreign, TokenRefusal};
use crate::metrics::{Authentication, Metrics};
use crate::ops;
use crate::session_token::TokenError;

/// A credential as a request carries it.
pub enum Presented {
    /// A session token, ours or an application's, not yet checked.
    Session(String),
    /// A key, not yet checked.
    Key(Credential),
}

/// An authenticated caller.
#[derive(Clone)]
pub struct Caller {
    /// What it may do now.
    pub authority: Authority,
    /// How the store names it.
    pub actor: Actor,
    /// What it came with.
    pub credential: CallerCredential,
    /// The revision that the image had before all this was looked up.
    pub revision: i64,
}

impl Caller {
    /// Whether its session or key has not expired meanwhile. How long the token of an application is good is asked once, when it comes.
    #[must_use]
    pub fn is_in_time(&self, now: UnixMillis) -> bool {
        let expires_at = match &self.credential {
            CallerCredential::Session(session) => Some(session.expires_at),
            CallerCredential::Identity(_) => None,
            CallerCredential::Key(entry) => entry.lifecycle().expires_at(),
        };
        expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// What a caller came with.
#[derive(Clone)]
pub enum CallerCredential {
    /// A session.
    Session(Session),
    /// A token of an application, for the person of this account.
    Identity(AccountId),
    /// A key of either kind.
    Key(KeyEntry),
}

/// Checks a credential. A person of an application who was never here gets an account, in the name of this request.
///
/// # Errors
/// [`AppError::Auth`] says what is wrong with it; why a key is refused is told only to who knows its secret. [`AppError::InDoubt`] where nobody
/// can tell what is in force. Of a token of an application, also [`AppError::KeysUnavailable`], and [`AppError::Refused`] while the account is
/// blocked.
pub async fn authenticate(app: &App, presented: &Presented, request_id: impl FnOnce() -> String) -> Result<Caller, AppError> {
    authenticate_about(app, presented, None, request_id).await
}

/// As [`authenticate`], for whoever goes on to decide about this key and no other, if one is given.
///
/// # Errors
/// As there.
pub async fn authenticate_about(
    app: &App,
    presented: &Presented,
    asked: Option<KeyId>,
    request_id: impl FnOnce() -> String,
) -> Result<Caller, AppError> {
    if let Presented::Session(text) = presented
        && let Some(token) = app.issuers.foreign(text)
    {
        // Apart, so that whoever comes otherwise does not carry its state along.
        let caller = Box::pin(identity(app, &token, request_id)).await;
        app.metrics.came_by_session(worth(&caller));
        return caller;
    }
    match (asked, presented) {
        (Some(asked), Presented::Key(own)) => app.in_force_about(&[own.id, asked]).await?,
        (Some(asked), Presented::Session(_)) => app.in_force_about(&[asked]).await?,
        (None, _) => app.in_force().await?,
    }
    judge(app, presented)
}

/// As [`authenticate`], by whoever has made sure that the image is in force. Tokens of applications are not taken.
///
/// # Errors
/// As there, but for the doubt.
pub fn judge(app: &App, presented: &Presented) -> Result<Caller, AppError> {
    let (caller, came) = match presented {
        Presented::Session(token) => (session(app, token), Metrics::came_by_session as fn(&Metrics, Authentication)),
        Presented::Key(credential) => (key(app, credential), Metrics::came_by_key as _),
    };
    came(&app.metrics, worth(&caller));
    caller
}

fn worth(caller: &Result<Caller, AppError>) -> Authentication {
    match caller {
        Ok(_) => Authentication::Valid,
        Err(AppError::Auth(AuthError::Expired | AuthError::Token(TokenRefusal::Expired))) => Authentication::Expired,
        Err(AppError::Auth(AuthError::Revoked(_))) => Authentication::Revoked,
        Err(_) => Authentication::Invalid,
    }
}

fn session(app: &App, token: &str) -> Result<Caller, AppError> {
    let revision = app.index.revision();
    let now = app.clock.now();
    let (account, id) = app.session_tokens.read(token, now).map_err(|error| match error {
        TokenError::Invalid => AuthError::Invalid,
        TokenError::Expired => AuthError::Expired,
    })?;
    let (session, standing) = app.index.session(id, now).filter(|(session, _)| session.account == account).ok_or(AuthError::Invalid)?;
    Ok(Caller {
        authority: Authority::Session { account, standing, by: SignIn::Here },
        actor: Actor::Session { account, session: id },
        credential: CallerCredential::Session(session),
        revision,
    })
}

async fn identity(app: &App, token: &Foreign<'_>, request_id: impl FnOnce() -> String) -> Result<Caller, AppError> {
    // First, because it may have to wait for keys: what is in force is asked after that.
    let proved = token.prove(|| app.clock.now()).await;
    let vouched = proved.inspect_err(|error| tracing::debug!(issuer = token.issuer(), ?error, "a token of an application is refused"))?;
    app.in_force().await?;
    let revision = app.index.revision();
    let (account, standing) = match app.index.identity(&vouched.identity) {
        Some(known) => known,
        None => ops::account::welcome(app, request_id(), &vouched).await?,
    };
    if !standing.may_sign_in() {
        return Err(Refusal::Unfit(Unfit::Blocked).into());
    }
    Ok(Caller {
        authority: Authority::Session { account, standing, by: SignIn::Elsewhere },
        actor: Actor::Identity { account, mark: vouched.identity.mark() },
        credential: CallerCredential::Identity(account),
        revision,
    })
}

fn key(app: &App, credential: &Credential) -> Result<Caller, AppError> {
    let revision = app.index.revision();
    let now = app.clock.now();
    let mut view = app.index.view();
    view.expect(&credential.id);
    let entry = view.prove_entry(credential, &app.peppers, None).ok_or(AuthError::Invalid)?;
    let facts = app.index.facts(&entry);
    let grant = decide(&facts.record(entry.lifecycle()), &Requirement::ANY, now).map_err(AuthError::from)?;
    let id = entry.id();
    let authority = match (grant.evidence(), entry.owner()) {
        (Evidence::Level(level), Some(owner)) => Authority::AccountKey { key: id, owner, level },
        (Evidence::Permissions { held, .. }, None) => {
            Authority::ServiceKey { key: id, service: entry.service(), permissions: held.clone() }
        }
        (Evidence::Level(_), None) | (Evidence::Permissions { .. }, Some(_)) => return Err(AuthError::Invalid.into()),
    };
    app.last_used.note(&view, &entry, now);
    Ok(Caller { authority, actor: Actor::Key(id), credential: CallerCredential::Key(entry), revision })
}
