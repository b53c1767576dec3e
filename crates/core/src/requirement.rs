//! What a service demands of a key (section 3 of the design, "Requirement").

use crate::key::KeyKind;
use crate::permission::Permission;
use crate::role::Level;

/// What a key must be and hold. Permissions and a level never stand together: no key has both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// Any valid key, of this kind if one is named.
    Valid {
        /// The kind of key, where only one will do.
        kind: Option<KeyKind>,
    },
    /// An account key of at least this level.
    Level(Level),
    /// A service key with permissions: at least one of `any_of` (unless empty) and every one of `all_of`.
    Permissions {
        /// One of these suffices.
        any_of: Vec<Permission>,
        /// Each of these is needed.
        all_of: Vec<Permission>,
    },
}

/// Why a requirement cannot be met by any key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RequirementError {
    /// Both a level and permissions.
    #[error("a level and permissions cannot be required together: account keys have a level, service keys have permissions")]
    LevelWithPermissions,
    /// A level of service keys.
    #[error("a level cannot be required of kind \"service\": service keys have none")]
    LevelOfService,
    /// Permissions of account keys.
    #[error("permissions cannot be required of kind \"account\": account keys have none")]
    PermissionsOfAccount,
}

impl Requirement {
    /// Any valid key.
    pub const ANY: Self = Self::Valid { kind: None };

    /// The requirement made of these parts.
    ///
    /// # Errors
    /// [`RequirementError`] where no key could ever meet it.
    pub fn new(
        any_of: Vec<Permission>,
        all_of: Vec<Permission>,
        level: Option<Level>,
        kind: Option<KeyKind>,
    ) -> Result<Self, RequirementError> {
        let permissions = !any_of.is_empty() || !all_of.is_empty();
        match (level, permissions, kind) {
            (Some(_), true, _) => Err(RequirementError::LevelWithPermissions),
            (Some(_), false, Some(KeyKind::Service)) => Err(RequirementError::LevelOfService),
            (None, true, Some(KeyKind::Account)) => Err(RequirementError::PermissionsOfAccount),
            (Some(level), false, _) => Ok(Self::Level(level)),
            (None, true, _) => Ok(Self::Permissions { any_of, all_of }),
            (None, false, kind) => Ok(Self::Valid { kind }),
        }
    }

    /// The only kind of key that can meet it, where there is one.
    #[must_use]
    pub fn kind(&self) -> Option<KeyKind> {
        match self {
            Self::Valid { kind } => *kind,
            Self::Level(_) => Some(KeyKind::Account),
            Self::Permissions { .. } => Some(KeyKind::Service),
        }
    }

    /// All permissions that it names.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        let (any_of, all_of): (&[_], &[_]) = match self {
            Self::Permissions { any_of, all_of } => (any_of, all_of),
            Self::Valid { .. } | Self::Level(_) => (&[], &[]),
        };
        any_of.iter().chain(all_of)
    }
}
