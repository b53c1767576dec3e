//! Why a key is accepted or refused, in words, without its secret.

use std::sync::Arc;

use keybearer_core::decision::Denial;
use keybearer_core::key::KeyState;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;
use keybearer_store::What;

use super::unseen_is_absent;
use super::verify::{Verdict, judge, owner_standing};
use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::index::{Facts, KeyEntry};

/// The verdict, and the reason in words, one sentence a step.
pub struct Explained {
    /// The answer that whoever presents the key gets.
    pub verdict: Verdict,
    /// How it came about.
    pub why: Vec<String>,
}

/// Explains what the answer for this key and requirement would be.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such key, or none that the caller may see.
pub async fn explain(app: &App, caller: &Caller, id: KeyId, requirement: &Requirement) -> Result<Explained, AppError> {
    caller.authority.at_least(Level::OWN)?;
    let (entry, is_forgotten) = find(app, id).await?;
    let seen = caller.authority.explain_key(entry.key.holder.owner());
    seen.map_err(AppError::from).map_err(unseen_is_absent(What::Key))?;
    let mut verdict = judge(app, entry, requirement);
    let mut why = Vec::new();
    if let Some((entry, facts)) = &verdict.key {
        why.push(life(app, entry));
        why.push(power(app, facts));
    }
    if is_forgotten {
        why.push("That is longer ago than keys.retention: who presents it is told NOT_FOUND.".to_owned());
        verdict.decision = Err(Denial::NotFound);
    }
    why.push(outcome(&verdict.decision, requirement));
    Ok(Explained { verdict, why })
}

/// A key in the index, or one that left it after its death.
async fn find(app: &App, id: KeyId) -> Result<(Arc<KeyEntry>, bool), AppError> {
    if let Some(entry) = app.index.key(id) {
        return Ok((entry, false));
    }
    let key = app.store.key(id).await?;
    // Perhaps a key that is being made: its row is there a moment before it is in the index.
    let is_forgotten = key.lifecycle.state(app.clock.now()) != KeyState::Active;
    Ok((Arc::new(KeyEntry::new(key, None)), is_forgotten))
}

fn life(app: &App, entry: &KeyEntry) -> String {
    match entry.key.lifecycle.state(app.clock.now()) {
        KeyState::Active => "The key is neither revoked nor expired.".to_owned(),
        KeyState::Expired => "The key has expired.".to_owned(),
        KeyState::Revoked(reason) => format!("The key was revoked ({}) and will never be valid again.", reason.as_str()),
    }
}

fn power(app: &App, facts: &Facts) -> String {
    match facts {
        Facts::Account { level, .. } => match owner_standing(app, facts) {
            Some(owner) => format!(
                "It has level {level}; its owner's role has level {}, so level {} is in force.",
                owner.level,
                owner.level.min(*level)
            ),
            None => "Its owner's account is deleted.".to_owned(),
        },
        Facts::Service { policy: Some(policy), permissions } => {
            format!("Its policy \"{}\" grants {} permissions.", policy.name, permissions.len())
        }
        Facts::Service { policy: None, .. } => "Its policy is deleted.".to_owned(),
    }
}

fn outcome(decision: &Result<Option<keybearer_core::permission::Permission>, Denial>, requirement: &Requirement) -> String {
    match decision {
        Ok(Some(permission)) => format!("Accepted: the policy grants {permission}."),
        Ok(None) => match requirement {
            Requirement::Valid { .. } => "Accepted: any valid key will do.".to_owned(),
            Requirement::Level(level) => format!("Accepted: level {level} is reached."),
            Requirement::Permissions { .. } => "Accepted: the policy grants every permission that is needed.".to_owned(),
        },
        Err(Denial::InsufficientLevel { needs: Some(level), .. }) => format!("Refused: level {level} is needed."),
        Err(Denial::InsufficientLevel { needs: None, .. }) => "Refused: a key of an account is needed.".to_owned(),
        Err(Denial::InsufficientPermissions { any_of, all_of }) if any_of.is_empty() && all_of.is_empty() => {
            "Refused: a key of a service is needed.".to_owned()
        }
        Err(Denial::InsufficientPermissions { .. }) => "Refused: permissions are missing.".to_owned(),
        Err(Denial::Revoked(_) | Denial::Expired | Denial::Malformed | Denial::NotFound) => "Refused.".to_owned(),
    }
}
