//! New keys, made together.
//!
//! Creations of keys do not concern each other, but for a name that two of them want and for the number of keys that an account may have. What
//! decides about them otherwise are the rows of callers, owners and policies, and no creation writes any of these. So those that follow one
//! another in a group are judged by rows that are read for all of them at once, in the order in which they came, and written by one statement,
//! which gives each that it wrote a revision and an event, in that order. What it did not write is refused, and has left nothing behind.
//!
//! This rests on nothing else running in between, which the type of [`Asked`] sees to: it says what is wanted and runs nothing of its own.
//! It can also be done again, as many times as it takes: where anything fails, nothing is known of any, and the writer tries them one by one.

mod facts;

use keybearer_core::permission::{OwnPermission, ServiceName};
use keybearer_core::policy::PermissionSet;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use uuid::Uuid;

use self::facts::Facts;
use super::connection::Transaction;
use super::seeded::Bug;
use super::value::{Value, get, key_id, unreadable};
use crate::audit::ToldKey;
use crate::key::NewKey;
use crate::{Actor, Key, KeyHolder, NewAccountKey, NewServiceKey, Origin, StoreError, What};

/// A key that is to be made.
pub(super) struct Asked {
    pub(super) origin: Origin,
    pub(super) wanted: Wanted,
}

/// For whom, and all else of it.
pub(super) enum Wanted {
    OfAccount(NewAccountKey),
    OfService(NewServiceKey),
}

/// What became of them.
pub(super) struct Created {
    /// Of each, in their order.
    pub(super) verdicts: Vec<Result<Key, StoreError>>,
    /// The revision of the last one; none if all were refused.
    pub(super) revision: Option<i64>,
}

/// Makes them in this order, in a transaction that has the counter row. Where this fails as a whole, nothing is known of any of them, and the
/// transaction is good for nothing but to be taken back.
pub(super) async fn create(transaction: &Transaction, roles: &Roles, all: &[Asked]) -> Result<Created, StoreError> {
    let facts = Box::pin(Facts::read(transaction, roles, all)).await?;
    let mut granted: Vec<Granted<'_>> = Vec::with_capacity(all.len());
    let mut verdicts = Vec::with_capacity(all.len());
    for asked in all {
        let verdict = judge(&facts, asked, &granted).map(|key| Granted { key, asked });
        verdicts.push(match verdict {
            Ok(one) => {
                let key = one.key.clone();
                granted.push(one);
                Ok(key)
            }
            Err(refusal) => Err(refusal),
        });
    }
    if granted.is_empty() {
        return Ok(Created { verdicts, revision: None });
    }
    let (written, revision) = write(transaction, &granted).await?;
    for verdict in &mut verdicts {
        // The id is random, so it is the name.
        if verdict.as_ref().is_ok_and(|key| !written.contains(&key.id)) {
            *verdict = Err(StoreError::Taken { what: What::Key, field: "name" });
        }
    }
    Ok(Created { verdicts, revision })
}

/// One that may be made, if its name is free.
struct Granted<'a> {
    key: Key,
    asked: &'a Asked,
}

impl Granted<'_> {
    fn new_key(&self) -> &NewKey {
        match &self.asked.wanted {
            Wanted::OfAccount(new) => &new.key,
            Wanted::OfService(new) => &new.key,
        }
    }

    /// The key that made it.
    fn maker(&self) -> Option<Uuid> {
        match self.asked.origin.actor {
            Actor::Key(id) => Some(Uuid::from_bytes(*id.as_bytes())),
            Actor::Operator | Actor::Session { .. } | Actor::Identity { .. } | Actor::Issuer => None,
        }
    }
}

/// Whether it may be made, after those `before` it.
fn judge(facts: &Facts<'_>, Asked { origin, wanted }: &Asked, before: &[Granted<'_>]) -> Result<Key, StoreError> {
    let authority = facts.authority(origin)?;
    let (new, holder, expires_at) = match wanted {
        Wanted::OfAccount(new) => {
            let Some(standing) = facts.standing(new.owner) else {
                // Only who could make keys for anybody is told that there is no such account.
                authority.manages(OwnPermission::KeysWrite)?;
                return Err(StoreError::NotFound(What::Account));
            };
            if !Bug::GrantUnchecked.is_seeded() {
                authority.issue_account_key(new.owner, &standing, new.level)?;
            }
            if live(facts, new, origin.now, before) >= new.max_per_account {
                return Err(StoreError::TooManyKeys { max: new.max_per_account });
            }
            (&new.key, KeyHolder::Account { owner: new.owner, level: new.level }, Some(new.expires_at))
        }
        Wanted::OfService(new) => {
            authority.issue_service_key(&PermissionSet::default(), new.service.as_ref())?;
            authority.issue_service_key(facts.policy(new.policy)?, new.service.as_ref())?;
            (&new.key, KeyHolder::Service { policy: new.policy, service: new.service.clone() }, new.expires_at)
        }
    };
    if before.iter().any(|before| before.key.id == new.id) {
        return Err(StoreError::Taken { what: What::Key, field: "name" });
    }
    Ok(new.made(holder, expires_at, origin))
}

/// How many live keys the owner has. Of those before, each is written: names of account keys need not be free.
fn live(facts: &Facts<'_>, new: &NewAccountKey, now: UnixMillis, before: &[Granted<'_>]) -> u32 {
    let counts = |before: &&Granted<'_>| {
        before.key.holder.owner() == Some(new.owner) && before.key.lifecycle.expires_at().is_some_and(|end| end > now)
    };
    let made = before.iter().filter(counts).count();
    facts.live(new.owner, now).saturating_add(u32::try_from(made).unwrap_or(u32::MAX))
}

/// The keys whose names are free and whose makers are there, the counter, and the events. A plan is kept for good, and must be good for any
/// number of keys: so makers are looked up first, by their index.
const WRITE: &str = "WITH new AS MATERIALIZED (
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) WITH ORDINALITY
        AS new (id, name, name_key, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, maker, expires_at, after,
                request_id, place)
    ), admitted AS MATERIALIZED (
        SELECT * FROM new WHERE maker IS NULL OR maker = ANY(ARRAY(SELECT keys.id FROM keys WHERE keys.id = ANY($13)))
    ), named AS (
        INSERT INTO service_key_names AS held (name_key, key)
        SELECT DISTINCT ON (name_key) name_key, id FROM admitted WHERE owner IS NULL ORDER BY name_key, place
        ON CONFLICT (name_key) DO UPDATE SET key = excluded.key
        WHERE (SELECT key FROM revocations WHERE revocations.key = held.key) IS NOT NULL
        RETURNING held.key
    ), made AS (
        INSERT INTO keys (id, kind, name, name_key, owner, level, policy, service, metadata, digest, pepper, created_at, created_by,
                          created_by_key, expires_at)
        SELECT id, CASE WHEN owner IS NULL THEN 'service' ELSE 'account' END, name, name_key, owner, level, policy, service, metadata, digest,
               pepper, created_at, created_by, maker, expires_at
        FROM admitted WHERE owner IS NOT NULL OR id = ANY(ARRAY(SELECT named.key FROM named)) ORDER BY place
        ON CONFLICT DO NOTHING RETURNING id
    ), raised AS (
        UPDATE counter SET revision = revision + made.count FROM (SELECT count(*) AS count FROM made) AS made
        WHERE id = 1 AND made.count > 0 RETURNING revision, made.count
    ), told AS (
        INSERT INTO settled_events (revision, at, actor, action, target, touched, before, after, request_id)
        SELECT revision - count + row_number() OVER (ORDER BY place), created_at, created_by, 'key.created', 'key:' || id,
               '[\"key:' || id || '\"]', NULL, after, request_id
        FROM new JOIN made USING (id) CROSS JOIN raised
    )
    SELECT id, revision FROM made CROSS JOIN raised";

/// Returns those that were written, and the revision of the last of them. Whoever is later in their order than one that wants the same name is
/// not written.
async fn write(transaction: &Transaction, all: &[Granted<'_>]) -> Result<(Vec<KeyId>, Option<i64>), StoreError> {
    let metadata: Vec<_> = all.iter().map(|one| serde_json::to_string(&one.key.metadata)).collect::<Result<_, _>>().map_err(unreadable)?;
    let told = all.iter().map(|one| serde_json::to_string(&ToldKey::from(&one.key)));
    let after: Vec<_> = told.collect::<Result<_, _>>().map_err(unreadable)?;
    let values = [
        Value::Ids(all.iter().map(|one| Uuid::from_bytes(*one.key.id.as_bytes())).collect()),
        Value::Texts(all.iter().map(|one| Some(one.key.name.as_str())).collect()),
        Value::Texts(all.iter().map(|one| Some(one.new_key().name_key.as_str())).collect()),
        Value::NumbersOrNone(all.iter().map(|one| one.key.holder.owner().map(|owner| owner.0)).collect()),
        Value::Levels(all.iter().map(level).collect()),
        Value::IdsOrNone(all.iter().map(policy).collect()),
        Value::Texts(all.iter().map(service).collect()),
        Value::Texts(metadata.iter().map(|metadata| Some(metadata.as_str())).collect()),
        Value::Blobs(all.iter().map(|one| one.key.digest.as_bytes().as_slice()).collect()),
        Value::Integers(all.iter().map(|one| one.key.pepper.into()).collect()),
        Value::Numbers(all.iter().map(|one| one.key.created_at.0).collect()),
        Value::Texts(all.iter().map(|one| Some(one.key.created_by.as_str())).collect()),
        Value::IdsOrNone(all.iter().map(Granted::maker).collect()),
        Value::NumbersOrNone(all.iter().map(|one| one.key.lifecycle.expires_at().map(|end| end.0)).collect()),
        Value::Texts(after.iter().map(|after| Some(after.as_str())).collect()),
        Value::Texts(all.iter().map(|one| Some(one.asked.origin.request_id.as_str())).collect()),
    ];
    let written = transaction.query(WRITE, &values).await?;
    let revision = written.first().map(|row| get(row, 1)).transpose()?;
    Ok((written.iter().map(|row| key_id(row, 0)).collect::<Result<_, _>>()?, revision))
}

fn level(one: &Granted<'_>) -> Option<i16> {
    match &one.key.holder {
        KeyHolder::Account { level, .. } => Some(i16::from(level.number())),
        KeyHolder::Service { .. } => None,
    }
}

fn policy(one: &Granted<'_>) -> Option<Uuid> {
    match &one.key.holder {
        KeyHolder::Account { .. } => None,
        KeyHolder::Service { policy, .. } => Some(policy.0),
    }
}

fn service<'a>(one: &'a Granted<'_>) -> Option<&'a str> {
    match &one.key.holder {
        KeyHolder::Account { .. } => None,
        KeyHolder::Service { service, .. } => service.as_ref().map(ServiceName::as_str),
    }
}
