//! The one way into the image in memory: at start everything, later the rows that changes touched.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use keybearer_core::account::AccountId;
use keybearer_core::gate::GateName;
use keybearer_core::policy::PolicyId;
use keybearer_core::token::KeyId;
use tokio_postgres::SimpleQueryRow;
use uuid::Uuid;

use super::connection::{Pool, Purpose, Transaction};
use super::failure::Failure;
use super::seeded::Bug;
use super::value::{Value, get, unreadable};
use super::{gate, policy, row};
use crate::error::present;
use crate::{Changed, Follower, Horizon, Key, SessionId, StoreError};

/// How many keys are handed over at a time. What they take while they are on their way stays with the allocator, so there are few of them.
const CHUNK: usize = 1_000;

/// Hands over all rows on this side of the horizon, keys last, so that what they refer to is there. Returns the revision that they have.
pub(super) async fn everything(transaction: &Transaction, horizon: Horizon, follower: &dyn Follower) -> Result<i64, StoreError> {
    let revision = revision(transaction).await?;
    let mut changed = Changed { revision, ..Changed::default() };
    let sql = format!("SELECT {} FROM accounts WHERE deleted_at IS NULL", row::ACCOUNT);
    let mut rows = transaction.stream(&sql, &[]).await?;
    while let Some(account) = rows.try_next().await.map_err(Failure::from)? {
        let account = row::to_account(&account)?;
        changed.accounts.push((account.id, Some(account)));
    }
    let sql = format!("SELECT {} FROM sessions WHERE expires_at > $1", row::SESSION);
    let mut rows = transaction.stream(&sql, &[horizon.sessions.into()]).await?;
    while let Some(session) = rows.try_next().await.map_err(Failure::from)? {
        let session = row::to_session(&session)?;
        changed.sessions.push((session.id, Some(session)));
    }
    for policy in policy::all(transaction).await? {
        changed.policies.push((policy.id, Some(policy)));
    }
    for gate in gate::all(transaction).await? {
        changed.gates.push((gate.name.clone(), Some(gate)));
    }
    follower.apply(changed);

    let count: i64 = get(&transaction.one("SELECT count(*) FROM keys", &[]).await?, 0)?;
    follower.expect_keys(usize::try_from(count).unwrap_or(0));
    let sql = format!("SELECT {} FROM keys WHERE coalesce(expires_at > $1, TRUE) AND coalesce(revoked_at > $1, TRUE)", row::KEY);
    let mut rows = transaction.stream(&sql, &[horizon.keys.into()]).await?;
    let mut keys = Vec::with_capacity(CHUNK);
    while let Some(key) = rows.try_next().await.map_err(Failure::from)? {
        let key = row::to_key(&key)?;
        keys.push((key.id, Some(key)));
        if keys.len() == CHUNK {
            follower.apply(Changed { keys: std::mem::replace(&mut keys, Vec::with_capacity(CHUNK)), revision, ..Changed::default() });
        }
    }
    follower.apply(Changed { keys, revision, ..Changed::default() });
    Ok(revision)
}

/// What was fetched of the changes behind a revision.
pub(super) struct Fetched {
    /// The rows that they touched, under the revision of the last of them.
    pub(super) changed: Changed,
    /// The revision of the last change that there is.
    pub(super) counter: i64,
}

/// The rows that the changes behind `revision` touched, at most `limit` of the oldest of these changes. Returns also the transaction that still
/// sees them.
pub(super) async fn behind(pool: &Pool, horizon: Horizon, revision: i64, limit: usize) -> Result<(Fetched, Transaction), StoreError> {
    // With the transaction's beginning, in one journey. The first row is the counter.
    let counter = "SELECT revision, '[]' FROM counter";
    let events = format!("SELECT revision, touched FROM events WHERE revision > {revision} ORDER BY revision LIMIT {limit}");
    let (transaction, found) = pool.begin_with(Purpose::Follow, counter, &events).await?;
    let mut touched = Touched::default();
    let mut revisions = Vec::with_capacity(found.len());
    for row in &found {
        revisions.push(text(row, 0)?.parse().map_err(unreadable)?);
        let names: Vec<String> = serde_json::from_str(text(row, 1)?).map_err(unreadable)?;
        names.iter().try_for_each(|name| touched.insert(name))?;
    }
    let counter = *revisions.first().ok_or_else(|| unreadable("the counter row is missing"))?;
    // Without any event behind it, the counter says whether that revision was reached, or was never there.
    let last = *revisions.last().unwrap_or(&counter);
    let changed = rows(&transaction, horizon, &touched, last).await?;
    Ok((Fetched { changed, counter }, transaction))
}

fn text(row: &SimpleQueryRow, column: usize) -> Result<&str, StoreError> {
    row.get(column).ok_or_else(|| unreadable("a column is empty that never is"))
}

/// Rows that changes touched.
#[derive(Default)]
struct Touched {
    accounts: BTreeSet<AccountId>,
    sessions: BTreeSet<SessionId>,
    policies: BTreeSet<PolicyId>,
    gates: BTreeSet<GateName>,
    keys: BTreeSet<KeyId>,
}

impl Touched {
    /// Adds what an event names, in the words of [`crate::Target`].
    fn insert(&mut self, name: &str) -> Result<(), StoreError> {
        let (kind, id) = name.split_once(':').unwrap_or((name, ""));
        let wrong = |_| unreadable(format!("events: nothing is called {name:?}"));
        let uuid = || id.parse::<Uuid>().map_err(|_| wrong(()));
        match kind {
            "account" => drop(self.accounts.insert(AccountId(id.parse().map_err(|_| wrong(()))?))),
            "session" => drop(self.sessions.insert(SessionId(uuid()?))),
            "policy" if Bug::SilentPolicies.is_seeded() => {}
            "policy" => drop(self.policies.insert(PolicyId(uuid()?))),
            "gate" => drop(self.gates.insert(id.parse().map_err(|_| wrong(()))?)),
            "key" => drop(self.keys.insert(KeyId::from_bytes(uuid()?.into_bytes()))),
            // The image in memory holds no manifests: policies carry the full names that they grant.
            "service" | "store" => {}
            _ => return Err(wrong(())),
        }
        Ok(())
    }
}

/// Rows as the transaction sees them now. What is behind the horizon counts as absent: a change of a key that was forgotten does not bring it
/// back.
async fn rows(transaction: &Transaction, horizon: Horizon, ids: &Touched, revision: i64) -> Result<Changed, StoreError> {
    let mut changed = Changed { revision, ..Changed::default() };
    if !ids.accounts.is_empty() {
        let sql = format!("SELECT {} FROM accounts WHERE id = ANY($1) AND deleted_at IS NULL", row::ACCOUNT);
        let found = transaction.query(&sql, &[Value::Numbers(ids.accounts.iter().map(|id| id.0).collect())]).await?;
        let mut found: BTreeMap<_, _> =
            found.iter().map(|row| row::to_account(row).map(|account| (account.id, account))).collect::<Result<_, _>>()?;
        changed.accounts = ids.accounts.iter().map(|id| (*id, found.remove(id))).collect();
    }
    for id in &ids.policies {
        changed.policies.push((*id, present(row::policy(transaction, *id).await)?));
    }
    for name in &ids.gates {
        changed.gates.push((name.clone(), present(gate::one(transaction, name).await)?));
    }
    if !ids.sessions.is_empty() {
        let sql = format!("SELECT {} FROM sessions WHERE id = ANY($1)", row::SESSION);
        let found = transaction.query(&sql, &[Value::Ids(ids.sessions.iter().map(|id| id.0).collect())]).await?;
        let mut found: BTreeMap<_, _> =
            found.iter().map(|row| row::to_session(row).map(|session| (session.id, session))).collect::<Result<_, _>>()?;
        changed.sessions = ids.sessions.iter().map(|id| (*id, found.remove(id))).collect();
    }
    if !ids.keys.is_empty() {
        let is_remembered = |key: &Key| key.lifecycle.ends_at().is_none_or(|end| end > horizon.keys);
        let sql = format!("SELECT {} FROM keys WHERE id = ANY($1)", row::KEY);
        let found = transaction.query(&sql, &[Value::Ids(ids.keys.iter().map(|id| Uuid::from_bytes(*id.as_bytes())).collect())]).await?;
        let mut found: BTreeMap<_, _> = found.iter().map(|row| row::to_key(row).map(|key| (key.id, key))).collect::<Result<_, _>>()?;
        changed.keys = ids.keys.iter().map(|id| (*id, found.remove(id).filter(is_remembered))).collect();
    }
    Ok(changed)
}

async fn revision(transaction: &Transaction) -> Result<i64, StoreError> {
    get(&transaction.one("SELECT revision FROM counter", &[]).await?, 0)
}
