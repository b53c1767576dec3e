//! What a route requires of the key that comes with a request.

use keybearer_api::KeyKind;

use crate::fault::Fault;

/// The highest level.
const HIGHEST: u8 = 8;

/// What a key must be and hold. Made by [`any_of`], [`all_of`], [`level`] and [`any_key`]; in force once it is given to
/// [`Service::require`](crate::Service::require).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[must_use = "a requirement protects nothing by itself: give it to `Service::require`, and the layer to a route"]
pub struct Requirement {
    pub(crate) any_of: Vec<String>,
    /// `None` where nobody said a word of it: all of nothing is a mistake.
    pub(crate) all_of: Option<Vec<String>>,
    pub(crate) level: Option<u8>,
    pub(crate) kind: Option<KeyKind>,
}

/// At least one of these permissions of the service; with an empty list, any valid key.
///
/// The names are those of the declaration, without the service.
pub fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Requirement {
    Requirement { any_of: owned(names), ..Requirement::default() }
}

/// Each of these permissions of the service. The list must not be empty.
pub fn all_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Requirement {
    any_key().and_all_of(names)
}

/// A person's key of at least this level, 0 to 8.
pub fn level(least: u8) -> Requirement {
    Requirement { level: Some(least), ..Requirement::default() }
}

/// Any valid key, as `any_of([])`.
pub fn any_key() -> Requirement {
    Requirement::default()
}

impl Requirement {
    /// Each of these permissions too. The list must not be empty.
    pub fn and_all_of<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.all_of.get_or_insert_default().extend(owned(names));
        self
    }

    /// A key of this kind only.
    pub fn of_kind(mut self, kind: KeyKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Why no key could ever meet it, as the server would say.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let permissions = self.names().next().is_some();
        match (self.level, self.kind) {
            _ if self.all_of.as_ref().is_some_and(Vec::is_empty) => Some(Fault::AllOfNothing),
            (Some(level), _) if level > HIGHEST => Some(Fault::Level(level)),
            (Some(_), _) if permissions => Some(Fault::LevelWithPermissions),
            (Some(_), Some(KeyKind::Service)) => Some(Fault::LevelOfService),
            (None, Some(KeyKind::Account)) if permissions => Some(Fault::PermissionsOfAccount),
            _ => None,
        }
    }

    /// All names in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.any_of.iter().chain(self.all_of.iter().flatten()).map(String::as_str)
    }
}

fn owned<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
