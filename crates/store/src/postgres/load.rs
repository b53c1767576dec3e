//! What is read for the image in memory: at start everything, later the rows that changes touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use futures_util::TryStreamExt;
use keybearer_core::account::AccountId;
use keybearer_core::gate::GateName;
use keybearer_core::policy::PolicyId;
use keybearer_core::token::KeyId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::connection::{Pool, Purpose, Transaction};
use super::failure::Failure;
use super::seeded::Bug;
use super::value::{Value, get, unreadable};
use super::{gate, policy, row};
use crate::error::present;
use crate::{Changed, Follower, Horizon, Key, SessionId, StoreError};

/// How many keys or accounts are handed over at a time. What they take while they are on their way stays with the allocator, so there are few;
/// and in the image 32 texts share a piece, which is best made once.
const CHUNK: usize = 192;

/// Hands over all rows on this side of the horizon, keys last, so that what they refer to is there. Returns the revision that they have.
pub(super) async fn everything(transaction: &Transaction, horizon: Horizon, follower: &dyn Follower) -> Result<i64, StoreError> {
    let revision = revision(transaction).await?;
    let mut changed = Changed { revision, ..Changed::default() };
    let sql = format!("SELECT {} FROM accounts WHERE deleted_at IS NULL", row::ACCOUNT);
    let mut rows = transaction.stream(&sql, &[]).await?;
    while let Some(account) = rows.try_next().await.map_err(Failure::from)? {
        let account = row::to_account(&account)?;
        changed.accounts.push((account.id, Some(account)));
        if changed.accounts.len() == CHUNK {
            follower.apply(std::mem::replace(&mut changed, Changed { revision, ..Changed::default() }));
        }
    }
    let sql = format!("SELECT {} FROM sessions WHERE expires_at > $1", row::SESSION);
    let mut rows = transaction.stream(&sql, &[horizon.sessions.into()]).await?;
    while let Some(session) = rows.try_next().await.map_err(Failure::from)? {
        let session = row::to_session(&session)?;
        changed.sessions.push((session.id, Some(session)));
    }
    for policy in policy::all_alone(transaction).await? {
        changed.policies.push((policy.id, Some(policy)));
    }
    for gate in gate::all(transaction).await? {
        changed.gates.push((gate.name.clone(), Some(gate)));
    }
    follower.apply(changed);

    let count: i64 = get(&transaction.one("SELECT count(*) FROM keys", &[]).await?, 0)?;
    follower.expect_keys(usize::try_from(count).unwrap_or(0));
    let (key, keys) = (row::KEY_OF_ALL, row::ALL_KEYS);
    let sql = format!("SELECT {key} FROM {keys} WHERE coalesce(expires_at > $1, TRUE) AND coalesce(at > $1, TRUE)");
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

/// The counter, the events behind a revision up to so many, oldest first, and the keys that they name: all in one statement, and so of one
/// state. A row has a key, an event or the counter.
static EVENTS_AND_KEYS: LazyLock<String> = LazyLock::new(|| {
    let none = vec!["NULL"; row::AFTER_KEY].join(", ");
    format!(
        "WITH news AS MATERIALIZED (SELECT revision, touched FROM events WHERE revision > $1 ORDER BY revision LIMIT $2)
         SELECT {}, NULL::int8, NULL::text FROM keys WHERE id = ANY(ARRAY(
             SELECT substr(target, 5)::uuid FROM news, json_array_elements_text(news.touched::json) AS targets (target)
             WHERE starts_with(target, 'key:')))
         UNION ALL SELECT {none}, revision, touched FROM news
         UNION ALL SELECT {none}, revision, NULL FROM counter WHERE id = 1",
        row::KEY
    )
});
const COUNTER_AND_EVENTS: &str = "SELECT revision, NULL FROM counter WHERE id = 1
    UNION ALL (SELECT revision, touched FROM events WHERE revision > $1 ORDER BY revision LIMIT $2)";

/// The rows that the changes behind `revision` touched, at most `limit` of the oldest of these changes. Where that took a transaction, it is
/// returned, and has nothing more to do.
pub(super) async fn behind(pool: &Pool, horizon: Horizon, revision: i64, limit: i64) -> Result<(Fetched, Option<Transaction>), StoreError> {
    let values = [revision.into(), limit.into()];
    let found = pool.all(&EVENTS_AND_KEYS, &values).await?;
    let (keys, news): (Vec<_>, Vec<_>) = found.iter().partition(|row| row.try_get::<_, Uuid>(0).is_ok());
    let news = News::of(news.into_iter(), row::AFTER_KEY)?;
    if news.touched.is_of_keys_alone() {
        let changed = Changed { keys: to_keys(keys.into_iter(), horizon, &news.touched)?, revision: news.last, ..Changed::default() };
        return Ok((Fetched { changed, counter: news.counter }, None));
    }
    let (transaction, found) = pool.begin_with(Purpose::Follow, Some((COUNTER_AND_EVENTS, &values))).await?;
    let news = News::of(found.iter(), 0)?;
    let changed = rows(&transaction, horizon, &news.touched, news.last).await?;
    Ok((Fetched { changed, counter: news.counter }, Some(transaction)))
}

/// What events tell.
struct News {
    counter: i64,
    /// The last revision of which anything is told.
    last: i64,
    touched: Touched,
}

impl News {
    /// Of rows with a revision in this column, and in the next what that touched; the counter stands where there is nothing.
    fn of<'a>(rows: impl Iterator<Item = &'a Row>, column: usize) -> Result<Self, StoreError> {
        let (mut counter, mut last, mut touched) = (None, None, Touched::default());
        for row in rows {
            let revision: i64 = get(row, column)?;
            let Some(names) = get::<Option<&str>>(row, column + 1)? else {
                counter = Some(revision);
                continue;
            };
            last = last.max(Some(revision));
            let names: Vec<String> = serde_json::from_str(names).map_err(unreadable)?;
            names.iter().try_for_each(|name| touched.insert(name))?;
        }
        let counter = counter.ok_or_else(|| unreadable("the counter row is missing"))?;
        // Without any event, the counter says whether the revision before was reached, or was never there.
        Ok(Self { counter, last: last.unwrap_or(counter), touched })
    }
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
    fn is_of_keys_alone(&self) -> bool {
        self.accounts.is_empty() && self.sessions.is_empty() && self.policies.is_empty() && self.gates.is_empty()
    }

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
        let sql = format!("SELECT {} FROM keys WHERE id = ANY($1)", row::KEY);
        let found = transaction.query(&sql, &[Value::Ids(ids.keys.iter().map(|id| Uuid::from_bytes(*id.as_bytes())).collect())]).await?;
        changed.keys = to_keys(found.iter(), horizon, ids)?;
    }
    Ok(changed)
}

/// What is behind the horizon counts as absent.
fn to_keys<'a>(found: impl Iterator<Item = &'a Row>, horizon: Horizon, ids: &Touched) -> Result<Vec<(KeyId, Option<Key>)>, StoreError> {
    let is_remembered = |key: &Key| key.lifecycle.ends_at().is_none_or(|end| end > horizon.keys);
    let mut found: BTreeMap<_, _> = found.map(|row| row::to_key(row).map(|key| (key.id, key))).collect::<Result<_, _>>()?;
    Ok(ids.keys.iter().map(|id| (*id, found.remove(id).filter(is_remembered))).collect())
}

async fn revision(transaction: &Transaction) -> Result<i64, StoreError> {
    get(&transaction.one("SELECT revision FROM counter WHERE id = 1", &[]).await?, 0)
}
