//! The one function that says yes.

use crate::account::Standing;
use crate::key::{KeyKind, KeyState, Lifecycle, RevocationReason};
use crate::permission::Permission;
use crate::policy::PermissionSet;
use crate::requirement::Requirement;
use crate::role::Level;
use crate::time::UnixMillis;

/// All that is known of a key at the moment of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Whether it still lives.
    pub lifecycle: Lifecycle,
    /// For whom it stands, and with what power.
    pub holder: Holder<'a>,
}

/// For whom a key stands.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    /// A person.
    Account {
        /// The level that the key was made with.
        level: Level,
        /// How its owner's account stands now.
        owner: Standing,
    },
    /// A service.
    Service {
        /// The permissions of the key's policy now.
        permissions: &'a PermissionSet,
    },
}

impl Holder<'_> {
    /// The kind of key that such a holder has.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Account { .. } => KeyKind::Account,
            Self::Service { .. } => KeyKind::Service,
        }
    }
}

/// Yes, and why. Only [`decide`] makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant<'a> {
    evidence: Evidence<'a>,
}

/// What a grant rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence<'a> {
    /// The level in force: the lesser of the key's and its owner's.
    Level(Level),
    /// The permissions of the key's policy, and the first of `any_of` that is among them.
    Permissions {
        /// All that the key holds.
        held: &'a PermissionSet,
        /// The one that satisfied `any_of`, where one was asked for.
        matched: Option<&'a Permission>,
    },
}

impl<'a> Grant<'a> {
    /// What the grant rests on.
    #[must_use]
    pub fn evidence(&self) -> Evidence<'a> {
        self.evidence
    }
}

/// No, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denial {
    /// The text cannot be a key.
    Malformed,
    /// No such key, or a wrong secret: the two are not told apart.
    NotFound,
    /// Revoked; never valid again.
    Revoked(RevocationReason),
    /// Its time is over.
    Expired,
    /// An account key of too low a level, or a key without a level where one is needed.
    InsufficientLevel {
        /// What was required; `None` where any account key would have done.
        needs: Option<Level>,
        /// The level in force, if the key has one.
        has: Option<Level>,
    },
    /// A service key without the permissions, or a key that can have none.
    InsufficientPermissions {
        /// None of these is held, and one was needed.
        any_of: Vec<Permission>,
        /// Not held, and needed.
        all_of: Vec<Permission>,
    },
}

impl Denial {
    /// The code on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        Outcome::from(self).code()
    }
}

/// How a question about a key was answered, without any detail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// Yes.
    Valid,
    /// See [`Denial::Malformed`].
    Malformed,
    /// See [`Denial::NotFound`].
    NotFound,
    /// See [`Denial::Revoked`].
    Revoked,
    /// See [`Denial::Expired`].
    Expired,
    /// See [`Denial::InsufficientLevel`].
    InsufficientLevel,
    /// See [`Denial::InsufficientPermissions`].
    InsufficientPermissions,
}

impl Outcome {
    /// All of them, yes first.
    pub const ALL: [Self; 7] = [
        Self::Valid,
        Self::Malformed,
        Self::NotFound,
        Self::Revoked,
        Self::Expired,
        Self::InsufficientLevel,
        Self::InsufficientPermissions,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Valid => "VALID",
            Self::Malformed => "MALFORMED",
            Self::NotFound => "NOT_FOUND",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
            Self::InsufficientLevel => "INSUFFICIENT_LEVEL",
            Self::InsufficientPermissions => "INSUFFICIENT_PERMISSIONS",
        }
    }

    /// The outcome with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }
}

impl From<&Denial> for Outcome {
    fn from(denial: &Denial) -> Self {
        match denial {
            Denial::Malformed => Self::Malformed,
            Denial::NotFound => Self::NotFound,
            Denial::Revoked(_) => Self::Revoked,
            Denial::Expired => Self::Expired,
            Denial::InsufficientLevel { .. } => Self::InsufficientLevel,
            Denial::InsufficientPermissions { .. } => Self::InsufficientPermissions,
        }
    }
}

/// May this key do that, at the moment `now`? The caller has proved the secret, or asks without one to explain.
///
/// # Errors
/// [`Denial`] is the answer no.
pub fn decide<'a>(record: &Record<'a>, requirement: &'a Requirement, now: UnixMillis) -> Result<Grant<'a>, Denial> {
    match record.lifecycle.state(now) {
        KeyState::Active => {}
        KeyState::Expired => return Err(Denial::Expired),
        KeyState::Revoked(reason) => return Err(Denial::Revoked(reason)),
    }
    match record.holder {
        Holder::Account { level, owner } => {
            // What makes an account unfit also revokes its keys; here the rule holds even for a row that missed it.
            if let Err(unfit) = owner.fit() {
                return Err(Denial::Revoked(unfit.into()));
            }
            decide_level(level.min(owner.level), requirement)
        }
        Holder::Service { permissions } => decide_permissions(permissions, requirement),
    }
}

fn decide_level<'a>(in_force: Level, requirement: &Requirement) -> Result<Grant<'a>, Denial> {
    let grant = Grant { evidence: Evidence::Level(in_force) };
    match requirement {
        Requirement::Valid { kind: None | Some(KeyKind::Account) } => Ok(grant),
        Requirement::Valid { kind: Some(KeyKind::Service) } => {
            Err(Denial::InsufficientPermissions { any_of: Vec::new(), all_of: Vec::new() })
        }
        Requirement::Level(needs) if in_force >= *needs => Ok(grant),
        Requirement::Level(needs) => Err(Denial::InsufficientLevel { needs: Some(*needs), has: Some(in_force) }),
        Requirement::Permissions { any_of, all_of } => {
            Err(Denial::InsufficientPermissions { any_of: any_of.clone(), all_of: all_of.clone() })
        }
    }
}

fn decide_permissions<'a>(held: &'a PermissionSet, requirement: &'a Requirement) -> Result<Grant<'a>, Denial> {
    let matched = match requirement {
        Requirement::Valid { kind: None | Some(KeyKind::Service) } => None,
        Requirement::Valid { kind: Some(KeyKind::Account) } => {
            return Err(Denial::InsufficientLevel { needs: None, has: None });
        }
        Requirement::Level(needs) => return Err(Denial::InsufficientLevel { needs: Some(*needs), has: None }),
        Requirement::Permissions { any_of, all_of } => {
            let matched = any_of.iter().find(|permission| held.contains(permission));
            let any_met = any_of.is_empty() || matched.is_some();
            if !any_met || !all_of.iter().all(|permission| held.contains(permission)) {
                return Err(Denial::InsufficientPermissions {
                    any_of: if any_met { Vec::new() } else { any_of.clone() },
                    all_of: all_of.iter().filter(|permission| !held.contains(permission)).cloned().collect(),
                });
            }
            matched
        }
    };
    Ok(Grant { evidence: Evidence::Permissions { held, matched } })
}
