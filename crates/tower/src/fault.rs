//! What is wrong with a declaration, found before anything is asked.

use std::fmt;

/// What the server takes as the name of a service: see [`Fault::ServiceName`].
const SERVICE: usize = 64;
/// What the server takes as the name of a permission: see [`Fault::PermissionName`].
const PERMISSION: usize = 128;

/// One thing that is wrong with what a service declares or requires.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The name of the service is not allowed.
    #[error("{0:?} names no service: a letter, then at most 63 letters, digits, '.', '_' or '-'")]
    ServiceName(String),
    /// The name of the service is Keybearer's own.
    #[error("the name {0:?} is reserved for Keybearer itself")]
    Reserved(String),
    /// The name of a permission is not allowed.
    #[error("{0:?} names no permission: a letter or digit, then at most 127 letters, digits, '.', '_', '/' or '-'")]
    PermissionName(String),
    /// A permission without a description, or with one that the server does not take.
    #[error("the permission {0:?} needs a description of what it lets a key do: 1 to 1000 characters, no control characters")]
    Description(String),
    /// A permission stands twice in the declaration.
    #[error("the permission {0:?} is declared twice")]
    Twice(String),
    /// More permissions than a service may have.
    #[error("{0} permissions are declared; a service has at most 1000")]
    TooMany(usize),
    /// A route requires what is not declared.
    #[error("the permission {0:?} is required, but not declared{hint}", hint = if .0.contains(':') { ": name it without the service" } else { "" })]
    Undeclared(String),
    /// No route requires what is declared.
    #[error("the permission {0:?} is declared, but never required")]
    Unused(String),
    /// A level that there is not.
    #[error("a route requires the level {0}: levels are 0 to 8")]
    Level(u8),
    /// All of nothing.
    #[error("a route requires all of no permissions: write any_key() where every valid key will do")]
    AllOfNothing,
    /// No key has both a level and permissions.
    #[error("a route requires a level together with permissions: people's keys have a level, services' keys have permissions")]
    LevelWithPermissions,
    /// A service's key has no level.
    #[error("a route requires a level of services' keys, which have none")]
    LevelOfService,
    /// A person's key has no permissions.
    #[error("a route requires permissions of people's keys, which have none")]
    PermissionsOfAccount,
}

/// All that is wrong with what a service declares and requires: one line for each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    /// Each of them.
    #[must_use]
    pub fn all(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the declaration is not right:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n- {fault}"))
    }
}

impl std::error::Error for Faults {}

fn is_word(text: &str, most: usize, first: fn(&u8) -> bool, others: &[u8]) -> bool {
    let Some((head, tail)) = text.as_bytes().split_first() else {
        return false;
    };
    text.len() <= most && first(head) && tail.iter().all(|byte| byte.is_ascii_alphanumeric() || others.contains(byte))
}

/// What is wrong with the name of a service.
pub(crate) fn of_service(name: &str) -> Option<Fault> {
    if !is_word(name, SERVICE, u8::is_ascii_alphabetic, b"._-") {
        return Some(Fault::ServiceName(name.to_owned()));
    }
    name.eq_ignore_ascii_case("keybearer").then(|| Fault::Reserved(name.to_owned()))
}

/// What is wrong with the name of a permission.
pub(crate) fn of_permission(name: &str) -> Option<Fault> {
    (!is_word(name, PERMISSION, u8::is_ascii_alphanumeric, b"._/-")).then(|| Fault::PermissionName(name.to_owned()))
}

/// What is wrong with the description of a permission.
pub(crate) fn of_description(name: &str, description: &str) -> Option<Fault> {
    let good = !description.trim().is_empty() && description.chars().count() <= 1_000 && !description.chars().any(char::is_control);
    (!good).then(|| Fault::Description(name.to_owned()))
}
