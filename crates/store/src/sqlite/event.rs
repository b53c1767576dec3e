//! Events and counts on SQLite.

use async_trait::async_trait;
use keybearer_core::account::Status;
use keybearer_core::key::{DAY, KeyKind};
use keybearer_core::time::UnixMillis;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use super::Sqlite;
use super::row::unreadable;
use crate::{Event, EventFilter, Events, Page, PageRequest, Stats, StoreError};

#[async_trait]
impl Events for Sqlite {
    async fn events(&self, filter: EventFilter, page: PageRequest) -> Result<Page<Event>, StoreError> {
        self.readers.read(move |connection| list(connection, filter, &page)).await
    }

    async fn stats(&self, now: UnixMillis) -> Result<Stats, StoreError> {
        self.readers.read(move |connection| stats(connection, now)).await
    }
}

fn list(connection: &Connection, filter: EventFilter, page: &PageRequest) -> Result<Page<Event>, StoreError> {
    let before = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::BadCursor)?,
        None => i64::MAX,
    };
    let mut values = vec![Sql::Integer(before), Sql::Integer(i64::from(page.limit) + 1)];
    let mut conditions = String::new();
    let mut and = |condition: &str, value: Option<Sql>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push_str(" AND ");
            conditions.push_str(&condition.replace('?', &format!("?{}", values.len())));
        }
    };
    and("actor = ?", filter.actor.map(Sql::Text));
    and("(action = ? OR substr(action, 1, length(?) + 1) = ? || '.')", filter.action.map(Sql::Text));
    and("target = ?", filter.target.map(Sql::Text));
    and("at >= ?", filter.since.map(|at| Sql::Integer(at.0)));
    and("at < ?", filter.until.map(|at| Sql::Integer(at.0)));
    let sql = format!(
        "SELECT revision, at, actor, action, target, touched, before, after, request_id,
                revision <= (SELECT payloads_pruned FROM counter) FROM events
         WHERE revision < ?1 {conditions} ORDER BY revision DESC LIMIT ?2"
    );
    let rows = connection.prepare_cached(&sql)?.query_map(params_from_iter(values), to_raw)?.collect::<Result<Vec<_>, _>>()?;
    let mut items = rows.into_iter().map(to_event).collect::<Result<Vec<_>, _>>()?;
    let next = crate::page_end(&mut items, page.limit).map(|last| last.revision.to_string());
    Ok(Page { items, next })
}

/// An event, and the texts of its JSON columns: touched, before, after.
type Raw = (Event, String, Option<String>, Option<String>);

fn to_raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let event = Event {
        revision: row.get(0)?,
        at: UnixMillis(row.get(1)?),
        actor: row.get(2)?,
        action: row.get(3)?,
        target: row.get(4)?,
        touched: Vec::new(),
        before: None,
        after: None,
        pruned: row.get(9)?,
        request_id: row.get(8)?,
    };
    Ok((event, row.get(5)?, row.get(6)?, row.get(7)?))
}

fn to_event((event, touched, before, after): Raw) -> Result<Event, StoreError> {
    let read = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose().map_err(unreadable);
    Ok(Event { touched: serde_json::from_str(&touched).map_err(unreadable)?, before: read(before)?, after: read(after)?, ..event })
}

fn stats(connection: &Connection, now: UnixMillis) -> Result<Stats, StoreError> {
    const ACTIVE: &str = "SELECT count(*) FROM keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)";
    fn count(connection: &Connection, sql: &str, moments: &[i64]) -> Result<u32, StoreError> {
        Ok(connection.prepare_cached(sql)?.query_row(params_from_iter(moments), |row| row.get(0))?)
    }
    let accounts_of = |status: Status| -> Result<u32, StoreError> {
        Ok(connection
            .prepare_cached("SELECT count(*) FROM accounts WHERE deleted_at IS NULL AND status = ?1")?
            .query_row([status.as_str()], |row| row.get(0))?)
    };
    let keys_of = |kind: KeyKind| -> Result<[u32; 3], StoreError> {
        Ok(connection
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)),
                        count(*) FILTER (WHERE revoked_at IS NULL AND expires_at <= ?2),
                        count(*) FILTER (WHERE revoked_at IS NOT NULL) FROM keys WHERE kind = ?1",
            )?
            .query_row((kind.as_str(), now.0), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?)
    };
    Ok(Stats {
        revision: connection.prepare_cached("SELECT revision FROM counter")?.query_row([], |row| row.get(0))?,
        accounts: [accounts_of(Status::Active)?, accounts_of(Status::Locked)?, accounts_of(Status::Blocked)?],
        account_keys: keys_of(KeyKind::Account)?,
        service_keys: keys_of(KeyKind::Service)?,
        policies: count(connection, "SELECT count(*) FROM policies WHERE deleted_at IS NULL", &[])?,
        permissions: count(connection, "SELECT count(*) FROM permissions WHERE declared = 1", &[])?,
        sessions: count(connection, "SELECT count(*) FROM sessions WHERE expires_at > ?1", &[now.0])?,
        expiring_soon: count(connection, &format!("{ACTIVE} AND expires_at <= ?2"), &[now.0, now.plus(7 * DAY).0])?,
        unused: count(
            connection,
            &format!("{ACTIVE} AND created_at <= ?2 AND (last_used_at IS NULL OR last_used_at <= ?2)"),
            &[now.0, now.minus(30 * DAY).0],
        )?,
    })
}
