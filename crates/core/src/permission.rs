//! Permissions: what services declare in code, named `service:name` (seed 004, section 2 of the design).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The most permissions that one service may declare.
pub const MAX_PER_SERVICE: usize = 1_000;
/// The most characters that the description of a permission may have.
pub const MAX_DESCRIPTION: usize = 1_000;

/// The name of a service: a letter, then at most 63 letters, digits, `.`, `_` or `-`. Unique ignoring case; `keybearer` is reserved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceName(Arc<str>);

/// The name of Keybearer itself among the services.
pub const KEYBEARER: &str = "keybearer";

/// Why a text names no service or permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PermissionError {
    /// The part before the colon.
    #[error("a service name is a letter followed by at most 63 letters, digits, '.', '_' or '-'")]
    Service,
    /// The part after the colon.
    #[error("a permission name is a letter or digit followed by at most 127 letters, digits, '.', '_', '/' or '-'")]
    Name,
    /// No colon.
    #[error("a permission is written service:name")]
    Unqualified,
}

fn is_word(text: &str, max: usize, first: fn(&u8) -> bool, others: &[u8]) -> bool {
    let Some((head, tail)) = text.as_bytes().split_first() else {
        return false;
    };
    text.len() <= max && first(head) && tail.iter().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Whether a text is the part of a permission's name after the colon.
#[must_use]
pub fn is_bare_name(text: &str) -> bool {
    is_word(text, 128, u8::is_ascii_alphanumeric, b"._/-")
}

impl ServiceName {
    /// The name as it was declared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The spelling under which the name is unique.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// Whether this is Keybearer's own name, in any case.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.eq_ignore_ascii_case(KEYBEARER)
    }

    /// Whether both name one service.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl FromStr for ServiceName {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        if is_word(text, 64, u8::is_ascii_alphabetic, b"._-") { Ok(Self(text.into())) } else { Err(PermissionError::Service) }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The full name of a permission, `service:name`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Permission(Arc<str>);

impl Permission {
    /// The permission `name` of a service.
    ///
    /// # Errors
    /// [`PermissionError::Name`] where the name is malformed.
    pub fn of(service: &ServiceName, name: &str) -> Result<Self, PermissionError> {
        if is_bare_name(name) { Ok(Self(format!("{service}:{name}").into())) } else { Err(PermissionError::Name) }
    }

    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether others have this name from where this one has it. To clone one shares it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// The declaring service, as text.
    #[must_use]
    pub fn service(&self) -> &str {
        self.0.split_once(':').map_or("", |(service, _)| service)
    }

    /// The name that the service gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, name)| name)
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        let (service, name) = text.split_once(':').ok_or(PermissionError::Unqualified)?;
        Self::of(&service.parse()?, name)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The permissions of Keybearer itself, under the service name `keybearer`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OwnPermission {
    /// Read every key.
    KeysRead,
    /// Make, change and revoke keys.
    KeysWrite,
    /// Read policies and permissions.
    PoliciesRead,
    /// Make, change and delete policies.
    PoliciesWrite,
    /// Declare the permissions of the service to which the key is bound.
    PermissionsDeclare,
    /// Read accounts.
    AccountsRead,
    /// Make, change and delete accounts of level 4 and below.
    AccountsWrite,
    /// Ask whether a key is valid and what it may do.
    Verify,
    /// Read the audit log and the statistics.
    AuditRead,
    /// Read the state of the cluster.
    ClusterRead,
}

impl OwnPermission {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::KeysRead,
        Self::KeysWrite,
        Self::PoliciesRead,
        Self::PoliciesWrite,
        Self::PermissionsDeclare,
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::Verify,
        Self::AuditRead,
        Self::ClusterRead,
    ];

    /// The full name.
    #[must_use]
    pub fn full_name(self) -> &'static str {
        match self {
            Self::KeysRead => "keybearer:keys.read",
            Self::KeysWrite => "keybearer:keys.write",
            Self::PoliciesRead => "keybearer:policies.read",
            Self::PoliciesWrite => "keybearer:policies.write",
            Self::PermissionsDeclare => "keybearer:permissions.declare",
            Self::AccountsRead => "keybearer:accounts.read",
            Self::AccountsWrite => "keybearer:accounts.write",
            Self::Verify => "keybearer:verify",
            Self::AuditRead => "keybearer:audit.read",
            Self::ClusterRead => "keybearer:cluster.read",
        }
    }

    /// What it lets a service key do.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::KeysRead => "List and read every key",
            Self::KeysWrite => "Make, change and revoke keys, within the power of the key that has this permission",
            Self::PoliciesRead => "List and read policies and permissions",
            Self::PoliciesWrite => "Make, change and delete policies, within the power of the key that has this permission",
            Self::PermissionsDeclare => "Declare the permissions of the service to which the key is bound",
            Self::AccountsRead => "List and read accounts",
            Self::AccountsWrite => "Make, change and delete accounts of level 4 and below",
            Self::Verify => "Ask whether a key is valid and what it may do",
            Self::AuditRead => "Read the audit log and the statistics",
            Self::ClusterRead => "Read the state of the cluster",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_full_names() {
        let permission: Permission = "Shop.v2:orders/read".parse().unwrap();
        assert_eq!((permission.service(), permission.name()), ("Shop.v2", "orders/read"));
        assert_eq!("orders".parse::<Permission>(), Err(PermissionError::Unqualified));
        assert_eq!("9shop:read".parse::<Permission>(), Err(PermissionError::Service));
        assert_eq!("shop:".parse::<Permission>(), Err(PermissionError::Name));
        assert_eq!("shop:a:b".parse::<Permission>(), Err(PermissionError::Name));
        assert_eq!(format!("shop:{}", "a".repeat(129)).parse::<Permission>(), Err(PermissionError::Name));
    }

    #[test]
    fn the_reserved_name_is_reserved_in_any_case() {
        assert!("KeyBearer".parse::<ServiceName>().unwrap().is_reserved());
        assert!(!"keybearer2".parse::<ServiceName>().unwrap().is_reserved());
    }

    #[test]
    fn own_permissions_are_well_formed() {
        for own in OwnPermission::ALL {
            let permission: Permission = own.full_name().parse().unwrap();
            assert_eq!(permission.service(), KEYBEARER);
        }
    }
}
