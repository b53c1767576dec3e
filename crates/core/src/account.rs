//! Accounts: the state of a person, and what a change of it does to their keys (section 3 of the design).

use serde::{Deserialize, Serialize};

use crate::key::RevocationReason;
use crate::role::Level;

/// Number of an account; never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub i64);

/// Whether an account is in use, and if not, who stopped it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In use.
    Active,
    /// Stopped by its holder (or on their behalf), who may sign in to unlock it.
    Locked,
    /// Stopped by an administrator; nobody can sign in.
    Blocked,
}

impl Status {
    /// The status as it is written on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Blocked => "blocked",
        }
    }

    /// Of two, the one that allows less.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Blocked, _) | (_, Self::Blocked) => Self::Blocked,
            (Self::Locked, _) | (_, Self::Locked) => Self::Locked,
            (Self::Active, Self::Active) => Self::Active,
        }
    }

    /// Reads what [`Status::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Locked, Self::Blocked].into_iter().find(|status| status.as_str() == text)
    }
}

/// All that decides what an account can do now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The level that the account's role names, by the table of roles in force.
    pub level: Level,
    /// See [`Status`].
    pub status: Status,
    /// Whether the holder consents to their data being processed.
    pub consent: bool,
}

/// Why an account, for now, can neither use nor make keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// The holder has not given consent, or withdrew it.
    ConsentLacking,
    /// The account is locked.
    Locked,
    /// The account is blocked.
    Blocked,
}

impl From<Unfit> for RevocationReason {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::ConsentLacking => Self::ConsentRevoked,
            Unfit::Locked => Self::AccountLocked,
            Unfit::Blocked => Self::AccountBlocked,
        }
    }
}

impl Standing {
    /// Whether the account may use and make keys: it is active and its holder consents.
    ///
    /// # Errors
    /// [`Unfit`] names the first reason why not.
    pub fn fit(&self) -> Result<(), Unfit> {
        match self.status {
            Status::Blocked => Err(Unfit::Blocked),
            Status::Locked => Err(Unfit::Locked),
            Status::Active if !self.consent => Err(Unfit::ConsentLacking),
            Status::Active => Ok(()),
        }
    }

    /// What both grant, and no more: as a restored account stands of which the replaced store knew something else.
    #[must_use]
    pub fn lesser(&self, other: &Self) -> Self {
        Self { level: self.level.min(other.level), status: self.status.stricter(other.status), consent: self.consent && other.consent }
    }

    /// Whether a session of the account may exist at all: a locked holder signs in to unlock, a blocked one cannot.
    #[must_use]
    pub fn may_sign_in(&self) -> bool {
        self.status != Status::Blocked
    }

    /// Whether the account counts among the administrators, of whom one must remain.
    #[must_use]
    pub fn is_active_admin(&self) -> bool {
        self.level == Level::ALL && self.status == Status::Active
    }
}

/// Why all keys and sessions of an account end when it goes from `before` to `after`, if they do. Going back revives nothing, because
/// what is revoked stays so.
#[must_use]
pub fn revocation(before: &Standing, after: &Standing) -> Option<RevocationReason> {
    match after.status {
        Status::Blocked if before.status != Status::Blocked => return Some(RevocationReason::AccountBlocked),
        Status::Locked if before.status != Status::Locked => return Some(RevocationReason::AccountLocked),
        Status::Active | Status::Locked | Status::Blocked => {}
    }
    if after.level < before.level {
        return Some(RevocationReason::RoleDowngraded);
    }
    (before.consent && !after.consent).then_some(RevocationReason::ConsentRevoked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(level: i64, status: Status, consent: bool) -> Standing {
        Standing { level: Level::new(level).unwrap(), status, consent }
    }

    #[test]
    fn each_trigger_of_the_seeds_revokes() {
        let well = standing(5, Status::Active, true);
        let cases = [
            (standing(4, Status::Active, true), Some(RevocationReason::RoleDowngraded)),
            (standing(5, Status::Locked, true), Some(RevocationReason::AccountLocked)),
            (standing(5, Status::Blocked, true), Some(RevocationReason::AccountBlocked)),
            (standing(5, Status::Active, false), Some(RevocationReason::ConsentRevoked)),
            (standing(8, Status::Active, true), None),
            (well, None),
        ];
        for (after, reason) in cases {
            assert_eq!(revocation(&well, &after), reason);
        }
    }

    #[test]
    fn blocking_a_locked_account_ends_the_session_that_could_unlock_it() {
        let locked = standing(4, Status::Locked, true);
        let blocked = standing(4, Status::Blocked, true);
        assert_eq!(revocation(&locked, &blocked), Some(RevocationReason::AccountBlocked));
        assert_eq!(revocation(&locked, &standing(4, Status::Active, true)), None);
    }
}
