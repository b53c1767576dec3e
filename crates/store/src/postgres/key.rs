//! Keys on PostgreSQL.

mod list;

use async_trait::async_trait;
use keybearer_core::key::{KeyKind, KeyState, Lifecycle};
use keybearer_core::name::canonical;
use keybearer_core::permission::ServiceName;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use serde_json::Value as Json;
use uuid::Uuid;

use super::connection::Transaction;
use super::creation::{Asked, Wanted};
use super::tx::{Recorded, Tx};
use super::value::{Value, get, unreadable};
use super::{Postgres, last_use, revocation, row};
use crate::audit;
use crate::{
    Cascade, Foreseen, Key, KeyFilter, KeyHolder, KeySort, Keys, NewAccountKey, NewServiceKey, Origin, Page, PageRequest, ServiceKeyChange,
    StoreError, Target, What,
};

#[async_trait]
impl Keys for Postgres {
    async fn issue_account_key(&self, origin: Origin, new: NewAccountKey) -> Result<Key, StoreError> {
        self.writer.create(Asked { origin, wanted: Wanted::OfAccount(new) }).await
    }

    async fn issue_service_key(&self, origin: Origin, new: NewServiceKey) -> Result<Key, StoreError> {
        self.writer.create(Asked { origin, wanted: Wanted::OfService(new) }).await
    }

    async fn change_service_key(&self, origin: Origin, id: KeyId, change: ServiceKeyChange, only_service: bool) -> Result<Key, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(alter(tx, id, change, only_service))).await
    }

    async fn revoke_key(
        &self,
        origin: Origin,
        id: KeyId,
        kind: Option<KeyKind>,
        descendants: Cascade,
        foreseen: Option<Foreseen>,
    ) -> Result<Vec<KeyId>, StoreError> {
        self.writer.revoke(revocation::Asked { origin, id, kind, descendants, foreseen }).await
    }

    async fn descendants(&self, id: KeyId) -> Result<Vec<Key>, StoreError> {
        let made = self.readers.read(move |transaction| Box::pin(revocation::made_by(transaction, id))).await?;
        Ok(made.into_iter().filter(|key| !key.lifecycle.is_revoked()).collect())
    }

    async fn key(&self, id: KeyId) -> Result<Key, StoreError> {
        self.readers.read(move |transaction| Box::pin(row::key(transaction, id))).await
    }

    async fn keys(&self, filter: KeyFilter, sort: (KeySort, bool), now: UnixMillis, page: PageRequest) -> Result<Page<Key>, StoreError> {
        self.readers.read(move |transaction| Box::pin(list::keys(transaction, filter, sort, now, page))).await
    }

    async fn count_keys(&self, filter: KeyFilter, now: UnixMillis) -> Result<usize, StoreError> {
        self.readers.read(move |transaction| Box::pin(list::count(transaction, filter, now))).await
    }

    async fn record_use(&self, used: Vec<(KeyId, UnixMillis)>, waits: Vec<(KeyId, UnixMillis)>) -> Result<(), StoreError> {
        let node = self.process;
        self.writer.bookkeeping(move |transaction| Box::pin(last_use::record(transaction, node, used, waits))).await
    }
}

/// How many live keys an account has.
pub(super) async fn count_live(tx: &Tx, owner: keybearer_core::account::AccountId) -> Result<u32, StoreError> {
    const SQL: &str = concat!("SELECT ", row::live_keys!("$1", "$2"));
    let row = tx.transaction().one(SQL, &[owner.into(), tx.now().into()]).await?;
    get::<i64>(&row, 0)?.try_into().map_err(unreadable)
}

/// What a policy grants that is to be given to a key. Its keys are not counted for that: it may have very many.
async fn existing_policy(transaction: &Transaction, id: PolicyId) -> Result<PermissionSet, StoreError> {
    let sql = "SELECT permission FROM policies LEFT JOIN policy_permissions ON policy = policies.id
               WHERE policies.id = $1 AND deleted_at IS NULL";
    let rows = transaction.query(sql, &[id.into()]).await?;
    if rows.is_empty() {
        return Err(StoreError::UnknownPolicy);
    }
    // One without permissions has a row with none.
    let granted = rows.iter().filter(|row| !matches!(get::<Option<&str>>(row, 0), Ok(None)));
    granted.map(|row| row::to_permission(row, 0)).collect()
}

/// Writes the row of a new key, if its id and its name are free, and if the key that made it is there. Returns whether they are.
pub(super) async fn write(transaction: &Transaction, key: &Key, name_key: &str, made_by: Option<KeyId>) -> Result<bool, StoreError> {
    let (owner, level, policy, service) = match &key.holder {
        KeyHolder::Account { owner, level } => (Some(owner.0), Some(i16::from(level.number())), None, None),
        KeyHolder::Service { policy, service } => (None, None, Some(policy.0), service.as_ref().map(ServiceName::as_str)),
    };
    let revoked = match key.lifecycle {
        Lifecycle::Revoked { at, reason, .. } => Some((at, reason.as_str())),
        Lifecycle::Live { .. } => None,
    };
    let metadata = serde_json::to_string(&key.metadata).map_err(unreadable)?;
    let written = transaction
        .execute(
            "WITH named AS (
                 INSERT INTO service_key_names AS held (name_key, key)
                 SELECT $4, $1 WHERE $2 = 'service' AND $16 IS NULL AND ($14 IS NULL OR EXISTS (SELECT FROM keys WHERE id = $14))
                 AND NOT EXISTS (SELECT FROM keys WHERE id = $1)
                 ON CONFLICT (name_key) DO UPDATE SET key = excluded.key
                 WHERE (SELECT key FROM revocations WHERE revocations.key = held.key) IS NOT NULL RETURNING held.key
             ), made AS (
                 INSERT INTO keys (id, kind, name, name_key, owner, level, policy, service, metadata, digest, pepper, created_at, created_by,
                                   created_by_key, expires_at, last_used_at)
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $18
                 WHERE CASE WHEN $2 = 'service' AND $16 IS NULL THEN EXISTS (SELECT FROM named)
                            ELSE $14 IS NULL OR EXISTS (SELECT FROM keys WHERE id = $14) END
                 ON CONFLICT DO NOTHING RETURNING id
             ), revoked AS (
                 INSERT INTO settled_revocations (key, at, reason, owner, policy, expires_at)
                 SELECT id, $16, $17, $5, $7, $15 FROM made WHERE $16 IS NOT NULL
             )
             SELECT id FROM made",
            &[
                key.id.into(),
                key.holder.kind().as_str().into(),
                (&key.name).into(),
                name_key.into(),
                Value::Number(owner),
                Value::Level(level),
                Value::Id(policy),
                service.into(),
                (&metadata).into(),
                Value::Bytes(key.digest.as_bytes()),
                key.pepper.into(),
                key.created_at.into(),
                (&key.created_by).into(),
                Value::Id(made_by.map(|id| Uuid::from_bytes(*id.as_bytes()))),
                key.lifecycle.expires_at().into(),
                revoked.map(|(at, _)| at).into(),
                revoked.map(|(_, reason)| reason).into(),
                key.last_used_at.into(),
            ],
        )
        .await?;
    Ok(written == 1)
}

/// Gives a service's key this name, if no other has it, before its row has it.
async fn rename(transaction: &Transaction, id: KeyId, name_key: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO service_key_names AS held (name_key, key) VALUES ($2, $1)
               ON CONFLICT (name_key) DO UPDATE SET key = excluded.key
               WHERE held.key = excluded.key OR (SELECT key FROM revocations WHERE revocations.key = held.key) IS NOT NULL";
    if transaction.execute(sql, &[id.into(), name_key.into()]).await? == 0 {
        return Err(StoreError::Taken { what: What::Key, field: "name" });
    }
    let sql = "DELETE FROM service_key_names WHERE key = $1 AND name_key = (SELECT name_key FROM keys WHERE id = $1) AND name_key <> $2";
    transaction.execute(sql, &[id.into(), name_key.into()]).await?;
    Ok(())
}

async fn alter(tx: &mut Tx, id: KeyId, change: ServiceKeyChange, only_service: bool) -> Result<Key, StoreError> {
    let authority = tx.authority().await?;
    authority.write_some_key()?;
    let before = row::key(tx.transaction(), id).await?;
    let KeyHolder::Service { policy, service } = &before.holder else {
        if only_service {
            return Err(StoreError::NotFound(What::Key));
        }
        if let Some(owner) = before.holder.owner() {
            authority.see_key(Some(owner))?;
        }
        return Err(StoreError::Immutable);
    };
    let held = row::policy_permissions(tx.transaction(), *policy).await?;
    authority.change_service_key(&held, &held)?;
    if let KeyState::Revoked(_) = before.lifecycle.state(tx.now()) {
        return Err(StoreError::NotFound(What::Key));
    }
    let after_policy = change.policy.unwrap_or(*policy);
    if after_policy != *policy {
        authority.change_service_key(&held, &existing_policy(tx.transaction(), after_policy).await?)?;
    }
    let after = Key {
        name: change.name.as_ref().map_or_else(|| before.name.clone(), |(name, _)| name.clone()),
        metadata: change.metadata.unwrap_or_else(|| before.metadata.clone()),
        holder: KeyHolder::Service { policy: after_policy, service: service.clone() },
        ..before.clone()
    };
    if after.name == before.name && after.metadata == before.metadata && after.holder == before.holder {
        return Ok(before);
    }
    let (name_key, metadata) = (canonical(&after.name), Json::Object(after.metadata.clone()).to_string());
    rename(tx.transaction(), id, &name_key).await?;
    tx.transaction()
        .execute(
            "UPDATE keys SET name = $2, name_key = $3, policy = $4, metadata = $5 WHERE id = $1",
            &[id.into(), (&after.name).into(), (&name_key).into(), after_policy.into(), (&metadata).into()],
        )
        .await?;
    tx.record(Recorded {
        action: "key.changed",
        target: Target::Key(id),
        touched: Vec::new(),
        before: Some(audit::key(&before)),
        after: Some(audit::key(&after)),
    })
    .await?;
    Ok(after)
}
