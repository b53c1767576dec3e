//! Making a copy into the store again: with nothing in it that was taken away since.

use std::collections::BTreeMap;
use std::path::Path;

use keybearer_core::account::{AccountId, Standing, revocation};
use keybearer_core::identity::Identity;
use keybearer_core::key::RevocationReason;
use keybearer_core::name::canonical;
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{KeyId, PepperVersion};
use rusqlite::{Connection, TransactionBehavior};
use serde_json::json;

use super::counter::Counter;
use super::tx::{Recorded, TouchedIds, Tx};
use super::{account, backup, connect, gate, migrate, peppers, policy, row};
use crate::backup::ReplacedAccount;
use crate::error::present;
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
    let counter = Counter::read(&transaction)?;
    let tx = Tx::new(&transaction, roles, &origin, &counter, &mut touched);
    let mut restore = Restore { tx, carried: CarriedOver::default(), renamed: Vec::new() };
    if let Some(replaced) = replaced {
        restore.carry_over(replaced)?;
    }
    let carried = restore.finish()?;
    counter.write(&transaction)?;
    transaction.commit()?;
    // All in one file, with nothing beside it: that file is what is put in place.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(carried)
}

struct Restore<'a> {
    tx: Tx<'a>,
    carried: CarriedOver,
    /// Policies that could not have their names at first, with those names.
    renamed: Vec<(PolicyId, String)>,
}

/// What each of the two histories did since they parted.
struct Parted<'a> {
    replaced: &'a Replaced,
    /// The last revision that both have.
    at: i64,
    /// As [`Replaced::touched`], of the copy.
    copy: BTreeMap<String, i64>,
}

impl Parted<'_> {
    /// Whether the replaced store changed this since.
    fn there(&self, target: &Target) -> bool {
        self.replaced.touched.get(&target.to_string()).is_some_and(|revision| *revision > self.at)
    }

    /// Whether the copy was changed so since.
    fn here(&self, target: &Target) -> bool {
        self.copy.get(&target.to_string()).is_some_and(|revision| *revision > self.at)
    }
}

impl Restore<'_> {
    fn connection(&self) -> &Connection {
        self.tx.connection()
    }

    fn carry_over(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        let own = backup::history(self.connection())?;
        let common = own.iter().filter(|(revision, mark)| replaced.history.get(revision) == Some(mark)).map(|(revision, _)| *revision);
        let parted = Parted { replaced, at: common.max().unwrap_or(0), copy: backup::touched(self.connection())? };

        self.tx.counter().pass(replaced.revision);
        // Numbers of accounts are never given twice, also not those of accounts that the copy never had.
        let raised =
            self.connection().execute("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'accounts'", [replaced.last_account])?;
        if raised == 0 {
            self.connection().execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('accounts', ?1)", [replaced.last_account])?;
        }
        self.revoke_keys(replaced)?;
        self.repoint_keys(&parted)?;
        self.lower_accounts(&parted)?;
        self.lower_policies(&parted)?;
        self.close_gates(&parted)?;
        self.give_names_back()
    }

    /// What was revoked in either history stays so.
    fn revoke_keys(&mut self, replaced: &Replaced) -> Result<(), StoreError> {
        for (id, key) in &replaced.keys {
            if let Some((at, reason)) = key.revoked {
                self.revoke_key(*id, at, reason)?;
            }
        }
        Ok(())
    }

    fn revoke_key(&mut self, id: KeyId, at: UnixMillis, reason: RevocationReason) -> Result<(), StoreError> {
        let revoked = self
            .connection()
            .prepare_cached("UPDATE keys SET revoked_at = ?2, revoked_reason = ?3 WHERE id = ?1 AND revoked_at IS NULL")?
            .execute((id.as_bytes(), at.0, reason.as_str()))?;
        if revoked == 1 {
            self.carried.revoked_keys += 1;
            self.note("key.revoked", Target::Key(id), json!({"reason": reason, "revoked_at": at}))?;
        }
        Ok(())
    }

    /// A service key keeps the policy that it was given since: what it may do was decided by that one.
    fn repoint_keys(&mut self, parted: &Parted<'_>) -> Result<(), StoreError> {
        for (id, key) in &parted.replaced.keys {
            let (None, Some(policy), true) = (key.revoked, key.policy, parted.there(&Target::Key(*id))) else { continue };
            let elsewhere = self
                .connection()
                .prepare_cached("SELECT 1 FROM keys WHERE id = ?1 AND revoked_at IS NULL AND kind = 'service' AND policy <> ?2")?
                .exists((id.as_bytes(), policy.0.as_bytes()))?;
            if !elsewhere {
                continue;
            }
            let deleted_here = self
                .connection()
                .prepare_cached("SELECT 1 FROM policies WHERE id = ?1 AND deleted_at IS NOT NULL")?
                .exists([policy.0.as_bytes()])?;
            match parted.replaced.policies.get(&policy) {
                // Where one history has given it a policy, and the other has deleted that policy, its keys are gone with it.
                Some(Some(known)) if !deleted_here => self.require_policy(known)?,
                _ => {
                    self.revoke_key(*id, self.tx.now(), RevocationReason::PolicyDeleted)?;
                    continue;
                }
            }
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
        let mut name = known.name.clone();
        if self.is_taken(&name)? {
            name = format!("{} {}", name.chars().take(150).collect::<String>(), known.id);
            self.renamed.push((known.id, known.name.clone()));
        }
        self.connection()
            .prepare_cached("INSERT INTO policies (id, name, name_key, created_at, created_by, version) VALUES (?1, ?2, ?3, ?4, ?5, 0)")?
            .execute((known.id.0.as_bytes(), &name, canonical(&name), known.created_at.0, &known.created_by))?;
        policy::write_permissions(self.connection(), known.id, &known.permissions)?;
        policy::stamp(&mut self.tx, "policy.created", known.id, None)?;
        Ok(())
    }

    fn is_taken(&self, policy_name: &str) -> Result<bool, StoreError> {
        let taken = "SELECT 1 FROM policies WHERE name_key = ?1 AND deleted_at IS NULL";
        Ok(self.connection().prepare_cached(taken)?.exists([canonical(policy_name)])?)
    }

    /// A name that was taken at first may be free by now, since its policy was deleted.
    fn give_names_back(&mut self) -> Result<(), StoreError> {
        for (id, name) in std::mem::take(&mut self.renamed) {
            if self.is_taken(&name)? {
                self.carried.renamed_policies += 1;
                continue;
            }
            let before = row::policy(self.connection(), id)?;
            self.connection().prepare_cached("UPDATE policies SET name = ?2, name_key = ?3 WHERE id = ?1")?.execute((
                id.0.as_bytes(),
                &name,
                canonical(&name),
            ))?;
            policy::stamp(&mut self.tx, "policy.changed", id, Some(&before))?;
        }
        Ok(())
    }

    fn lower_accounts(&mut self, parted: &Parted<'_>) -> Result<(), StoreError> {
        for (id, known) in &parted.replaced.accounts {
            let Some(copied) = present(row::account(self.connection(), *id))? else { continue };
            match known {
                ReplacedAccount::Deleted => {
                    self.carried.deleted_accounts += 1;
                    self.carried.revoked_keys += account::erase(&mut self.tx, &copied)?.keys;
                }
                ReplacedAccount::Present { account: known, password_hash } if parted.there(&Target::Account(*id)) => {
                    let here = parted.here(&Target::Account(*id));
                    self.lower_account(&copied, known, password_hash.as_ref(), here)?;
                }
                ReplacedAccount::Present { .. } => {}
            }
        }
        Ok(())
    }

    /// `here` is whether the copy, too, was changed since the histories parted.
    fn lower_account(&mut self, copied: &Account, known: &Account, password_hash: Option<&String>, here: bool) -> Result<(), StoreError> {
        let roles = self.tx.roles();
        if copied.role != known.role
            && let Some(unknown) = [&copied.role, &known.role].into_iter().find(|role| !roles.contains(role))
        {
            return Err(StoreError::UnknownRole(unknown.clone()));
        }
        let (before, last) = (copied.standing(roles), known.standing(roles));
        let after = before.lesser(&last);
        let password: Option<String> =
            self.connection().query_row("SELECT password_hash FROM accounts WHERE id = ?1", [copied.id.0], |row| row.get(0))?;
        // A password that was changed may have been changed because somebody else knew it.
        let other_password = password.as_ref() != password_hash;
        // A person elsewhere who was given another account, or none, does not get this one back.
        let other_identity = copied.identity() != known.identity();
        if after == before && !other_password && !other_identity {
            return Ok(());
        }
        let role = if last.level < before.level { &known.role } else { &copied.role };
        // Of two that may both be the last, either may be the one that is known to somebody.
        let password = if other_password && here { None } else { password_hash };
        self.carried.lost_passwords += usize::from(other_password && password.is_none());
        self.connection()
            .prepare_cached("UPDATE accounts SET role = ?2, status = ?3, consent = ?4, password_hash = ?5 WHERE id = ?1")?
            .execute((copied.id.0, role, after.status.as_str(), after.consent, password))?;
        if other_identity {
            self.give_identity(copied.id, known.identity().filter(|_| !here))?;
        }
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
        if other_identity {
            let account = row::account(self.connection(), copied.id)?;
            told["external_id"] = json!(account.external_id);
            told["issuer"] = json!(account.issuer);
        }
        self.note("account.changed", Target::Account(copied.id), told)
    }

    /// Gives an account to this person elsewhere, unless they have another one, or to none.
    fn give_identity(&self, id: AccountId, identity: Option<Identity>) -> Result<(), StoreError> {
        self.connection().prepare_cached("UPDATE accounts SET issuer = '', external_id = NULL WHERE id = ?1")?.execute([id.0])?;
        if let Some(Identity { issuer, external_id }) = identity {
            self.connection().prepare_cached("UPDATE OR IGNORE accounts SET issuer = ?2, external_id = ?3 WHERE id = ?1")?.execute((
                id.0,
                issuer,
                external_id,
            ))?;
        }
        Ok(())
    }

    fn lower_policies(&mut self, parted: &Parted<'_>) -> Result<(), StoreError> {
        for (id, known) in &parted.replaced.policies {
            let Some(copied) = present(row::policy(self.connection(), *id))? else { continue };
            let Some(known) = known else {
                self.carried.deleted_policies += 1;
                self.carried.revoked_keys += policy::erase(&mut self.tx, &copied)?.len();
                continue;
            };
            let both = copied.permissions.intersection(&known.permissions);
            if both != copied.permissions && parted.there(&Target::Policy(*id)) {
                policy::write_permissions(self.connection(), *id, &both)?;
                policy::stamp(&mut self.tx, "policy.changed", *id, Some(&copied))?;
                self.carried.lowered_policies += 1;
            }
        }
        Ok(())
    }

    /// Of two gates nobody can tell which lets fewer pass. So where the replaced store has changed or deleted one since, there is none now, and
    /// nobody passes until somebody defines it again.
    fn close_gates(&mut self, parted: &Parted<'_>) -> Result<(), StoreError> {
        for copied in gate::all(self.connection())? {
            let is_same = parted.replaced.gates.get(&copied.name).is_some_and(|known| known.gate == copied.gate);
            if !is_same && parted.there(&Target::Gate(copied.name.clone())) {
                gate::erase(&mut self.tx, &copied)?;
                self.carried.closed_gates += 1;
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
            "renamed_policies": carried.renamed_policies, "lost_passwords": carried.lost_passwords,
            "closed_gates": carried.closed_gates,
        });
        self.note("store.restored", Target::Store, told)?;
        Ok(carried)
    }

    fn note(&mut self, action: &'static str, target: Target, after: serde_json::Value) -> Result<(), StoreError> {
        self.tx.record(Recorded { action, target, touched: Vec::new(), before: None, after: Some(after) }).map(drop)
    }
}
