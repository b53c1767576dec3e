//! What policies grant, told beside the choice of one.

use keybearer_core::permission::Permission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_store::Policy;

/// A policy, and what it grants.
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) permissions: Vec<String>,
    /// What a key gains that gets this policy in place of its own, and what it loses.
    pub(super) change: Option<Change>,
}

/// What another policy means for a key.
pub(super) struct Change {
    pub(super) gains: Vec<String>,
    pub(super) loses: Vec<String>,
}

fn names<'a>(permissions: impl Iterator<Item = &'a Permission>) -> Vec<String> {
    permissions.map(ToString::to_string).collect()
}

/// These policies; for a key that has one now, also what another would change.
pub(super) fn of(policies: &[Policy], now: Option<(PolicyId, &PermissionSet)>) -> Vec<Grant> {
    let change = |policy: &Policy| {
        let (_, has) = now.filter(|(id, _)| *id != policy.id)?;
        Some(Change { gains: names(policy.permissions.beyond(has)), loses: names(has.beyond(&policy.permissions)) })
    };
    let grant = |policy: &Policy| Grant {
        id: policy.id.to_string(),
        name: policy.name.clone(),
        permissions: names(policy.permissions.iter()),
        change: change(policy),
    };
    policies.iter().map(grant).collect()
}

/// The policy that a form named.
pub(super) fn chosen<'a>(policies: &'a [Policy], text: &str) -> Option<&'a Policy> {
    let id: PolicyId = text.parse().ok()?;
    policies.iter().find(|policy| policy.id == id)
}
