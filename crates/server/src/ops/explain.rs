//! Why a key is accepted or refused, step by step, without its secret.

use std::fmt;
use std::sync::Arc;

use keybearer_core::decision::Denial;
use keybearer_core::key::{KeyState, RevocationReason};
use keybearer_core::permission::Permission;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;
use keybearer_store::{Account, Policy, What};

use super::unseen_is_absent;
use super::verify::{Verdict, judge};
use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;
use crate::index::{Facts, KeyEntry};

/// The verdict, and how it came about.
pub struct Explained {
    /// The answer that whoever presents the key gets.
    pub verdict: Verdict,
    /// How it came about, in order. Each is one English sentence by its `Display`.
    pub why: Vec<Step>,
}

/// One step on the way to a verdict.
#[derive(Clone)]
pub enum Step {
    /// The key lives.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked(RevocationReason),
    /// It is a person's: the lesser of two levels is in force.
    Levels {
        /// Whose it is.
        owner: Arc<Account>,
        /// The level that the key was made with.
        key: Level,
        /// The level that the owner's role names now.
        role: Level,
    },
    /// The account whose key it was is deleted.
    OwnerDeleted,
    /// It is a service's: what its policy grants is in force.
    Grants(Arc<Policy>),
    /// The policy from which it had its permissions is deleted.
    PolicyDeleted,
    /// Its end is longer ago than dead keys are remembered.
    Forgotten,
    /// It is accepted: the policy grants the one of several permissions that was looked for.
    Matched(Permission),
    /// It is accepted, because it meets this.
    Met(Requirement),
    /// It is refused.
    Refused(Denial),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active => f.write_str("The key is neither revoked nor expired."),
            Self::Expired => f.write_str("The key has expired."),
            Self::Revoked(reason) => write!(f, "The key was revoked ({}) and will never be valid again.", reason.as_str()),
            Self::Levels { key, role, .. } => {
                write!(f, "It has level {key}; its owner's role has level {role}, so level {} is in force.", role.min(key))
            }
            Self::OwnerDeleted => f.write_str("Its owner's account is deleted."),
            Self::Grants(policy) => write!(f, "Its policy \"{}\" grants {} permissions.", policy.name, policy.permissions.len()),
            Self::PolicyDeleted => f.write_str("Its policy is deleted."),
            Self::Forgotten => f.write_str("That is longer ago than keys.retention: who presents it is told NOT_FOUND."),
            Self::Matched(permission) => write!(f, "Accepted: the policy grants {permission}."),
            Self::Met(Requirement::Valid { .. }) => f.write_str("Accepted: any valid key will do."),
            Self::Met(Requirement::Level(level)) => write!(f, "Accepted: level {level} is reached."),
            Self::Met(Requirement::Permissions { .. }) => f.write_str("Accepted: the policy grants every permission that is needed."),
            Self::Refused(denial) => refusal(f, denial),
        }
    }
}

fn refusal(f: &mut fmt::Formatter<'_>, denial: &Denial) -> fmt::Result {
    match denial {
        Denial::InsufficientLevel { needs: Some(level), .. } => write!(f, "Refused: level {level} is needed."),
        Denial::InsufficientLevel { needs: None, .. } => f.write_str("Refused: a key of an account is needed."),
        Denial::InsufficientPermissions { any_of, all_of } if any_of.is_empty() && all_of.is_empty() => {
            f.write_str("Refused: a key of a service is needed.")
        }
        Denial::InsufficientPermissions { .. } => f.write_str("Refused: permissions are missing."),
        Denial::Revoked(_) | Denial::Expired | Denial::Malformed | Denial::NotFound => f.write_str("Refused."),
    }
}

/// Explains what the answer for this key and requirement would be.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such key, or none that the caller may see.
pub async fn explain(app: &App, caller: &Caller, id: KeyId, requirement: &Requirement) -> Result<Explained, AppError> {
    caller.authority.at_least(Level::OWN)?;
    let (entry, is_forgotten) = find(app, id).await?;
    let seen = caller.authority.explain_key(entry.owner());
    seen.map_err(AppError::from).map_err(unseen_is_absent(What::Key))?;
    let mut verdict = judge(app, entry, requirement, app.clock.now());
    let mut why = Vec::new();
    if let Some((entry, facts)) = &verdict.key {
        why.push(life(app, entry));
        why.push(power(entry, facts));
    }
    if is_forgotten {
        why.push(Step::Forgotten);
        verdict.decision = Err(Denial::NotFound);
    }
    why.push(match &verdict.decision {
        Ok(Some(permission)) => Step::Matched(permission.clone()),
        Ok(None) => Step::Met(requirement.clone()),
        Err(denial) => Step::Refused(denial.clone()),
    });
    Ok(Explained { verdict, why })
}

/// A key in the index, or one that left it after its death.
async fn find(app: &App, id: KeyId) -> Result<(KeyEntry, bool), AppError> {
    if let Some(entry) = app.index.key(id) {
        return Ok((entry, false));
    }
    let key = app.store.key(id).await?;
    // Perhaps a key that is being made: its row is there a moment before it is in the index.
    let is_forgotten = key.lifecycle.state(app.clock.now()) != KeyState::Active;
    Ok((app.index.apart(&key), is_forgotten))
}

fn life(app: &App, entry: &KeyEntry) -> Step {
    match entry.lifecycle().state(app.clock.now()) {
        KeyState::Active => Step::Active,
        KeyState::Expired => Step::Expired,
        KeyState::Revoked(reason) => Step::Revoked(reason),
    }
}

fn power(key: &KeyEntry, facts: &Facts) -> Step {
    match facts {
        Facts::Account { level, standing } => match (key.account().share(), standing) {
            (Some(owner), Some(standing)) => Step::Levels { owner, key: *level, role: standing.level },
            _ => Step::OwnerDeleted,
        },
        Facts::Service { policy, .. } => policy.share().map_or(Step::PolicyDeleted, Step::Grants),
    }
}
