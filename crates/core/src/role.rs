//! Levels of privilege, and the roles that name them.

use std::collections::BTreeMap;
use std::fmt;

/// A privilege level, 0 to 8; each includes those below it. See [`Level::meaning`] (seeds 000 and 002, section 3 of the design).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Level(u8);

/// A number that is no level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be a whole number from 0 to 8")]
pub struct LevelError;

impl Level {
    /// Authenticate only.
    pub const NONE: Self = Self(0);
    /// Write access to all of one's own account data: what managing one's own keys takes.
    pub const OWN: Self = Self(4);
    /// Everything: what an administrator has.
    pub const ALL: Self = Self(8);

    /// Reads a level from a whole number.
    ///
    /// # Errors
    /// [`LevelError`] where the number is not one of 0 to 8.
    pub fn new(number: i64) -> Result<Self, LevelError> {
        u8::try_from(number).ok().filter(|n| *n <= Self::ALL.0).map(Self).ok_or(LevelError)
    }

    /// The level as a number, 0 to 8.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// All levels, lowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (Self::NONE.0..=Self::ALL.0).map(Self)
    }

    /// What the level lets its holder do, in words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self.0 {
            0 => "authenticate only",
            1 => "read your own content",
            2 => "read all your account data",
            3 => "write your own content",
            4 => "write all your account data",
            5 => "read the content of others",
            6 => "read all data of others",
            7 => "write data of others by support operations",
            _ => "everything",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which roles there are and the level that each names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Roles(BTreeMap<String, Level>);

/// The role of an account for which none was named.
pub const USER: &str = "user";
/// The role of the first administrator.
pub const ADMIN: &str = "admin";

/// Why a role cannot be added to the table.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RoleError {
    /// The name is not one that a role may have.
    #[error("role {0:?}: a name is 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter")]
    Name(String),
    /// The four roles of the table's beginning keep their levels.
    #[error("role {0:?} is built in and keeps its level")]
    BuiltIn(String),
}

impl Default for Roles {
    /// `user` 4, `bughunter` 5, `support` 6, `admin` 8.
    fn default() -> Self {
        let table = [(USER, 4), ("bughunter", 5), ("support", 6), (ADMIN, 8)];
        Self(table.into_iter().map(|(name, level)| (name.to_owned(), Level(level))).collect())
    }
}

impl Roles {
    /// The table with one more role.
    ///
    /// # Errors
    /// [`RoleError`] where the name is malformed or built in.
    pub fn with(mut self, name: &str, level: Level) -> Result<Self, RoleError> {
        let well_formed = name.len() <= 64
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if !well_formed {
            return Err(RoleError::Name(name.to_owned()));
        }
        if Self::default().0.contains_key(name) {
            return Err(RoleError::BuiltIn(name.to_owned()));
        }
        self.0.insert(name.to_owned(), level);
        Ok(self)
    }

    /// The level that a role names; of a role that is not in the table, 0.
    #[must_use]
    pub fn level(&self, role: &str) -> Level {
        self.0.get(role).copied().unwrap_or(Level::NONE)
    }

    /// Whether the table has the role.
    #[must_use]
    pub fn contains(&self, role: &str) -> bool {
        self.0.contains_key(role)
    }

    /// The roles of the table by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Level)> {
        self.0.iter().map(|(name, level)| (name.as_str(), *level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_levels_and_no_more() {
        assert_eq!(Level::all().count(), 9);
        assert_eq!(Level::new(-1), Err(LevelError));
        assert_eq!(Level::new(9), Err(LevelError));
        assert_eq!(Level::new(256), Err(LevelError));
        assert_eq!(Level::new(0), Ok(Level::NONE));
    }

    #[test]
    fn an_unknown_role_has_no_power() {
        assert_eq!(Roles::default().level("emperor"), Level::NONE);
        assert_eq!(Roles::default().level(ADMIN), Level::ALL);
    }

    #[test]
    fn built_in_roles_keep_their_level() {
        assert!(Roles::default().with("user", Level::ALL).is_err());
        assert!(Roles::default().with("Auditor", Level::OWN).is_err());
        assert_eq!(Roles::default().with("auditor", Level::OWN).unwrap().level("auditor"), Level::OWN);
    }
}
