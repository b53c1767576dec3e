//! Keys on SQLite.

mod list;

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use keybearer_core::authority::{Authority, HeldBy};
use keybearer_core::key::{KeyKind, KeyState, RevocationReason};
use keybearer_core::permission::OwnPermission;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::tx::{Recorded, Tx, is_taken};
use super::{Sqlite, last_use, row};
use crate::audit;
use crate::key::NewKey;
use crate::{
    Actor, Cascade, Foreseen, Key, KeyFilter, KeyHolder, KeySort, Keys, NewAccountKey, NewServiceKey, Origin, Page, PageRequest,
    ServiceKeyChange, StoreError, Target, What,
};

#[async_trait]
impl Keys for Sqlite {
    async fn issue_account_key(&self, origin: Origin, new: NewAccountKey) -> Result<Key, StoreError> {
        self.writer.change(origin, move |tx| issue_account_key(tx, &new)).await
    }

    async fn issue_service_key(&self, origin: Origin, new: NewServiceKey) -> Result<Key, StoreError> {
        self.writer.change(origin, move |tx| issue_service_key(tx, &new)).await
    }

    async fn change_service_key(&self, origin: Origin, id: KeyId, change: ServiceKeyChange, only_service: bool) -> Result<Key, StoreError> {
        self.writer.change(origin, move |tx| alter(tx, id, &change, only_service)).await
    }

    async fn revoke_key(
        &self,
        origin: Origin,
        id: KeyId,
        kind: Option<KeyKind>,
        descendants: Cascade,
        _: Option<Foreseen>,
    ) -> Result<Vec<KeyId>, StoreError> {
        // The rows are as near as any image.
        self.writer.change(origin, move |tx| revoke(tx, id, kind, &descendants)).await
    }

    async fn descendants(&self, id: KeyId) -> Result<Vec<Key>, StoreError> {
        let made = self.readers.read(move |connection| made_by(connection, id)).await?;
        Ok(made.into_iter().filter(|key| !key.lifecycle.is_revoked()).collect())
    }

    async fn key(&self, id: KeyId) -> Result<Key, StoreError> {
        self.readers.read_at_once(move |connection| row::key(connection, id)).await
    }

    async fn keys(&self, filter: KeyFilter, sort: (KeySort, bool), now: UnixMillis, page: PageRequest) -> Result<Page<Key>, StoreError> {
        self.readers.read_at_once(move |connection| list::keys(connection, &filter, sort, now, &page)).await
    }

    async fn count_keys(&self, filter: KeyFilter, now: UnixMillis) -> Result<usize, StoreError> {
        self.readers.read_at_once(move |connection| list::count(connection, &filter, now)).await
    }

    async fn record_use(&self, used: Vec<(KeyId, UnixMillis)>, waits: Vec<(KeyId, UnixMillis)>) -> Result<(), StoreError> {
        let is_settled = self.is_settled.load(Ordering::Acquire);
        let record = move |connection: &Connection| {
            if !is_settled {
                last_use::settle(connection)?;
            }
            last_use::record(connection, &used, &waits)
        };
        self.writer.bookkeeping(record).await?;
        // Only now: what was not committed is still to be written.
        self.is_settled.store(true, Ordering::Release);
        Ok(())
    }
}

fn issue_account_key(tx: &mut Tx<'_>, new: &NewAccountKey) -> Result<Key, StoreError> {
    let authority = tx.authority()?;
    let Some(standing) = tx.standing(new.owner)? else {
        // Only who could make keys for anybody is told that there is no such account.
        authority.manages(OwnPermission::KeysWrite)?;
        return Err(StoreError::NotFound(What::Account));
    };
    authority.issue_account_key(new.owner, &standing, new.level)?;
    let live: u32 = tx
        .connection()
        .prepare_cached("SELECT count(*) FROM keys WHERE owner = ?1 AND revoked_at IS NULL AND expires_at > ?2")?
        .query_row((new.owner.0, tx.now().0), |row| row.get(0))?;
    if live >= new.max_per_account {
        return Err(StoreError::TooManyKeys { max: new.max_per_account });
    }
    let holder = KeyHolder::Account { owner: new.owner, level: new.level };
    insert(tx, &new.key, holder, Some(new.expires_at))
}

fn issue_service_key(tx: &mut Tx<'_>, new: &NewServiceKey) -> Result<Key, StoreError> {
    let authority = tx.authority()?;
    authority.issue_service_key(&PermissionSet::default(), new.service.as_ref())?;
    let permissions = existing_policy(tx.connection(), new.policy)?;
    authority.issue_service_key(&permissions, new.service.as_ref())?;
    let holder = KeyHolder::Service { policy: new.policy, service: new.service.clone() };
    insert(tx, &new.key, holder, new.expires_at)
}

/// What a policy grants that is to be given to a key. Its keys are not counted for that: it may have very many.
fn existing_policy(connection: &Connection, id: PolicyId) -> Result<PermissionSet, StoreError> {
    let exists = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM policies WHERE id = ?1 AND deleted_at IS NULL)")?
        .query_row([id.0.as_bytes()], |row| row.get(0))?;
    if exists { row::policy_permissions(connection, id) } else { Err(StoreError::UnknownPolicy) }
}

fn insert(tx: &mut Tx<'_>, new: &NewKey, holder: KeyHolder, expires_at: Option<UnixMillis>) -> Result<Key, StoreError> {
    let key = new.made(holder, expires_at, tx.origin());
    let kind = key.holder.kind().as_str();
    let (owner, level, policy, service) = match &key.holder {
        KeyHolder::Account { owner, level } => (Some(owner.0), Some(level.number()), None, None),
        KeyHolder::Service { policy, service } => {
            (None, None, Some(*policy.0.as_bytes()), service.as_ref().map(|name| name.as_str().to_owned()))
        }
    };
    let made_by = match tx.actor() {
        Actor::Key(id) => Some(*id.as_bytes()),
        Actor::Operator | Actor::Session { .. } | Actor::Identity { .. } | Actor::Issuer => None,
    };
    tx.connection()
        .prepare_cached(
            "INSERT INTO keys (id, kind, name, name_key, owner, level, policy, service, metadata, digest, pepper, created_at, created_by,
             created_by_key, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(rusqlite::params![
            new.id.as_bytes(),
            kind,
            new.name,
            new.name_key,
            owner,
            level,
            policy,
            service,
            Value::Object(new.metadata.clone()).to_string(),
            new.digest.as_bytes(),
            new.pepper,
            tx.now().0,
            key.created_by,
            made_by,
            expires_at.map(|at| at.0),
        ])
        .map_err(name_taken)?;
    tx.record(Recorded {
        action: "key.created",
        target: Target::Key(key.id),
        touched: Vec::new(),
        before: None,
        after: Some(audit::key(&key)),
    })?;
    Ok(key)
}

fn name_taken(error: rusqlite::Error) -> StoreError {
    if is_taken(&error) { StoreError::Taken { what: What::Key, field: "name" } } else { error.into() }
}

fn alter(tx: &mut Tx<'_>, id: KeyId, change: &ServiceKeyChange, only_service: bool) -> Result<Key, StoreError> {
    let authority = tx.authority()?;
    authority.write_some_key()?;
    let before = row::key(tx.connection(), id)?;
    let KeyHolder::Service { policy, service } = &before.holder else {
        if only_service {
            return Err(StoreError::NotFound(What::Key));
        }
        if let Some(owner) = before.holder.owner() {
            authority.see_key(Some(owner))?;
        }
        return Err(StoreError::Immutable);
    };
    let held = row::policy_permissions(tx.connection(), *policy)?;
    authority.change_service_key(&held, &held)?;
    if let KeyState::Revoked(_) = before.lifecycle.state(tx.now()) {
        return Err(StoreError::NotFound(What::Key));
    }
    let after_policy = change.policy.unwrap_or(*policy);
    if after_policy != *policy {
        authority.change_service_key(&held, &existing_policy(tx.connection(), after_policy)?)?;
    }
    let after = Key {
        name: change.name.as_ref().map_or_else(|| before.name.clone(), |(name, _)| name.clone()),
        metadata: change.metadata.clone().unwrap_or_else(|| before.metadata.clone()),
        holder: KeyHolder::Service { policy: after_policy, service: service.clone() },
        ..before.clone()
    };
    if after.name == before.name && after.metadata == before.metadata && after.holder == before.holder {
        return Ok(before);
    }
    tx.connection()
        .prepare_cached("UPDATE keys SET name = ?2, name_key = ?3, policy = ?4, metadata = ?5 WHERE id = ?1")?
        .execute((
            id.as_bytes(),
            &after.name,
            keybearer_core::name::canonical(&after.name),
            after_policy.0.as_bytes(),
            Value::Object(after.metadata.clone()).to_string(),
        ))
        .map_err(name_taken)?;
    tx.record(Recorded {
        action: "key.changed",
        target: Target::Key(id),
        touched: Vec::new(),
        before: Some(audit::key(&before)),
        after: Some(audit::key(&after)),
    })?;
    Ok(after)
}

fn revoke(tx: &mut Tx<'_>, id: KeyId, kind: Option<KeyKind>, descendants: &Cascade) -> Result<Vec<KeyId>, StoreError> {
    let authority = tx.authority()?;
    if !authority.is_key(id) {
        authority.write_some_key()?;
    }
    let root = row::key(tx.connection(), id)?;
    if kind.is_some_and(|kind| kind != root.holder.kind()) {
        return Err(StoreError::NotFound(What::Key));
    }
    require_reach(tx, &authority, &root)?;
    let mut doomed = vec![root.clone()];
    if *descendants != Cascade::Nothing {
        let made = made_by(tx.connection(), id)?;
        made.iter().try_for_each(|key| require_reach(tx, &authority, key))?;
        if !descendants.covers(made.iter().filter(|key| !key.lifecycle.is_revoked()).map(|key| key.id)) {
            return Err(StoreError::KeysChanged);
        }
        doomed.extend(made);
    }
    let mut revoked = Vec::new();
    for key in doomed {
        if key.lifecycle.revoke(tx.now(), RevocationReason::Deleted).is_ok() {
            tx.connection().prepare_cached("UPDATE keys SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1")?.execute((
                key.id.as_bytes(),
                tx.now().0,
                RevocationReason::Deleted.as_str(),
            ))?;
            revoked.push(key.id);
        }
    }
    if revoked.is_empty() {
        return Err(StoreError::NotFound(What::Key));
    }
    tx.record(Recorded {
        action: "key.revoked",
        target: Target::Key(id),
        touched: revoked.iter().filter(|one| **one != id).copied().map(Target::Key).collect(),
        before: Some(audit::key(&root)),
        after: Some(json!(audit::ToldRevocation { reason: RevocationReason::Deleted, revoked_keys: revoked.len() })),
    })?;
    Ok(revoked)
}

fn require_reach(tx: &Tx<'_>, authority: &Authority, key: &Key) -> Result<(), StoreError> {
    match &key.holder {
        KeyHolder::Account { owner, .. } => {
            let owner_level = tx.standing(*owner)?.map_or(Level::NONE, |standing| standing.level);
            authority.revoke_key(key.id, HeldBy::Account { owner: *owner, owner_level })?;
        }
        KeyHolder::Service { policy, .. } => {
            let permissions = &row::policy_permissions(tx.connection(), *policy)?;
            authority.revoke_key(key.id, HeldBy::Service { permissions })?;
        }
    }
    Ok(())
}

/// All that a key made, and what those made, in whatever state, oldest first.
fn made_by(connection: &Connection, id: KeyId) -> Result<Vec<Key>, StoreError> {
    let ids: Vec<KeyId> = connection
        .prepare_cached(
            "WITH RECURSIVE made (id) AS (
                 SELECT id FROM keys WHERE created_by_key = ?1
                 UNION SELECT keys.id FROM keys JOIN made ON keys.created_by_key = made.id)
             SELECT id FROM made ORDER BY id",
        )?
        .query_map([id.as_bytes()], |row| row.get(0).map(KeyId::from_bytes))?
        .collect::<Result<_, _>>()?;
    ids.into_iter().map(|id| row::key(connection, id)).collect()
}
