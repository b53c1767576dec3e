//! From values to what stands on the wire.

use keybearer_api as api;
use keybearer_core::account::{AccountId, Status};
use keybearer_core::key::{KeyKind, KeyState, Lifecycle};
use keybearer_core::policy::PermissionSet;
use keybearer_store::{Account, Key, KeyHolder, PageRequest};

use crate::app::App;
use crate::error::AppError;
pub(super) use crate::http::answer::{USUAL, json, json_by, moment, secret_json};
use crate::http::paging;
use crate::ops;

/// The most rows of a page, and how many it has if nothing else is asked.
pub(super) const PAGE: (u32, u32) = (200, 50);

pub(super) fn kind(kind: KeyKind) -> api::KeyKind {
    match kind {
        KeyKind::Account => api::KeyKind::Account,
        KeyKind::Service => api::KeyKind::Service,
    }
}

pub(super) fn to_kind(kind: api::KeyKind) -> KeyKind {
    match kind {
        api::KeyKind::Account => KeyKind::Account,
        api::KeyKind::Service => KeyKind::Service,
    }
}

pub(super) fn names(permissions: &PermissionSet) -> Vec<String> {
    permissions.iter().map(ToString::to_string).collect()
}

pub(super) fn account(app: &App, account: &Account) -> api::Account {
    api::Account {
        id: account.id.0,
        username: account.username.clone(),
        role: account.role.clone(),
        level: ops::account::level(app, account).number(),
        status: match account.status {
            Status::Active => api::AccountStatus::Active,
            Status::Locked => api::AccountStatus::Locked,
            Status::Blocked => api::AccountStatus::Blocked,
        },
        consent: account.consent,
        email: account.email.clone(),
        external_id: account.external_id.clone(),
        issuer: account.issuer.clone(),
        metadata: account.metadata.clone(),
        has_password: account.has_password,
        created_at: moment(account.created_at),
    }
}

pub(super) fn key(app: &App, key: &Key) -> api::Key {
    let (level, owner, policy, service) = match &key.holder {
        KeyHolder::Account { owner: AccountId(owner), level } => (Some(level.number()), Some(*owner), None, None),
        KeyHolder::Service { policy, service } => {
            let policy = api::Named { id: policy.0, name: ops::key::policy_of(app, key).map(|policy| policy.name.clone()) };
            (None, None, Some(policy), service.as_ref().map(ToString::to_string))
        }
    };
    let (state, reason) = match key.lifecycle.state(app.clock.now()) {
        KeyState::Active => (api::KeyState::Active, None),
        KeyState::Expired => (api::KeyState::Expired, None),
        KeyState::Revoked(reason) => (api::KeyState::Revoked, Some(reason.as_str().to_owned())),
    };
    let revoked_at = match key.lifecycle {
        Lifecycle::Revoked { at, .. } => Some(moment(at)),
        Lifecycle::Live { .. } => None,
    };
    api::Key {
        id: *key.id.as_uuid(),
        kind: kind(key.holder.kind()),
        name: key.name.clone(),
        state,
        reason,
        level,
        owner,
        policy,
        service,
        metadata: key.metadata.clone(),
        created_at: moment(key.created_at),
        created_by: key.created_by.clone(),
        expires_at: key.lifecycle.expires_at().map(moment),
        revoked_at,
        last_used_at: key.last_used_at.map(moment),
    }
}

/// Which page is asked for.
pub(super) fn page_request(cursor: Option<&str>, limit: Option<u32>) -> Result<PageRequest, AppError> {
    let (most, usual) = PAGE;
    let limit = limit.unwrap_or(usual);
    if limit == 0 || limit > most {
        return Err(AppError::invalid("limit", format!("must be 1 to {most}")));
    }
    paging::request(cursor, limit)
}

/// A page as it stands on the wire.
pub(super) fn page<T, U>(page: keybearer_store::Page<T>, dress: impl FnMut(T) -> U) -> api::Page<U> {
    api::Page { items: page.items.into_iter().map(dress).collect(), next_cursor: page.next.as_deref().map(paging::cursor) }
}
