//! Making a copy into the store again: with nothing in it that was taken away since.

use std::collections::BTreeMap;
use std::path::Path;

use keybearer_core::account::{Standing, revocation};
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::PepperVersion;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use super::tx::{Recorded, TouchedIds, Tx};
use super::{account, backup, connect, migrate, peppers, policy, row};
use crate::backup::ReplacedAccount;
use crate::{Account, Actor, CarriedOver, Origin, Policy, Replaced, StoreError, Target};

/// Brings a copy up to date, proves it sound and its peppers at hand, ends all sessions, and takes over from the store that it replaces
/// every revocation and every lowering of an account or a policy.
pub(crate) fn prepare(
    file: &Path,
    replaced: Option<&Replaced>,
    fingerprints: &BTreeMap<PepperVersion, String>,
    roles: &Roles,
    now: UnixMillis,
) -> Result<CarriedOver, StoreError> {
    let mut connection = connect(file)?;
    backup::require_sound(&connection)?;
    migrate::run(&mut connection)?;
    peppers::check(&connection, fingerprints)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("DELETE FROM sessions", [])?;
    let origin = Origin { actor: Actor::Operator, now, request_id: "restore".into() };
    // No follower: the server that will have one loads everything.
    let mut touched = TouchedIds::default();
    let mut restore = Restore { tx: Tx::new(&transaction, roles, &origin, &mut touched), carried: CarriedOver::default() };
    if let Some(replaced) = replaced
        && !restore.descends_from(replaced)?
    {
        restore.carry_over(replaced)?;
    }
    let carried = restore.finish()?;
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(carried)
}

struct Restore<'a> {
    tx: Tx<'a>,
    carried: CarriedOver,
}

impl Restore<'_> {
    fn connection(&self) -> &Connection {
        self.tx.connection()
    }

    /// Whether the copy has all of the other's history: then there is nothing that it lacks.
    fn descends_from(&self, replaced: &Replaced) -> Result<bool, StoreError> {
        let revision = replaced.revision;
        Ok(replaced.installation == backup::installation(self.connection())?
            && replaced.last_event.is_some()
            && backup::event(self.connection(), Some(revision))? == replaced.last_event)
    }

    fn carry_over(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        self.connection().execute("UPDATE counter SET revision = max(revision, ?1)", [replaced.revision])?;
        // Numbers of accounts are never given twice, also not those of accounts that the copy never had.
        let raised =
            self.connection().execute("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'accounts'", [replaced.last_account])?;
        if raised == 0 {
            self.connection().execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('accounts', ?1)", [replaced.last_account])?;
        }
        self.revoke_keys(replaced)?;
        self.repoint_keys(replaced)?;
        self.lower_accounts(replaced)?;
        self.lower_policies(replaced)
    }

    fn revoke_keys(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        for (id, key) in &replaced.keys {
            let Some((at, reason)) = key.revoked else { continue };
            let revoked = self
                .connection()
                .prepare_cached("UPDATE keys SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL")?
                .execute((id.as_bytes(), at.0, reason.as_str()))?;
            if revoked == 1 {
                self.carried.revoked_keys += 1;
                self.note("key.revoked", Target::Key(*id), json!({"reason": reason, "revoked_at": at}))?;
            }
        }
        Ok(())
    }

    /// A service key keeps the policy that it was given last: what it may do was decided by that one.
    fn repoint_keys(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        for (id, key) in &replaced.keys {
            let (None, Some(policy)) = (key.revoked, key.policy) else { continue };
            let elsewhere = self
                .connection()
                .prepare_cached("SELECT 1 FROM keys WHERE id = ?1 AND revoked_at IS NULL AND kind = 'service' AND policy <> ?2")?
                .exists((id.as_bytes(), policy.0.as_bytes()))?;
            if !elsewhere {
                continue;
            }
            let Some(Some(known)) = replaced.policies.get(&policy) else {
                return Err(StoreError::Unavailable(format!("key {id} has a policy that is not there")));
            };
            self.require_policy(known)?;
            self.connection().prepare_cached("UPDATE keys SET policy = ?2 WHERE id = ?1")?.execute((id.as_bytes(), policy.0.as_bytes()))?;
            self.carried.repointed_keys += 1;
            self.note("key.changed", Target::Key(*id), json!({"policy": policy}))?;
        }
        Ok(())
    }

    /// The policy is there, with its permissions of last, where the copy was made before it.
    fn require_policy(&mut self, known: &Policy) -> Result<(), StoreError> {
        let exists = self.connection().prepare_cached("SELECT 1 FROM policies WHERE id = ?1")?.exists([known.id.0.as_bytes()])?;
        if exists {
            return Ok(());
        }
        let taken = "SELECT 1 FROM policies WHERE name_key = ?1 AND deleted_at IS NULL";
        let mut name = known.name.clone();
        if self.connection().prepare_cached(taken)?.exists([keybearer_core::name::canonical(&name)])? {
            name = format!("{} {}", name.chars().take(150).collect::<String>(), known.id);
        }
        self.connection()
            .prepare_cached("INSERT INTO policies (id, name, name_key, created_at, created_by, version) VALUES (?1, ?2, ?3, ?4, ?5, 0)")?
            .execute((known.id.0.as_bytes(), &name, keybearer_core::name::canonical(&name), known.created_at.0, &known.created_by))?;
        policy::write_permissions(self.connection(), known.id, &known.permissions)?;
        policy::stamp(&mut self.tx, "policy.created", known.id, None)?;
        Ok(())
    }

    fn lower_accounts(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        for (id, known) in &replaced.accounts {
            let Some(copied) = present(row::account(self.connection(), *id))? else { continue };
            match known {
                ReplacedAccount::Deleted => {
                    self.carried.deleted_accounts += 1;
                    self.carried.revoked_keys += account::erase(&mut self.tx, &copied)?.keys;
                }
                ReplacedAccount::Present { account: known, password_hash } => self.lower_account(&copied, known, password_hash.as_ref())?,
            }
        }
        Ok(())
    }

    fn lower_account(&mut self, copied: &Account, known: &Account, password_hash: Option<&String>) -> Result<(), StoreError> {
        let roles = self.tx.roles();
        let (before, last) = (copied.standing(roles), known.standing(roles));
        let after = before.lesser(&last);
        let password: Option<String> =
            self.connection().query_row("SELECT password_hash FROM accounts WHERE id = ?1", [copied.id.0], |row| row.get(0))?;
        // A password that was changed may have been changed because somebody else knew it.
        let other_password = password.as_ref() != password_hash;
        if after == before && !other_password {
            return Ok(());
        }
        let role = if last.level < before.level { &known.role } else { &copied.role };
        self.connection()
            .prepare_cached("UPDATE accounts SET role = ?2, status = ?3, consent = ?4, password_hash = ?5 WHERE id = ?1")?
            .execute((copied.id.0, role, after.status.as_str(), after.consent, password_hash))?;
        let ended = match revocation(&before, &after) {
            Some(reason) => self.tx.end_all_of(copied.id, reason)?.0,
            None => Vec::new(),
        };
        self.carried.lowered_accounts += 1;
        self.carried.revoked_keys += ended.len();
        let Standing { status, consent, .. } = after;
        let mut told = json!({"role": role, "status": status, "consent": consent, "revoked_keys": ended.len()});
        if other_password {
            told["password"] = json!("changed");
        }
        self.note("account.changed", Target::Account(copied.id), told)
    }

    fn lower_policies(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        for (id, known) in &replaced.policies {
            let Some(copied) = present(row::policy(self.connection(), *id))? else { continue };
            let Some(known) = known else {
                self.carried.deleted_policies += 1;
                self.carried.revoked_keys += policy::erase(&mut self.tx, &copied)?.len();
                continue;
            };
            let both = copied.permissions.intersection(&known.permissions);
            if both != copied.permissions {
                policy::write_permissions(self.connection(), *id, &both)?;
                policy::stamp(&mut self.tx, "policy.changed", *id, Some(&copied))?;
                self.carried.lowered_policies += 1;
            }
        }
        Ok(())
    }

    /// Notes the restoration itself as a change.
    fn finish(mut self) -> Result<CarriedOver, StoreError> {
        let carried = self.carried;
        let told = json!({
            "revoked_keys": carried.revoked_keys, "repointed_keys": carried.repointed_keys,
            "lowered_accounts": carried.lowered_accounts, "deleted_accounts": carried.deleted_accounts,
            "lowered_policies": carried.lowered_policies, "deleted_policies": carried.deleted_policies,
        });
        self.note("store.restored", Target::Store, told)?;
        Ok(carried)
    }

    fn note(&mut self, action: &'static str, target: Target, after: serde_json::Value) -> Result<(), StoreError> {
        self.tx.record(Recorded { action, target, touched: Vec::new(), before: None, after: Some(after) }).map(drop)
    }
}

fn present<T>(row: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
