//! Policies: uniquely named, possibly empty sets of permissions (seed 004).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::permission::{OwnPermission, Permission};

/// The most permissions that a policy may have.
pub const MAX_PERMISSIONS: usize = 200;

/// Names a policy for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyId(pub Uuid);

impl FromStr for PolicyId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(text).map(Self)
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A set of permissions, sorted, shared without copying.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PermissionSet(Option<Arc<[Permission]>>);

impl PermissionSet {
    /// No permission at all.
    pub const NONE: Self = Self(None);

    fn held(&self) -> &[Permission] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether the permission is in the set.
    #[must_use]
    pub fn contains(&self, permission: &Permission) -> bool {
        self.contains_name(permission.as_str())
    }

    /// Whether the set has this permission of Keybearer itself.
    #[must_use]
    pub fn allows(&self, permission: OwnPermission) -> bool {
        self.contains_name(permission.full_name())
    }

    fn contains_name(&self, full_name: &str) -> bool {
        self.held().binary_search_by(|held| held.as_str().cmp(full_name)).is_ok()
    }

    /// Which permissions of `self` are not in `other`: none of them means a subset.
    pub fn beyond<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Permission> {
        self.held().iter().filter(|permission| !other.contains(permission))
    }

    /// The permissions that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.held().iter().filter(|permission| other.contains(permission)).cloned().collect()
    }

    /// The permissions in order of name.
    pub fn iter(&self) -> std::slice::Iter<'_, Permission> {
        self.held().iter()
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held().is_empty()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut permissions: Vec<Permission> = permissions.into_iter().collect();
        permissions.sort_unstable();
        permissions.dedup();
        // One form of the empty set, so that it equals itself.
        Self(Some(permissions).filter(|permissions| !permissions.is_empty()).map(Arc::from))
    }
}
