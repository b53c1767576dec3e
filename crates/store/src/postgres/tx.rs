//! What every change does inside its transaction: look up who asks, and record the event.

use std::sync::Arc;

use keybearer_core::account::{AccountId, Standing};
use keybearer_core::authority::Authority;
use keybearer_core::identity::IdentityMark;
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::policy::PermissionSet;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::connection::Transaction;
use super::row;
use super::value::{Value, get, key_id, session_id, unreadable};
use crate::{Actor, KeyHolder, Origin, RevokedKeys, SessionId, StoreError, Target, What, caller};

/// One change under way.
pub(super) struct Tx {
    transaction: Transaction,
    roles: Arc<Roles>,
    origin: Origin,
    /// The revision of the last change; none where nothing was changed.
    revision: Option<i64>,
    bulk: Option<Bulk>,
}

/// Keys that are revoked, and the event of it. Nothing that this answers decides anything: the rows were read behind the lock, or the counter
/// tells whether they are as they were foreseen. So it may go together with the commit.
pub(super) struct Revocation {
    revoked: RevokedKeys,
    /// The same keys.
    doomed: Vec<Doomed>,
    texts: Texts,
    origin: Origin,
    actor: String,
    /// The revision that the counter must have; none where nobody else can raise it.
    foreseen_at: Option<i64>,
}

/// A key that is to be revoked, with what its revocation repeats of it.
pub(super) struct Doomed {
    id: Uuid,
    owner: Option<i64>,
    policy: Option<Uuid>,
    expires_at: Option<i64>,
}

impl Doomed {
    pub(super) fn new(id: KeyId, holder: &KeyHolder, lifecycle: &Lifecycle) -> Self {
        let (owner, policy) = match holder {
            KeyHolder::Account { owner, .. } => (Some(owner.0), None),
            KeyHolder::Service { policy, .. } => (None, Some(policy.0)),
        };
        Self { id: Uuid::from_bytes(*id.as_bytes()), owner, policy, expires_at: lifecycle.expires_at().map(|end| end.0) }
    }

    pub(super) fn id(&self) -> KeyId {
        KeyId::from_bytes(*self.id.as_bytes())
    }
}

/// The statement of a revocation: this writes it and its event, and reads the counter as `raised`.
macro_rules! revoking {
    ($written:literal) => {
        concat!(
            "WITH raised AS (UPDATE counter SET revision = revision + 1 WHERE id = 1 AND revision = coalesce($3, revision)
                             RETURNING revision, joined)",
            $written
        )
    };
}

impl Revocation {
    /// The statement. It answers the revision and how many nodes have joined, or no row where the counter has another revision than what was
    /// foreseen: then nothing is written.
    pub(super) fn sql(&self) -> &'static str {
        match self.doomed[..] {
            // That is less work for the server while somebody waits. What is left of it is done later (see [`super::settling`]).
            [_] => revoking!(
                "INSERT INTO lone_revocations (revision, at, reason, key, owner, policy, expires_at,
                                               actor, action, target, touched, before, after, request_id, joined)
                 SELECT revision, $1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, joined FROM raised RETURNING revision, joined"
            ),
            _ => revoking!(
                ", revoked AS (
                     INSERT INTO settled_revocations (at, reason, key, owner, policy, expires_at)
                     SELECT $1, $2, doomed.* FROM raised, unnest($4, $5, $6, $7) AS doomed
                 )
                 INSERT INTO settled_events (revision, at, actor, action, target, touched, before, after, request_id)
                 SELECT revision, $1, $8, $9, $10, $11, $12, $13, $14 FROM raised RETURNING revision, (SELECT joined FROM raised)"
            ),
        }
    }

    /// What revokes keys that are not revoked, and tells so.
    pub(super) fn new(origin: Origin, doomed: Vec<Doomed>, reason: RevocationReason, texts: Texts, foreseen_at: Option<i64>) -> Self {
        let keys = doomed.iter().map(Doomed::id).collect();
        let revoked = RevokedKeys { keys, at: origin.now, reason };
        Self { revoked, doomed, texts, actor: origin.actor.to_string(), origin, foreseen_at }
    }

    /// What it does.
    pub(super) fn revoked(&self) -> &RevokedKeys {
        &self.revoked
    }

    pub(super) fn values(&self) -> [Value<'_>; 14] {
        let [key, owner, policy, expires_at] = match &self.doomed[..] {
            [one] => [Value::Id(Some(one.id)), Value::Number(one.owner), Value::Id(one.policy), Value::Number(one.expires_at)],
            all => [
                Value::Ids(all.iter().map(|key| key.id).collect()),
                Value::NumbersOrNone(all.iter().map(|key| key.owner).collect()),
                Value::IdsOrNone(all.iter().map(|key| key.policy).collect()),
                Value::NumbersOrNone(all.iter().map(|key| key.expires_at).collect()),
            ],
        };
        [
            self.revoked.at.into(),
            self.revoked.reason.as_str().into(),
            Value::Number(self.foreseen_at),
            key,
            owner,
            policy,
            expires_at,
            (&self.actor).into(),
            self.texts.action.into(),
            (&self.texts.target).into(),
            (&self.texts.touched).into(),
            (&self.texts.before).into(),
            (&self.texts.after).into(),
            (&self.origin.request_id).into(),
        ]
    }
}

/// The events of many changes in one transaction, which nobody looks at before its end: they are written together, and the counter once.
struct Bulk {
    last: i64,
    events: Vec<Written>,
}

/// After how many events they are written.
const TOGETHER: usize = 500;

/// An event as its row has it, but for who, when and in which request.
struct Written {
    revision: i64,
    action: &'static str,
    target: String,
    touched: String,
    before: Option<String>,
    after: Option<String>,
}

/// One event to be recorded; the rest is the origin's.
pub(super) struct Recorded {
    pub(super) action: &'static str,
    pub(super) target: Target,
    /// Other rows that the change touched.
    pub(super) touched: Vec<Target>,
    pub(super) before: Option<Json>,
    pub(super) after: Option<Json>,
}

/// The same, as its row has it.
pub(super) struct Texts {
    action: &'static str,
    target: String,
    touched: String,
    before: Option<String>,
    after: Option<String>,
}

impl Recorded {
    fn texts(self) -> Result<Texts, StoreError> {
        let Self { action, target, touched, before, after } = self;
        Texts::of(action, &target, touched.into_iter(), before.as_ref(), after.as_ref())
    }
}

impl Texts {
    /// Of a change of this target that touched those others.
    pub(super) fn of(
        action: &'static str,
        target: &Target,
        others: impl Iterator<Item = Target>,
        before: Option<&impl Serialize>,
        after: Option<&impl Serialize>,
    ) -> Result<Self, StoreError> {
        let target = target.to_string();
        let touched: Vec<String> = std::iter::once(target.clone()).chain(others.map(|other| other.to_string())).collect();
        let touched = serde_json::to_string(&touched).map_err(unreadable)?;
        let before = before.map(serde_json::to_string).transpose().map_err(unreadable)?;
        let after = after.map(serde_json::to_string).transpose().map_err(unreadable)?;
        Ok(Self { action, target, touched, before, after })
    }
}

impl Tx {
    pub(super) fn new(transaction: Transaction, roles: Arc<Roles>) -> Self {
        let origin = Origin { actor: Actor::Operator, now: UnixMillis(0), request_id: String::new() };
        Self { transaction, roles, origin, revision: None, bulk: None }
    }

    /// From now on it is somebody else's change.
    pub(super) fn begin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// The revision of the last change since the last call, if there was any.
    pub(super) fn take_revision(&mut self) -> Option<i64> {
        self.revision.take()
    }

    pub(super) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    pub(super) fn into_transaction(self) -> Transaction {
        self.transaction
    }

    pub(super) fn roles(&self) -> &Roles {
        &self.roles
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.origin.now
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.origin.actor
    }

    /// What whoever asks may do, by the rows of this transaction.
    pub(super) async fn authority(&self) -> Result<Authority, StoreError> {
        match self.origin.actor {
            Actor::Operator => Ok(Authority::Operator),
            Actor::Session { account, session } => self.session_authority(account, session).await,
            Actor::Identity { account, mark } => self.identity_authority(account, mark).await,
            // Nobody yet: who is welcomed asks for nothing else.
            Actor::Issuer => Err(StoreError::ActorGone),
            Actor::Key(id) => self.key_authority(id).await,
        }
    }

    async fn session_authority(&self, account: AccountId, session: SessionId) -> Result<Authority, StoreError> {
        let live = "SELECT expires_at > $3 FROM sessions WHERE id = $2 AND account = $1";
        let sql = format!("SELECT {}, ({live}) FROM accounts WHERE id = $1 AND deleted_at IS NULL", row::ACCOUNT);
        let found = self.transaction.find(&sql, &[account.into(), session.into(), self.now().into()]).await?;
        let found = found.ok_or(StoreError::ActorGone)?;
        let standing = row::to_account(&found)?.standing(&self.roles);
        // Without such a session, nothing stands there.
        caller::of_session(account, standing, get::<Option<bool>>(&found, row::AFTER_ACCOUNT)? == Some(true))
    }

    async fn identity_authority(&self, id: AccountId, mark: IdentityMark) -> Result<Authority, StoreError> {
        match row::account(&self.transaction, id).await {
            Err(StoreError::NotFound(What::Account)) => Err(StoreError::ActorGone),
            account => caller::of_identity(&account?, mark, &self.roles),
        }
    }

    async fn key_authority(&self, id: KeyId) -> Result<Authority, StoreError> {
        let key = match row::key(&self.transaction, id).await {
            Err(StoreError::NotFound(What::Key)) => return Err(StoreError::ActorGone),
            key => key?,
        };
        let (owner, granted) = match key.holder {
            KeyHolder::Account { owner, .. } => (self.standing(owner).await?, PermissionSet::default()),
            KeyHolder::Service { policy, .. } => (None, row::policy_permissions(&self.transaction, policy).await?),
        };
        caller::of_key(&key, owner, granted, self.now())
    }

    /// How an account stands, unless it is absent or deleted.
    pub(super) async fn standing(&self, id: AccountId) -> Result<Option<Standing>, StoreError> {
        match row::account(&self.transaction, id).await {
            Ok(account) => Ok(Some(account.standing(&self.roles))),
            Err(StoreError::NotFound(What::Account)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// From now on the changes are many, and nobody looks at the revisions between them. The counter row is locked.
    pub(super) fn begin_bulk(&mut self, revision: i64) {
        self.bulk = Some(Bulk { last: revision, events: Vec::with_capacity(TOGETHER) });
    }

    /// To be called before the commit.
    pub(super) async fn end_bulk(&mut self) -> Result<(), StoreError> {
        let Some(Bulk { last, events }) = self.bulk.take() else { return Ok(()) };
        self.write_events(&events).await?;
        self.transaction.execute("UPDATE counter SET revision = $1 WHERE id = 1", &[last.into()]).await?;
        Ok(())
    }

    /// Raises the revision by one and writes the event that goes with it. Returns the revision.
    pub(super) async fn record(&mut self, recorded: Recorded) -> Result<i64, StoreError> {
        let Texts { action, target, touched, before, after } = recorded.texts()?;
        let revision = self.write(action, target, touched, before, after).await?;
        self.revision = Some(revision);
        Ok(revision)
    }

    /// Revokes keys that were read here.
    pub(super) async fn revoke(&mut self, revocation: &Revocation) -> Result<(), StoreError> {
        self.revision = Some(get(&self.transaction.one(revocation.sql(), &revocation.values()).await?, 0)?);
        Ok(())
    }

    /// As [`Tx::record`], of a change that touches nothing else and tells only what is there since, in JSON.
    pub(super) async fn record_told(&mut self, action: &'static str, target: &Target, after: String) -> Result<(), StoreError> {
        let name = target.to_string();
        // The names of targets have nothing in them that JSON would escape.
        let touched = format!("[\"{name}\"]");
        let revision = self.write(action, name, touched, None, Some(after)).await?;
        self.revision = Some(revision);
        Ok(())
    }

    async fn write(
        &mut self,
        action: &'static str,
        target: String,
        touched: String,
        before: Option<String>,
        after: Option<String>,
    ) -> Result<i64, StoreError> {
        let Some(bulk) = &mut self.bulk else { return self.write_event(action, &target, &touched, before, after).await };
        bulk.last += 1;
        let revision = bulk.last;
        bulk.events.push(Written { revision, action, target, touched, before, after });
        if bulk.events.len() >= TOGETHER {
            let events = std::mem::replace(&mut bulk.events, Vec::with_capacity(TOGETHER));
            self.write_events(&events).await?;
        }
        Ok(revision)
    }

    async fn write_event(
        &self,
        action: &str,
        target: &str,
        touched: &str,
        before: Option<String>,
        after: Option<String>,
    ) -> Result<i64, StoreError> {
        let actor = self.origin.actor.to_string();
        let row = self
            .transaction
            .one(
                "WITH raised AS (UPDATE counter SET revision = revision + 1 WHERE id = 1 RETURNING revision)
                 INSERT INTO settled_events (revision, at, actor, action, target, touched, before, after, request_id)
                 SELECT raised.revision, $1, $2, $3, $4, $5, $6, $7, $8 FROM raised RETURNING revision",
                &[
                    self.now().into(),
                    (&actor).into(),
                    action.into(),
                    target.into(),
                    touched.into(),
                    (&before).into(),
                    (&after).into(),
                    (&self.origin.request_id).into(),
                ],
            )
            .await?;
        get(&row, 0)
    }

    async fn write_events(&self, events: &[Written]) -> Result<(), StoreError> {
        let actor = self.origin.actor.to_string();
        let texts = |of: fn(&Written) -> Option<&str>| Value::Texts(events.iter().map(of).collect());
        self.transaction
            .execute(
                "INSERT INTO settled_events (revision, at, actor, action, target, touched, before, after, request_id)
                 SELECT revision, $7, $8, action, target, touched, before, after, $9
                 FROM unnest($1, $2, $3, $4, $5, $6) AS new (revision, action, target, touched, before, after)",
                &[
                    Value::Numbers(events.iter().map(|event| event.revision).collect()),
                    texts(|event| Some(event.action)),
                    texts(|event| Some(&event.target)),
                    texts(|event| Some(&event.touched)),
                    texts(|event| event.before.as_deref()),
                    texts(|event| event.after.as_deref()),
                    self.now().into(),
                    (&actor).into(),
                    (&self.origin.request_id).into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Revokes all keys and ends all sessions of an account. Returns them.
    pub(super) async fn end_all_of(
        &self,
        account: AccountId,
        reason: RevocationReason,
    ) -> Result<(Vec<KeyId>, Vec<SessionId>), StoreError> {
        Ok((self.revoke_all("owner", account.into(), reason).await?, self.end_sessions_of(account, None).await?))
    }

    /// Revokes all live keys that have this holder in this column. Returns them.
    pub(super) async fn revoke_all(&self, column: &str, holder: Value<'_>, reason: RevocationReason) -> Result<Vec<KeyId>, StoreError> {
        let sql = format!(
            "INSERT INTO settled_revocations (key, at, reason, owner, policy, expires_at)
             SELECT id, $2, $3, owner, policy, expires_at FROM keys WHERE {column} = $1 AND {} RETURNING key",
            row::IS_LIVE
        );
        let keys = self.transaction.query(&sql, &[holder, self.now().into(), reason.as_str().into()]).await?;
        keys.iter().map(|row| key_id(row, 0)).collect()
    }

    /// Ends the sessions of an account, all or all but one. Returns them.
    pub(super) async fn end_sessions_of(&self, account: AccountId, except: Option<SessionId>) -> Result<Vec<SessionId>, StoreError> {
        let except = Value::Id(except.map(|session| session.0));
        let sql = "DELETE FROM sessions WHERE account = $1 AND id IS DISTINCT FROM $2 RETURNING id";
        let sessions = self.transaction.query(sql, &[account.into(), except]).await?;
        sessions.iter().map(|row| session_id(row, 0)).collect()
    }
}
