//! Gates: may the request go on that a proxy asks about, by the key that it carries?

use keybearer_core::account::AccountId;
use keybearer_core::decision::Outcome;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;

use super::verify;
use crate::app::App;
use crate::caller::Presented;
use crate::error::{AppError, AuthError};
use crate::index::Facts;

/// The gate that every valid key passes.
pub const ANY: &str = "any";

/// Whose key passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passed {
    /// The key.
    pub key: KeyId,
    /// Its owner, if it is a person's.
    pub owner: Option<AccountId>,
    /// The level in force, if it has one.
    pub level: Option<Level>,
}

/// Asks a gate about the credential that a request carries.
///
/// # Errors
/// [`AppError::Auth`] where no good key came; [`AppError::NoSuchPath`] where there is no such gate; [`AppError::InDoubt`].
pub async fn ask(app: &App, gate: &str, presented: Result<Option<Presented>, AuthError>) -> Result<Passed, AppError> {
    if gate != ANY {
        return Err(AppError::NoSuchPath);
    }
    app.in_force().await?;
    let passed = key(presented).and_then(|credential| {
        let verdict = verify::prove(app, &credential, &Requirement::ANY);
        verdict.decision?;
        let (entry, facts) = verdict.key.ok_or(AuthError::Invalid)?;
        let level = match &facts {
            Facts::Account { level, owner } => owner.as_ref().map(|(_, standing)| standing.level.min(*level)),
            Facts::Service { .. } => None,
        };
        Ok(Passed { key: entry.id(), owner: entry.owner(), level })
    });
    app.metrics.gated(passed.as_ref().map_or_else(Outcome::from, |_| Outcome::Valid));
    passed.map_err(AppError::Auth)
}

/// A key, whichever its kind. A session is none: it belongs to Keybearer's own pages and API.
fn key(presented: Result<Option<Presented>, AuthError>) -> Result<keybearer_core::token::Credential, AuthError> {
    match presented? {
        Some(Presented::Key(credential)) => Ok(credential),
        Some(Presented::Session(_)) => Err(AuthError::Malformed),
        None => Err(AuthError::Missing),
    }
}
