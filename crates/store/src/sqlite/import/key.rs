//! Keys from elsewhere.

mod holders;

use std::collections::BTreeSet;

use keybearer_core::account::AccountId;
use keybearer_core::authority::Authority;
use keybearer_core::key::{Lifecycle, imported_key_expiry};
use keybearer_core::permission::ServiceName;
use keybearer_core::token::KeyId;
use rusqlite::ffi;

pub(super) use self::holders::Holders;
use super::super::row;
use super::super::tx::{Tx, is_taken};
use super::{Stop, Taken};
use crate::{IncomingHolder, IncomingKey, Key, KeyHolder, OwnerName, RowRefusal, StoreError, Target, What};
use crate::{audit, difference};

pub(super) fn take(
    tx: &mut Tx<'_>,
    authority: &Authority,
    holders: &mut Holders,
    refused_owners: &BTreeSet<AccountId>,
    new: &IncomingKey,
) -> Result<Taken, Stop> {
    if let IncomingHolder::Account { owner: OwnerName::Number(owner, _), .. } = &new.holder
        && refused_owners.contains(owner)
    {
        return Err(RowRefusal::OwnerRefused.into());
    }
    // Most are new, so nobody looks first.
    match write(tx, authority, holders, new) {
        Err(Stop::Refused(refusal)) => match row::key(tx.connection(), new.id) {
            Ok(known) => compare(tx, holders, new, &known),
            Err(StoreError::NotFound(What::Key)) => Err(refusal.into()),
            Err(error) => Err(error.into()),
        },
        written => written,
    }
}

fn write(tx: &mut Tx<'_>, authority: &Authority, holders: &mut Holders, new: &IncomingKey) -> Result<Taken, Stop> {
    let now = tx.now();
    let is_revoked = new.revoked.is_some();
    let holder = match &new.holder {
        IncomingHolder::Account { owner, level } => KeyHolder::Account { owner: holders.owner(tx, owner)?, level: *level },
        IncomingHolder::Service { policy, service } => KeyHolder::Service { policy: holders.policy(tx, policy)?, service: service.clone() },
    };
    let expires_at = imported_key_expiry(now, holder.kind(), new.expires_at, is_revoked, &holders.limits).map_err(RowRefusal::from)?;
    let is_active = !is_revoked && expires_at.is_none_or(|end| end > now);
    // What is revoked has no power, so nothing limits what it had.
    if !is_revoked {
        holders.admit(tx, authority, &holder, is_active)?;
    }
    let lifecycle = match new.revoked {
        Some((at, reason)) => Lifecycle::Revoked { at, reason, expires_at },
        None => Lifecycle::Live { expires_at },
    };
    let [(pepper, digest), ..] = new.digests[..] else {
        return Err(StoreError::Unavailable("a key without a digest".into()).into());
    };
    let key = Key {
        id: new.id,
        name: new.name.clone(),
        holder,
        lifecycle,
        metadata: new.metadata.clone(),
        digest,
        pepper,
        created_at: new.created_at.unwrap_or(now),
        created_by: new.created_by.clone().unwrap_or_else(|| tx.actor().to_string()),
        last_used_at: new.last_used_at,
    };
    insert(tx, &key, &new.name_key)?;
    if let (true, KeyHolder::Account { owner, .. }) = (is_active, &key.holder) {
        holders.count(*owner);
    }
    record(tx, &key)?;
    Ok(Taken::Written)
}

fn insert(tx: &Tx<'_>, key: &Key, name_key: &str) -> Result<(), Stop> {
    let (owner, level, policy, service) = match &key.holder {
        KeyHolder::Account { owner, level } => (Some(owner.0), Some(level.number()), None, None),
        KeyHolder::Service { policy, service } => (None, None, Some(policy.0.as_bytes()), service.as_ref().map(ServiceName::as_str)),
    };
    let revoked = match key.lifecycle {
        Lifecycle::Revoked { at, reason, .. } => Some((at, reason.as_str())),
        Lifecycle::Live { .. } => None,
    };
    let made_by: Option<KeyId> = key.created_by.strip_prefix("key:").and_then(|id| id.parse().ok());
    let inserted = tx
        .connection()
        .prepare_cached(
            "INSERT INTO keys (id, kind, name, name_key, owner, level, policy, service, metadata, digest, pepper, created_at, created_by,
             created_by_key, expires_at, revoked_at, revoked_reason, last_used_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(rusqlite::params![
            key.id.as_bytes(),
            key.holder.kind().as_str(),
            key.name,
            name_key,
            owner,
            level,
            policy,
            service,
            serde_json::to_string(&key.metadata).map_err(row::unreadable)?,
            key.digest.as_bytes(),
            key.pepper,
            key.created_at.0,
            key.created_by,
            made_by.as_ref().map(KeyId::as_bytes),
            key.lifecycle.expires_at().map(|at| at.0),
            revoked.map(|(at, _)| at.0),
            revoked.map(|(_, reason)| reason),
            key.last_used_at.map(|at| at.0),
        ]);
    match inserted {
        Ok(_) => Ok(()),
        // Or the id: whoever hears of it looks for that first.
        Err(error) if is_taken(&error) => Err(RowRefusal::Taken { what: What::Key, field: "name" }.into()),
        // Owner, policy and pepper were found.
        Err(error) if error.sqlite_error().map(|error| error.extended_code) == Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            Err(RowRefusal::UnknownMaker.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn record(tx: &mut Tx<'_>, key: &Key) -> Result<(), StoreError> {
    let (action, told) = audit::imported_key(key).map_err(row::unreadable)?;
    tx.record_told(action, &Target::Key(key.id), told)
}

/// What is to be told of a key that is here under this id.
fn compare(tx: &Tx<'_>, holders: &mut Holders, new: &IncomingKey, known: &Key) -> Result<Taken, Stop> {
    difference::of_key_state(new, known)?;
    let same_holder = match (&new.holder, &known.holder) {
        (IncomingHolder::Account { owner, level }, KeyHolder::Account { owner: known_owner, level: known_level }) => {
            level == known_level && holders.owner(tx, owner)? == *known_owner
        }
        (IncomingHolder::Service { policy, service }, KeyHolder::Service { policy: known_policy, service: known_service }) => {
            service == known_service && holders.policy(tx, policy)? == *known_policy
        }
        _ => false,
    };
    difference::of_key(new, known, same_holder)?;
    Ok(Taken::Present)
}
