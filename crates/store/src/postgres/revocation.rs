//! Keys that somebody revokes, with what they made.

use keybearer_core::authority::{Authority, HeldBy};
use keybearer_core::key::{KeyKind, RevocationReason};
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;

use super::connection::Transaction;
use super::row::{self, Reached};
use super::tx::{Doomed, Revocation, Texts, Tx};
use crate::audit::{ToldKey, ToldRevocation};
use crate::{Cascade, Foreseen, Key, KeyHolder, Origin, StoreError, Target, What};

/// What is asked: as [`crate::Keys::revoke_key`].
pub(super) struct Asked {
    pub(super) origin: Origin,
    pub(super) id: KeyId,
    pub(super) kind: Option<KeyKind>,
    pub(super) descendants: Cascade,
    pub(super) foreseen: Option<Foreseen>,
}

impl Asked {
    /// What revokes the key as it was foreseen, if it was.
    pub(super) fn foreseen(&self) -> Result<Option<(i64, Revocation)>, StoreError> {
        let Some(foreseen) = self.foreseen.as_ref().filter(|_| self.descendants == Cascade::Nothing) else { return Ok(None) };
        let doomed = vec![Doomed::new(self.id, &foreseen.holder, &foreseen.lifecycle)];
        let revocation = self.revocation(doomed, &foreseen.into(), Some(foreseen.revision))?;
        Ok(Some((foreseen.revision, revocation)))
    }

    /// Judges whoever asks, and the keys, by the rows of this transaction. Returns what revokes them. Nothing is written by then: where the
    /// connection was lost, it may be judged again.
    pub(super) async fn judge(&self, tx: &mut Tx) -> Result<Revocation, StoreError> {
        let Self { origin, id, kind, descendants, .. } = self;
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
        let held_by = match &root.holder {
            KeyHolder::Service { .. } => HeldBy::Service { permissions: &granted },
            KeyHolder::Account { owner, .. } => {
                HeldBy::Account { owner: *owner, owner_level: role.map_or(Level::NONE, |role| tx.roles().level(&role)) }
            }
        };
        authority.revoke_key(id, held_by)?;
        let made = made?;
        for key in &made {
            require_reach(tx, &authority, key).await?;
        }
        if *descendants != Cascade::Nothing && !descendants.covers(made.iter().filter(|key| !key.lifecycle.is_revoked()).map(|key| key.id))
        {
            return Err(StoreError::KeysChanged);
        }
        let doomed = std::iter::once(&root).chain(&made).filter(|key| key.lifecycle.revoke(tx.now(), RevocationReason::Deleted).is_ok());
        let doomed: Vec<_> = doomed.map(|key| Doomed::new(key.id, &key.holder, &key.lifecycle)).collect();
        if doomed.is_empty() {
            return Err(StoreError::NotFound(What::Key));
        }
        self.revocation(doomed, &(&root).into(), None)
    }

    fn revocation(&self, doomed: Vec<Doomed>, before: &ToldKey<'_>, foreseen_at: Option<i64>) -> Result<Revocation, StoreError> {
        let reason = RevocationReason::Deleted;
        let others = doomed.iter().map(Doomed::id).filter(|one| *one != self.id).map(Target::Key);
        let after = ToldRevocation { reason, revoked_keys: doomed.len() };
        let texts = Texts::of("key.revoked", &Target::Key(self.id), others, Some(before), Some(&after))?;
        Ok(Revocation::new(self.origin.clone(), doomed, reason, texts, foreseen_at))
    }
}

async fn require_reach(tx: &Tx, authority: &Authority, key: &Key) -> Result<(), StoreError> {
    match &key.holder {
        KeyHolder::Account { owner, .. } => {
            let owner_level = tx.standing(*owner).await?.map_or(Level::NONE, |standing| standing.level);
            authority.revoke_key(key.id, HeldBy::Account { owner: *owner, owner_level })?;
        }
        KeyHolder::Service { policy, .. } => {
            let permissions = &row::policy_permissions(tx.transaction(), *policy).await?;
            authority.revoke_key(key.id, HeldBy::Service { permissions })?;
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
