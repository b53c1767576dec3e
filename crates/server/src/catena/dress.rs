//! From values to messages.

use keybearer_store::{DeclaredPermission, Key, Policy};

use super::v1;
use crate::app::App;
use crate::ops;
use crate::ops::health::Component;
use crate::ops::issue::Issued;

/// A key. In place of the token stands its id.
pub(super) fn key(app: &App, key: &Key) -> v1::ApiKey {
    v1::ApiKey {
        key: key.id.to_string(),
        id: key.id.to_string(),
        name: key.name.clone(),
        created_on: Some(key.created_at.into()),
        last_used_on: key.last_used_at.map(Into::into),
        policy: ops::key::policy_of(app, key).as_deref().map(policy),
        created_by: key.created_by.clone(),
    }
}

/// A new key with its token, the only time that it is told.
pub(super) fn issued(app: &App, issued: &Issued) -> v1::ApiKey {
    v1::ApiKey { key: issued.token(app), ..key(app, &issued.key) }
}

pub(super) fn policy(policy: &Policy) -> v1::ApiKeyPolicy {
    v1::ApiKeyPolicy {
        id: policy.id.to_string(),
        name: policy.name.clone(),
        permissions: policy.permissions.iter().map(ToString::to_string).collect(),
        created_by: policy.created_by.clone(),
    }
}

pub(super) fn permission(declared: DeclaredPermission) -> v1::TrustedServerPermission {
    v1::TrustedServerPermission { name: declared.permission.to_string(), description: declared.description }
}

pub(super) fn component(component: Component) -> v1::ComponentHealth {
    v1::ComponentHealth { component: component.name.to_owned(), healthy: component.healthy, status: component.status.to_owned() }
}
