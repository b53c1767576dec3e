//! Events and counts on PostgreSQL.

use async_trait::async_trait;
use keybearer_core::account::Status;
use keybearer_core::key::{DAY, KeyKind};
use keybearer_core::time::UnixMillis;
use tokio_postgres::Row;

use super::conditions::Conditions;
use super::connection::Transaction;
use super::value::{Value, get, moment, unreadable};
use super::{Postgres, row};
use crate::{Event, EventFilter, Events, Page, PageRequest, Stats, StoreError};

#[async_trait]
impl Events for Postgres {
    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<Event>, StoreError> {
        self.readers.read(move |transaction| Box::pin(list(transaction, filter, page))).await
    }

    async fn stats(&self, now: UnixMillis) -> Result<Stats, StoreError> {
        self.readers.read(move |transaction| Box::pin(stats(transaction, now))).await
    }
}

async fn list(transaction: &Transaction, filter: EventFilter, page: PageRequest) -> Result<Page<Event>, StoreError> {
    let before: i64 = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::BadCursor)?,
        None => i64::MAX,
    };
    let mut conditions = Conditions::default();
    conditions.and("revision < ?", Some(before));
    conditions.and("actor = ?", filter.actor.as_deref());
    conditions.and("(action = ? OR starts_with(action, ? || '.'))", filter.action.as_deref());
    conditions.and("target = ?", filter.target.as_deref());
    conditions.and("at >= ?", filter.since);
    conditions.and("at < ?", filter.until);
    let sql = format!(
        "SELECT revision, at, actor, action, target, touched, before, after, request_id,
                revision <= (SELECT payloads_pruned FROM counter WHERE id = 1) FROM events
         WHERE {} ORDER BY revision DESC LIMIT {}",
        conditions.sql(),
        i64::from(page.limit) + 1
    );
    let rows = transaction.query(&sql, conditions.values()).await?;
    let mut items = rows.iter().map(to_event).collect::<Result<Vec<_>, _>>()?;
    let next = crate::page_end(&mut items, page.limit).map(|last| last.revision.to_string());
    Ok(Page { items, next })
}

fn to_event(row: &Row) -> Result<Event, StoreError> {
    let read = |column| get::<Option<&str>>(row, column)?.map(|text| serde_json::from_str(text).map_err(unreadable)).transpose();
    Ok(Event {
        revision: get(row, 0)?,
        at: moment(row, 1)?,
        actor: get(row, 2)?,
        action: get(row, 3)?,
        target: get(row, 4)?,
        touched: serde_json::from_str(get(row, 5)?).map_err(unreadable)?,
        before: read(6)?,
        after: read(7)?,
        pruned: get(row, 9)?,
        request_id: get(row, 8)?,
    })
}

async fn stats(transaction: &Transaction, now: UnixMillis) -> Result<Stats, StoreError> {
    let active = format!("SELECT count(*) FROM keys WHERE {} AND (expires_at IS NULL OR expires_at > $1)", row::IS_NOT_REVOKED);
    let count = async |sql: &str, values: &[Value<'_>]| -> Result<u32, StoreError> {
        get::<i64>(&transaction.one(sql, values).await?, 0)?.try_into().map_err(unreadable)
    };
    let accounts_of = async |status: Status| {
        count("SELECT count(*) FROM accounts WHERE deleted_at IS NULL AND status = $1", &[status.as_str().into()]).await
    };
    let keys_of = async |kind: KeyKind| -> Result<[u32; 3], StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE at IS NULL AND (expires_at IS NULL OR expires_at > $2)),
                    count(*) FILTER (WHERE at IS NULL AND expires_at <= $2), count(*) FILTER (WHERE at IS NOT NULL)
             FROM keys LEFT JOIN (SELECT key, at FROM revocations) AS revoked ON key = id WHERE kind = $1";
        let row = transaction.one(sql, &[kind.as_str().into(), now.into()]).await?;
        let number = |column| get::<i64>(&row, column)?.try_into().map_err(unreadable);
        Ok([number(0)?, number(1)?, number(2)?])
    };
    let (soon, long_ago) = (now.plus(7 * DAY), now.minus(30 * DAY));
    Ok(Stats {
        revision: get(&transaction.one("SELECT revision FROM counter WHERE id = 1", &[]).await?, 0)?,
        accounts: [accounts_of(Status::Active).await?, accounts_of(Status::Locked).await?, accounts_of(Status::Blocked).await?],
        account_keys: keys_of(KeyKind::Account).await?,
        service_keys: keys_of(KeyKind::Service).await?,
        policies: count("SELECT count(*) FROM policies WHERE deleted_at IS NULL", &[]).await?,
        permissions: count("SELECT count(*) FROM permissions WHERE declared", &[]).await?,
        sessions: count("SELECT count(*) FROM sessions WHERE expires_at > $1", &[now.into()]).await?,
        expiring_soon: count(&format!("{active} AND expires_at <= $2"), &[now.into(), soon.into()]).await?,
        unused: count(
            &format!("{active} AND created_at <= $2 AND (last_used_at IS NULL OR last_used_at <= $2)"),
            &[now.into(), long_ago.into()],
        )
        .await?,
    })
}
