//! Declared permissions in the store.

use async_trait::async_trait;
use keybearer_core::permission::{Permission, ServiceName};

use crate::{Origin, StoreError};

/// A permission that a service declares, or that one declared and a policy still grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPermission {
    /// Its full name.
    pub permission: Permission,
    /// What it lets a key do.
    pub description: String,
    /// Whether the service still declares it.
    pub declared: bool,
}

/// The manifest of a service.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Which service.
    pub service: ServiceName,
    /// All its permissions, each with a description.
    pub permissions: Vec<(Permission, String)>,
}

/// Verbs about permissions.
#[async_trait]
pub trait Permissions {
    /// Replaces the whole manifest of a service. What it no longer has stays granted, marked as undeclared. The same again changes nothing.
    async fn declare(&self, origin: Origin, declaration: Declaration) -> Result<Vec<DeclaredPermission>, StoreError>;
    /// All permissions by full name.
    async fn permissions(&self) -> Result<Vec<DeclaredPermission>, StoreError>;
}
