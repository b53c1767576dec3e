//! What the audit log tells of rows, on every engine: never a secret, nor what is stored in place of one.

use keybearer_core::account::AccountId;
use keybearer_core::key::{KeyKind, Lifecycle, RevocationReason};
use keybearer_core::permission::{Permission, ServiceName};
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Account, DeclaredPermission, Foreseen, GateText, Key, KeyHolder, Metadata, NamedGate, Policy};

pub(crate) fn account(account: &Account) -> Value {
    json!({
        "username": account.username, "email": account.email, "external_id": account.external_id, "issuer": account.issuer, "metadata": account.metadata,
        "has_password": account.has_password, "role": account.role, "status": account.status, "consent": account.consent,
    })
}

pub(crate) fn policy(policy: &Policy) -> Value {
    let permissions: Vec<&str> = policy.permissions.iter().map(Permission::as_str).collect();
    json!({"name": policy.name, "permissions": permissions})
}

pub(crate) fn gate(gate: &NamedGate) -> Value {
    json!(GateText::from(&gate.gate))
}

pub(crate) fn key(key: &Key) -> Value {
    key_of(&key.name, &key.holder, &key.lifecycle, &key.metadata)
}

/// A key that an image told of, as [`key`].
pub(crate) fn foreseen(key: &Foreseen) -> Value {
    key_of(&key.name, &key.holder, &key.lifecycle, &key.metadata)
}

fn key_of(name: &str, holder: &KeyHolder, lifecycle: &Lifecycle, metadata: &Metadata) -> Value {
    let mut told = json!({"kind": holder.kind(), "name": name, "expires_at": lifecycle.expires_at(), "metadata": metadata});
    match holder {
        KeyHolder::Account { owner, level } => {
            told["owner"] = json!(owner);
            told["level"] = json!(level.number());
        }
        KeyHolder::Service { policy, service } => {
            told["policy_id"] = json!(policy);
            told["service"] = json!(service.as_ref().map(ServiceName::as_str));
        }
    }
    told
}

pub(crate) fn manifest(permissions: &[DeclaredPermission]) -> Value {
    let names =
        |declared| -> Vec<&str> { permissions.iter().filter(|one| one.declared == declared).map(|one| one.permission.as_str()).collect() };
    json!({"declared": names(true), "undeclared": names(false)})
}

/// A key that came from elsewhere: as one that was made, and where it comes from.
#[derive(Serialize)]
struct Imported<'a> {
    imported: bool,
    kind: KeyKind,
    name: &'a str,
    owner: Option<AccountId>,
    level: Option<u8>,
    policy_id: Option<PolicyId>,
    service: Option<&'a str>,
    metadata: &'a Metadata,
    expires_at: Option<UnixMillis>,
    created_at: UnixMillis,
    created_by: &'a str,
    revoked_at: Option<UnixMillis>,
    reason: Option<RevocationReason>,
}

/// The event of a key that came from elsewhere, as action and JSON: of a dead key that it is revoked, so that whoever reads the events alone
/// knows that it never lived here.
pub(crate) fn imported_key(key: &Key) -> serde_json::Result<(&'static str, String)> {
    let (owner, level, policy_id, service) = match &key.holder {
        KeyHolder::Account { owner, level } => (Some(*owner), Some(level.number()), None, None),
        KeyHolder::Service { policy, service } => (None, None, Some(*policy), service.as_ref().map(ServiceName::as_str)),
    };
    let (action, revoked_at, reason) = match key.lifecycle {
        Lifecycle::Live { .. } => ("key.created", None, None),
        Lifecycle::Revoked { at, reason, .. } => ("key.revoked", Some(at), Some(reason)),
    };
    let told = Imported {
        imported: true,
        kind: key.holder.kind(),
        name: &key.name,
        owner,
        level,
        policy_id,
        service,
        metadata: &key.metadata,
        expires_at: key.lifecycle.expires_at(),
        created_at: key.created_at,
        created_by: &key.created_by,
        revoked_at,
        reason,
    };
    Ok((action, serde_json::to_string(&told)?))
}
