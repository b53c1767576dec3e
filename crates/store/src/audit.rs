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
    json!(ToldKey::from(key))
}

/// A key as it stands in an event.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum ToldKey<'a> {
    OfAccount {
        expires_at: Option<UnixMillis>,
        kind: KeyKind,
        level: u8,
        metadata: &'a Metadata,
        name: &'a str,
        owner: AccountId,
    },
    OfService {
        expires_at: Option<UnixMillis>,
        kind: KeyKind,
        metadata: &'a Metadata,
        name: &'a str,
        policy_id: PolicyId,
        service: Option<&'a str>,
    },
}

impl<'a> ToldKey<'a> {
    fn of(name: &'a str, holder: &'a KeyHolder, lifecycle: &Lifecycle, metadata: &'a Metadata) -> Self {
        let (expires_at, kind) = (lifecycle.expires_at(), holder.kind());
        match holder {
            KeyHolder::Account { owner, level } => {
                Self::OfAccount { expires_at, kind, level: level.number(), metadata, name, owner: *owner }
            }
            KeyHolder::Service { policy, service } => {
                let service = service.as_ref().map(ServiceName::as_str);
                Self::OfService { expires_at, kind, metadata, name, policy_id: *policy, service }
            }
        }
    }
}

impl<'a> From<&'a Key> for ToldKey<'a> {
    fn from(key: &'a Key) -> Self {
        Self::of(&key.name, &key.holder, &key.lifecycle, &key.metadata)
    }
}

/// One that an image told of.
impl<'a> From<&'a Foreseen> for ToldKey<'a> {
    fn from(key: &'a Foreseen) -> Self {
        Self::of(&key.name, &key.holder, &key.lifecycle, &key.metadata)
    }
}

/// What the event of a revocation tells of what is there since.
#[derive(Serialize)]
pub(crate) struct ToldRevocation {
    pub(crate) reason: RevocationReason,
    pub(crate) revoked_keys: usize,
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
