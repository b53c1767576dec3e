//! Keys that somebody revokes, with what they made.

use keybearer_core::authority::Authority;
use keybearer_core::key::{KeyKind, RevocationReason};
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;
use serde_json::json;

use super::connection::Transaction;
use super::row::{self, Reached};
use super::tx::{Recorded, Revocation, Tx};
use crate::{Cascade, Key, KeyHolder, Origin, StoreError, Target, What, audit};

/// What is asked: as [`crate::Keys::revoke_key`].
pub(super) struct Asked {
    pub(super) origin: Origin,
    pub(super) id: KeyId,
    pub(super) kind: Option<KeyKind>,
    pub(super) descendants: Cascade,
}

impl Asked {
    /// Judges whoever asks, and the keys, by the rows of this transaction. Returns what revokes them. Nothing is written by then: where the
    /// connection was lost, it may be judged again.
    pub(super) async fn judge(&self, tx: &mut Tx) -> Result<Revocation, StoreError> {
        let Self { origin, id, kind, descendants } = self;
        let id = *id;
        tx.begin(origin.clone());
        let made = async { if *descendants == Cascade::Nothing { Ok(Vec::new()) } else { made_by(tx.transaction(), id).await } };
        // All at once; who asks is judged first.
        let (authority, root, made) = tokio::join!(tx.authority(), row::reached(tx.transaction(), id), made);
        let authority = authority?;
        if !authority.is_key(id) {
            authority.write_some_key()?;
        }
        let Reached { key: root, granted, role } = root?;
        if kind.is_some_and(|kind| kind != root.holder.kind()) {
            return Err(StoreError::NotFound(What::Key));
        }
        match &root.holder {
            _ if authority.is_key(id) => {}
            KeyHolder::Service { .. } => authority.revoke_service_key(&granted)?,
            // The keys of a deleted account are revoked: whoever reaches them finds nothing to revoke.
            KeyHolder::Account { owner, .. } => {
                authority.revoke_account_key(*owner, role.map_or(Level::NONE, |role| tx.roles().level(&role)))?;
            }
        }
        let made = made?;
        for key in &made {
            require_reach(tx, &authority, key).await?;
        }
        if *descendants != Cascade::Nothing && !descendants.covers(made.iter().filter(|key| !key.lifecycle.is_revoked()).map(|key| key.id))
        {
            return Err(StoreError::KeysChanged);
        }
        let doomed = std::iter::once(&root).chain(&made).filter(|key| key.lifecycle.revoke(tx.now(), RevocationReason::Deleted).is_ok());
        let revoked: Vec<_> = doomed.map(|key| key.id).collect();
        if revoked.is_empty() {
            return Err(StoreError::NotFound(What::Key));
        }
        let recorded = Recorded {
            action: "key.revoked",
            target: Target::Key(id),
            touched: revoked.iter().filter(|one| **one != id).copied().map(Target::Key).collect(),
            before: Some(audit::key(&root)),
            after: Some(json!({"reason": RevocationReason::Deleted, "revoked_keys": revoked.len()})),
        };
        tx.revocation(revoked, RevocationReason::Deleted, recorded)
    }
}

async fn require_reach(tx: &Tx, authority: &Authority, key: &Key) -> Result<(), StoreError> {
    if authority.is_key(key.id) {
        return Ok(());
    }
    match &key.holder {
        KeyHolder::Account { owner, .. } => {
            let level = tx.standing(*owner).await?.map_or(Level::NONE, |standing| standing.level);
            authority.revoke_account_key(*owner, level)?;
        }
        KeyHolder::Service { policy, .. } => {
            authority.revoke_service_key(&row::policy_permissions(tx.transaction(), *policy).await?)?;
        }
    }
    Ok(())
}

/// All that a key made, and what those made, in whatever state, oldest first.
pub(super) async fn made_by(transaction: &Transaction, id: KeyId) -> Result<Vec<Key>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE made (made_id) AS (
             SELECT id FROM keys WHERE created_by_key = $1
             UNION SELECT keys.id FROM keys JOIN made ON keys.created_by_key = made_id)
         SELECT {} FROM keys WHERE id IN (SELECT made_id FROM made) ORDER BY id",
        row::KEY
    );
    transaction.query(&sql, &[id.into()]).await?.iter().map(row::to_key).collect()
}
