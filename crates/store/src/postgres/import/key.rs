//! Keys from elsewhere.

mod holders;

use std::collections::BTreeSet;

use keybearer_core::account::AccountId;
use keybearer_core::authority::Authority;
use keybearer_core::key::{Lifecycle, imported_key_expiry};
use keybearer_core::token::KeyId;

pub(super) use self::holders::Holders;
use super::super::tx::Tx;
use super::super::value::unreadable;
use super::super::{key as keys, row};
use super::{Stop, Taken};
use crate::{IncomingHolder, IncomingKey, Key, KeyHolder, OwnerName, RowRefusal, StoreError, Target, What};
use crate::{audit, difference};

pub(super) async fn take(
    tx: &mut Tx,
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
    match write(tx, authority, holders, new).await {
        Err(Stop::Refused(refusal)) => match row::key(tx.transaction(), new.id).await {
            Ok(known) => compare(tx, holders, new, &known).await,
            Err(StoreError::NotFound(What::Key)) => Err(refusal.into()),
            Err(error) => Err(error.into()),
        },
        written => written,
    }
}

async fn write(tx: &mut Tx, authority: &Authority, holders: &mut Holders, new: &IncomingKey) -> Result<Taken, Stop> {
    let now = tx.now();
    let is_revoked = new.revoked.is_some();
    let holder = match &new.holder {
        IncomingHolder::Account { owner, level } => KeyHolder::Account { owner: holders.owner(tx, owner).await?, level: *level },
        IncomingHolder::Service { policy, service } => {
            KeyHolder::Service { policy: holders.policy(tx, policy).await?, service: service.clone() }
        }
    };
    let expires_at = imported_key_expiry(now, holder.kind(), new.expires_at, is_revoked, &holders.limits).map_err(RowRefusal::from)?;
    let is_active = !is_revoked && expires_at.is_none_or(|end| end > now);
    // What is revoked has no power, so nothing limits what it had.
    if !is_revoked {
        holders.admit(tx, authority, &holder, is_active).await?;
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
    let made_by: Option<KeyId> = key.created_by.strip_prefix("key:").and_then(|id| id.parse().ok());
    if !keys::write(tx.transaction(), &key, &new.name_key, made_by).await? {
        return Err(why_not(tx, made_by).await?.into());
    }
    if let (true, KeyHolder::Account { owner, .. }) = (is_active, &key.holder) {
        holders.count(*owner);
    }
    let (action, told) = audit::imported_key(&key).map_err(unreadable)?;
    tx.record_told(action, &Target::Key(key.id), told).await?;
    Ok(Taken::Written)
}

/// Its maker is not here, or its name is taken. Or the id: whoever hears of it looks for that first.
async fn why_not(tx: &Tx, made_by: Option<KeyId>) -> Result<RowRefusal, StoreError> {
    if let Some(maker) = made_by
        && tx.transaction().find("SELECT 1 FROM keys WHERE id = $1", &[maker.into()]).await?.is_none()
    {
        return Ok(RowRefusal::UnknownMaker);
    }
    Ok(RowRefusal::Taken { what: What::Key, field: "name" })
}

/// What is to be told of a key that is here under this id.
async fn compare(tx: &Tx, holders: &mut Holders, new: &IncomingKey, known: &Key) -> Result<Taken, Stop> {
    difference::of_key_state(new, known)?;
    let same_holder = match (&new.holder, &known.holder) {
        (IncomingHolder::Account { owner, level }, KeyHolder::Account { owner: known_owner, level: known_level }) => {
            level == known_level && holders.owner(tx, owner).await? == *known_owner
        }
        (IncomingHolder::Service { policy, service }, KeyHolder::Service { policy: known_policy, service: known_service }) => {
            service == known_service && holders.policy(tx, policy).await? == *known_policy
        }
        _ => false,
    };
    difference::of_key(new, known, same_holder)?;
    Ok(Taken::Present)
}
