//! Policies in the store.

use async_trait::async_trait;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use crate::{Cascade, Origin, StoreError};

/// A uniquely named set of permissions. Deleted ones are not told of.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name for ever.
    pub id: PolicyId,
    /// The name that somebody gave it.
    pub name: String,
    /// What it grants.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Who made it; see [`crate::Actor`].
    pub created_by: String,
    /// The revision of its last change.
    pub version: i64,
    /// How many keys that are not revoked use it.
    pub keys: u32,
}

/// A policy to be made.
#[derive(Clone)]
pub struct NewPolicy {
    /// Its name for ever.
    pub id: PolicyId,
    /// The name as it was given.
    pub name: String,
    /// The spelling under which it is unique.
    pub name_key: String,
    /// What it grants.
    pub permissions: PermissionSet,
}

/// What to change of a policy; `None` leaves it.
#[derive(Clone, Default)]
pub struct PolicyChange {
    /// Another name, and its canonical spelling.
    pub name: Option<(String, String)>,
    /// Other permissions.
    pub permissions: Option<PermissionSet>,
    /// The version that the caller knows, where it must still be that one.
    pub if_version: Option<i64>,
}

/// Verbs about policies.
#[async_trait]
pub trait Policies {
    /// Makes a policy of declared permissions.
    async fn create_policy(&self, origin: Origin, new: NewPolicy) -> Result<Policy, StoreError>;
    /// Changes a policy, and at once the rights of every key that uses it. What it already grants may stay though undeclared.
    async fn change_policy(&self, origin: Origin, id: PolicyId, change: PolicyChange) -> Result<Policy, StoreError>;
    /// Deletes a policy. Its keys are revoked, as far as `cascade` knows of them; any other prevents it. Returns the keys that were revoked.
    async fn delete_policy(
        &self,
        origin: Origin,
        id: PolicyId,
        cascade: Cascade,
        if_version: Option<i64>,
    ) -> Result<Vec<KeyId>, StoreError>;
    /// One policy.
    async fn policy(&self, id: PolicyId) -> Result<Policy, StoreError>;
    /// All policies by name.
    async fn policies(&self) -> Result<Vec<Policy>, StoreError>;
}
