//! What every change does inside its transaction: look up who asks, and record the event.

use std::collections::BTreeSet;

use keybearer_core::account::{AccountId, Standing};
use keybearer_core::authority::Authority;
use keybearer_core::gate::GateName;
use keybearer_core::identity::IdentityMark;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::counter::Counter;
use super::row;
use crate::{Actor, KeyHolder, Origin, SessionId, StoreError, Target, What, caller};

/// Rows that a change touched, to be read again for the follower.
#[derive(Default)]
pub(super) struct TouchedIds {
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) sessions: BTreeSet<SessionId>,
    pub(super) policies: BTreeSet<PolicyId>,
    pub(super) gates: BTreeSet<GateName>,
    pub(super) keys: BTreeSet<KeyId>,
    /// Whether anybody will read them. An import touches millions.
    is_followed: bool,
    /// That of the last change; none where nothing was changed.
    revision: Option<i64>,
}

impl TouchedIds {
    pub(super) fn new(is_followed: bool) -> Self {
        Self { is_followed, ..Self::default() }
    }

    /// Up to which revision they tell; none where nothing was changed.
    pub(super) fn revision(&self) -> Option<i64> {
        self.revision
    }

    fn insert(&mut self, target: &Target) {
        if !self.is_followed {
            return;
        }
        match target {
            Target::Account(id) => drop(self.accounts.insert(*id)),
            Target::Session(id) => drop(self.sessions.insert(*id)),
            Target::Policy(id) => drop(self.policies.insert(*id)),
            Target::Gate(name) => drop(self.gates.insert(name.clone())),
            Target::Key(id) => drop(self.keys.insert(*id)),
            // The image in memory holds no manifests: policies carry the full names that they grant.
            Target::Service(_) | Target::Store => {}
        }
    }
}

/// One change under way.
pub(super) struct Tx<'a> {
    connection: &'a Connection,
    roles: &'a Roles,
    origin: &'a Origin,
    counter: &'a Counter,
    touched: &'a mut TouchedIds,
}

/// One event to be recorded; the rest is the origin's.
pub(super) struct Recorded {
    pub(super) action: &'static str,
    pub(super) target: Target,
    /// Other rows that the change touched.
    pub(super) touched: Vec<Target>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl<'a> Tx<'a> {
    /// Whoever begins the transaction reads the counter, and writes it at the end.
    pub(super) fn new(
        connection: &'a Connection,
        roles: &'a Roles,
        origin: &'a Origin,
        counter: &'a Counter,
        touched: &'a mut TouchedIds,
    ) -> Self {
        Self { connection, roles, origin, counter, touched }
    }

    pub(super) fn connection(&self) -> &'a Connection {
        self.connection
    }

    pub(super) fn roles(&self) -> &'a Roles {
        self.roles
    }

    pub(super) fn counter(&self) -> &'a Counter {
        self.counter
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.origin.now
    }

    pub(super) fn origin(&self) -> &'a Origin {
        self.origin
    }

    pub(super) fn actor(&self) -> &'a Actor {
        &self.origin.actor
    }

    /// What whoever asks may do, by the rows of this transaction.
    pub(super) fn authority(&self) -> Result<Authority, StoreError> {
        match self.origin.actor {
            Actor::Operator => Ok(Authority::Operator),
            Actor::Session { account, session } => self.session_authority(account, session),
            Actor::Identity { account, mark } => self.identity_authority(account, mark),
            // Nobody yet: who is welcomed asks for nothing else.
            Actor::Issuer => Err(StoreError::ActorGone),
            Actor::Key(id) => self.key_authority(id),
        }
    }

    fn session_authority(&self, account: AccountId, session: SessionId) -> Result<Authority, StoreError> {
        let live: Option<bool> = self
            .connection
            .prepare_cached("SELECT expires_at > ?3 FROM sessions WHERE id = ?1 AND account = ?2")?
            .query_row((session.0.as_bytes(), account.0, self.now().0), |row| row.get(0))
            .optional()?;
        let standing = self.standing(account)?.ok_or(StoreError::ActorGone)?;
        // Without such a session, nothing is answered.
        caller::of_session(account, standing, live == Some(true))
    }

    fn identity_authority(&self, id: AccountId, mark: IdentityMark) -> Result<Authority, StoreError> {
        match row::account(self.connection, id) {
            Err(StoreError::NotFound(What::Account)) => Err(StoreError::ActorGone),
            account => caller::of_identity(&account?, mark, self.roles),
        }
    }

    fn key_authority(&self, id: KeyId) -> Result<Authority, StoreError> {
        let key = match row::key(self.connection, id) {
            Err(StoreError::NotFound(What::Key)) => return Err(StoreError::ActorGone),
            key => key?,
        };
        let (owner, granted) = match key.holder {
            KeyHolder::Account { owner, .. } => (self.standing(owner)?, PermissionSet::default()),
            KeyHolder::Service { policy, .. } => (None, row::policy_permissions(self.connection, policy)?),
        };
        caller::of_key(&key, owner, granted, self.now())
    }

    /// How an account stands, unless it is absent or deleted.
    pub(super) fn standing(&self, id: AccountId) -> Result<Option<Standing>, StoreError> {
        match row::account(self.connection, id) {
            Ok(account) => Ok(Some(account.standing(self.roles))),
            Err(StoreError::NotFound(What::Account)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Raises the revision by one and writes the event that goes with it. Returns the revision.
    pub(super) fn record(&mut self, recorded: Recorded) -> Result<i64, StoreError> {
        let touched: Vec<String> = std::iter::once(&recorded.target).chain(&recorded.touched).map(ToString::to_string).collect();
        let touched = serde_json::to_string(&touched).map_err(row::unreadable)?;
        let told = |value: Option<Value>| value.map(|value| value.to_string());
        let revision = self.write(recorded.action, &recorded.target.to_string(), &touched, told(recorded.before), told(recorded.after))?;
        self.touched.insert(&recorded.target);
        recorded.touched.iter().for_each(|target| self.touched.insert(target));
        self.touched.revision = Some(revision);
        Ok(revision)
    }

    /// As [`Tx::record`], of a change that touches nothing else and tells only what is there since, in JSON.
    pub(super) fn record_told(&mut self, action: &'static str, target: &Target, after: String) -> Result<(), StoreError> {
        let name = target.to_string();
        // The names of targets have nothing in them that JSON would escape.
        let revision = self.write(action, &name, &format!("[\"{name}\"]"), None, Some(after))?;
        self.touched.insert(target);
        self.touched.revision = Some(revision);
        Ok(())
    }

    fn write(
        &self,
        action: &'static str,
        target: &str,
        touched: &str,
        before: Option<String>,
        after: Option<String>,
    ) -> Result<i64, StoreError> {
        let revision = self.counter.next();
        let actor = self.origin.actor.to_string();
        self.connection
            .prepare_cached(
                "INSERT INTO events (revision, at, actor, action, target, touched, before, after, request_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((revision, self.now().0, actor, action, target, touched, before, after, &self.origin.request_id))?;
        Ok(revision)
    }

    /// Revokes all keys and ends all sessions of an account. Returns them.
    pub(super) fn end_all_of(
        &self,
        account: AccountId,
        reason: keybearer_core::key::RevocationReason,
    ) -> Result<(Vec<KeyId>, Vec<SessionId>), StoreError> {
        let keys = self
            .connection
            .prepare_cached("UPDATE keys SET revoked_at = ?2, revoked_reason = ?3 WHERE owner = ?1 AND revoked_at IS NULL RETURNING id")?
            .query_map((account.0, self.now().0, reason.as_str()), |row| row.get(0).map(KeyId::from_bytes))?
            .collect::<Result<Vec<_>, _>>()?;
        Ok((keys, self.end_sessions_of(account, None)?))
    }

    /// Ends the sessions of an account, all or all but one. Returns them.
    pub(super) fn end_sessions_of(&self, account: AccountId, except: Option<SessionId>) -> Result<Vec<SessionId>, StoreError> {
        let except = except.map(|id| *id.0.as_bytes());
        let sessions = self
            .connection
            .prepare_cached("DELETE FROM sessions WHERE account = ?1 AND id IS NOT ?2 RETURNING id")?
            .query_map((account.0, except), |row| row.get(0).map(row::session_id))?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(sessions)
    }
}

/// Whether a statement failed on a unique column or index.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error().map(|error| error.extended_code),
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}
