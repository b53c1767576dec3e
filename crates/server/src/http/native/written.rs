//! Verdicts in JSON, written without serde: nothing else is asked for as often, and one answer may hold a thousand of them.

use std::io;

use keybearer_api as api;
use keybearer_core::decision::Denial;
use keybearer_core::key::KeyKind;
use keybearer_core::policy::PermissionSet;
use keybearer_core::role::Level;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::dress;
use crate::error::AppError;
use crate::ops::verify::{Facts, KeyEntry, Verdict, granted};

/// Writes a verdict, as serde writes an [`api::Verdict`].
///
/// # Errors
/// Never, for memory takes all JSON.
pub(super) fn verdict(verdict: &Verdict, out: &mut Vec<u8>) -> io::Result<()> {
    let denial = verdict.decision.as_ref().err();
    match denial {
        None => out.extend_from_slice(b"{\"valid\":true,\"code\":\"VALID\""),
        Some(denial) => {
            out.extend_from_slice(b"{\"valid\":false,\"code\":\"");
            out.extend_from_slice(denial.code().as_bytes());
            out.push(b'"');
        }
    }
    if let Some((entry, facts)) = &verdict.key {
        out.extend_from_slice(b",\"key\":");
        key(entry, facts, out)?;
    }
    if let Some(missing) = denial.and_then(missing) {
        out.extend_from_slice(b",\"missing\":");
        serde_json::to_writer(&mut *out, &missing)?;
    }
    out.push(b'}');
    Ok(())
}

/// A verdict as a part of another answer: what is read of what [`verdict`] writes.
///
/// # Errors
/// Never, for that is a verdict.
pub(super) fn read(one: &Verdict) -> Result<api::Verdict<'static>, AppError> {
    let mut out = Vec::with_capacity(dress::USUAL);
    let read = verdict(one, &mut out).and_then(|()| Ok(serde_json::from_slice(&out)?));
    read.map_err(|error| AppError::Internal(format!("a verdict: {error}")))
}

fn missing(denial: &Denial) -> Option<api::Missing> {
    match denial {
        Denial::InsufficientLevel { needs, has } => Some(api::Missing {
            level: needs.map(Level::number),
            kind: if has.is_none() { Some(dress::kind(KeyKind::Account)) } else { None },
            ..api::Missing::default()
        }),
        Denial::InsufficientPermissions { any_of, all_of } => Some(api::Missing {
            any_of: any_of.iter().map(ToString::to_string).collect(),
            all_of: all_of.iter().map(ToString::to_string).collect(),
            kind: if any_of.is_empty() && all_of.is_empty() { Some(dress::kind(KeyKind::Service)) } else { None },
            ..api::Missing::default()
        }),
        Denial::Malformed | Denial::NotFound | Denial::Revoked(_) | Denial::Expired => None,
    }
}

fn key(entry: &KeyEntry, facts: &Facts, out: &mut Vec<u8>) -> io::Result<()> {
    out.extend_from_slice(b"{\"id\":");
    uuid(entry.id().as_uuid(), out);
    out.extend_from_slice(match facts {
        Facts::Account { .. } => b",\"kind\":\"account\",\"name\":",
        Facts::Service { .. } => b",\"kind\":\"service\",\"name\":",
    });
    text(entry.name(), out)?;
    match facts {
        Facts::Account { level, standing } => {
            if let Some(owner) = entry.owner() {
                out.extend_from_slice(b",\"owner\":");
                serde_json::to_writer(&mut *out, &owner.0)?;
            }
            if let Some(external_id) = entry.account().get().and_then(|owner| owner.external_id.as_deref()) {
                out.extend_from_slice(b",\"external_id\":");
                text(external_id, out)?;
            }
            let in_force = standing.map_or(Level::NONE, |standing| standing.level.min(*level));
            out.extend_from_slice(b",\"level\":");
            serde_json::to_writer(&mut *out, &in_force.number())?;
        }
        Facts::Service { id, policy } => {
            out.extend_from_slice(b",\"policy\":{\"id\":");
            uuid(&id.0, out);
            if let Some(policy) = policy.get() {
                out.extend_from_slice(b",\"name\":");
                text(&policy.name, out)?;
            }
            out.extend_from_slice(b"},\"permissions\":");
            names(granted(policy.get()), out)?;
        }
    }
    out.extend_from_slice(b",\"metadata\":");
    out.extend_from_slice(entry.metadata());
    if let Some(expires_at) = entry.lifecycle().expires_at() {
        out.extend_from_slice(b",\"expires_at\":\"");
        dress::moment(expires_at).put(out);
        out.push(b'"');
    }
    out.push(b'}');
    Ok(())
}

/// Writes the names of all of them.
fn names(permissions: &PermissionSet, out: &mut Vec<u8>) -> io::Result<()> {
    out.push(b'[');
    for (place, permission) in permissions.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        text(permission.as_str(), out)?;
    }
    out.push(b']');
    Ok(())
}

fn uuid(id: &Uuid, out: &mut Vec<u8>) {
    let mut text = [b'"'; Hyphenated::LENGTH + 2];
    id.hyphenated().encode_lower(&mut text[1..=Hyphenated::LENGTH]);
    out.extend_from_slice(&text);
}

/// A text, which is plain but for a few.
fn text(text: &str, out: &mut Vec<u8>) -> io::Result<()> {
    // Without an early end, so that many bytes are looked at together.
    let are_plain = |bytes: &[u8]| bytes.iter().fold(true, |are, byte| are & (*byte >= b' ') & (*byte != b'"') & (*byte != b'\\'));
    let (parts, rest) = text.as_bytes().as_chunks::<8>();
    let is_plain = parts.iter().fold(are_plain(rest), |is_plain, part| is_plain & are_plain(part));
    if is_plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    Ok(serde_json::to_writer(out, text)?)
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::{AccountId, Status};
    use keybearer_core::decision::Outcome;
    use keybearer_core::key::{Lifecycle, RevocationReason};
    use keybearer_core::permission::Permission;
    use keybearer_core::policy::PolicyId;
    use keybearer_core::role::Roles;
    use keybearer_core::time::UnixMillis;
    use keybearer_core::token::{Digest, KeyId};
    use keybearer_store::{Account, Changed, Key, KeyHolder, Metadata, Policy};
    use proptest::prelude::*;

    use super::*;

    /// Texts, among them those that JSON does not hold as they are.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z0-9 :._-]{0,40}", "\\PC{0,20}", "[\\x00-\\x7f]{0,20}"]
    }

    fn uuids() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    fn permissions() -> impl Strategy<Value = Vec<Permission>> {
        prop::collection::vec("[a-z]{1,9}:[a-z]{1,20}".prop_map(|name| name.parse().unwrap()), 0..3)
    }

    fn levels() -> impl Strategy<Value = Level> {
        (0i64..9).prop_map(|level| Level::new(level).unwrap())
    }

    fn holders() -> impl Strategy<Value = KeyHolder> {
        let account = (any::<i64>(), levels()).prop_map(|(owner, level)| KeyHolder::Account { owner: AccountId(owner), level });
        let service = uuids().prop_map(|policy| KeyHolder::Service { policy: PolicyId(policy), service: None });
        prop_oneof![account, service]
    }

    fn metadata() -> impl Strategy<Value = Metadata> {
        let metadata = prop::collection::btree_map(texts(), texts(), 0..3);
        metadata.prop_map(|metadata| metadata.into_iter().map(|(name, value)| (name, value.into())).collect())
    }

    fn key_of(id: Uuid, name: String, holder: KeyHolder, metadata: Metadata, expires_at: Option<UnixMillis>) -> Key {
        Key {
            id: KeyId::from_bytes(*id.as_bytes()),
            name,
            holder,
            lifecycle: Lifecycle::Live { expires_at },
            metadata,
            digest: Digest::from_bytes([5; 32]),
            pepper: 3,
            created_at: UnixMillis(1),
            created_by: "account:1".into(),
            last_used_at: None,
        }
    }

    fn denials() -> impl Strategy<Value = Denial> {
        prop_oneof![
            prop::sample::select(vec![Denial::Malformed, Denial::NotFound, Denial::Expired, Denial::Revoked(RevocationReason::Deleted),]),
            (prop::option::of(levels()), prop::option::of(levels())).prop_map(|(needs, has)| Denial::InsufficientLevel { needs, has }),
            (permissions(), permissions()).prop_map(|(any_of, all_of)| Denial::InsufficientPermissions { any_of, all_of }),
        ]
    }

    /// Whatever a key of this holder belongs to.
    fn belonging(holder: &KeyHolder, name: String, external_id: Option<String>, granted: &[Permission]) -> Changed {
        let mut changed = Changed::default();
        match holder {
            KeyHolder::Account { owner, .. } => {
                let account = Account {
                    id: *owner,
                    username: name,
                    email: None,
                    external_id,
                    issuer: None,
                    metadata: Metadata::new(),
                    has_password: false,
                    role: "user".into(),
                    status: Status::Active,
                    consent: true,
                    created_at: UnixMillis(1),
                };
                changed.accounts.push((*owner, Some(account)));
            }
            KeyHolder::Service { policy, .. } => {
                let held = Policy {
                    id: *policy,
                    name,
                    permissions: granted.iter().cloned().collect(),
                    created_at: UnixMillis(1),
                    created_by: "account:1".into(),
                    version: 1,
                    keys: 1,
                };
                changed.policies.push((*policy, Some(held)));
            }
        }
        changed
    }

    proptest! {
        #[test]
        fn a_verdict_is_written_as_serde_writes_it(
            (id, name) in (uuids(), texts()),
            (holder, metadata) in (holders(), metadata()),
            expires_at in prop::option::of((0i64..1 << 48).prop_map(UnixMillis)),
            denial in prop::option::of(denials()),
            is_told in any::<bool>(),
            belongs in prop::option::of((texts(), prop::option::of(texts()), permissions())),
        ) {
            let one = key_of(id, name, holder, metadata, expires_at);
            let about = match belongs.clone() {
                Some((name, external_id, granted)) => belonging(&one.holder, name, external_id, &granted),
                None => Changed::default(),
            };
            let decision = denial.clone().map_or(Ok(None), Err);
            let code = denial.as_ref().map_or(Outcome::Valid, Outcome::from).code();
            let written = Verdict { key: is_told.then(|| Verdict::told_of(&one, about)), decision };
            let mut out = Vec::new();
            verdict(&written, &mut out).unwrap();
            let told: api::Verdict<'_> = serde_json::from_slice(&out).unwrap();
            prop_assert_eq!(str::from_utf8(&out).unwrap(), serde_json::to_string(&told).unwrap());
            prop_assert_eq!((told.valid, serde_json::to_value(told.code).unwrap()), (denial.is_none(), code.into()));
            prop_assert_eq!(told.missing.is_some(), denial.is_some_and(|denial| missing(&denial).is_some()));
            prop_assert_eq!(told.key.is_some(), is_told);
            let Some(key) = told.key else { return Ok(()) };
            prop_assert_eq!((&key.id, &*key.name, &key.metadata), (one.id.as_uuid(), &*one.name, &one.metadata));
            prop_assert_eq!(key.expires_at, one.lifecycle.expires_at().map(dress::moment));
            let (name, external_id, granted) = belongs.map_or((None, None, Vec::new()), |(name, id, granted)| (Some(name), id, granted));
            match &one.holder {
                KeyHolder::Account { owner, level } => {
                    prop_assert_eq!((key.kind, key.owner), (api::KeyKind::Account, Some(owner.0)));
                    prop_assert_eq!(key.external_id.as_deref(), external_id.as_deref());
                    let of_role = name.map_or(Level::NONE, |_| Roles::default().level("user"));
                    prop_assert_eq!(key.level, Some(of_role.min(*level).number()));
                    prop_assert!(key.policy.is_none() && key.permissions.is_none());
                }
                KeyHolder::Service { policy, .. } => {
                    let told = key.policy.unwrap();
                    prop_assert_eq!((key.kind, told.id, told.name), (api::KeyKind::Service, policy.0, name));
                    let granted: PermissionSet = granted.into_iter().collect();
                    prop_assert_eq!(key.permissions.unwrap(), granted.iter().map(Permission::as_str).collect::<Vec<_>>());
                    prop_assert!(key.owner.is_none() && key.external_id.is_none() && key.level.is_none());
                }
            }
        }
    }
}
