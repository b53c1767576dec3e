//! Lists of keys: filters, four orders, and pages that begin where the last one ended, whatever was made or revoked meanwhile.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use crate::key_cursor::KeyCursor;
use crate::sqlite::row;
use crate::{Key, KeyFilter, KeySort, KeyStateFilter, Page, PageRequest, StoreError, page_end};

/// When a key ends, as its index has it: what has no end comes last.
const EXPIRY: &str = "coalesce(expires_at, 9223372036854775807)";
/// When a key was last used, as its index has it: what was never used comes first.
const USE: &str = "coalesce(last_used_at, 0)";

/// Conditions joined with AND, and their values in order.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Sql>,
}

impl Conditions {
    /// Adds a condition in which each `?` stands for the value.
    fn and(&mut self, condition: &str, value: Sql) {
        self.values.push(value);
        self.sql.push(condition.replace('?', &format!("?{}", self.values.len())));
    }

    fn joined(&self) -> String {
        if self.sql.is_empty() { "TRUE".to_owned() } else { self.sql.join(" AND ") }
    }
}

pub(super) fn keys(
    connection: &Connection,
    filter: &KeyFilter,
    (sort, descending): (KeySort, bool),
    now: UnixMillis,
    page: &PageRequest,
) -> Result<Page<Key>, StoreError> {
    let mut conditions = filtered(filter, now);
    let column = match sort {
        KeySort::Created => "id",
        KeySort::Name => "name_key",
        KeySort::Expires => EXPIRY,
        KeySort::LastUsed => USE,
    };
    if let Some(cursor) = &page.cursor {
        after(&mut conditions, column, sort, descending, cursor)?;
    }
    let direction = if descending { "DESC" } else { "ASC" };
    let condition = conditions.joined();
    let order = match sort {
        KeySort::Created => format!("id {direction}"),
        KeySort::Name | KeySort::Expires | KeySort::LastUsed => format!("{column} {direction}, id {direction}"),
    };
    let limit = i64::from(page.limit) + 1;
    let sql = format!("SELECT {} FROM keys WHERE {condition} ORDER BY {order} LIMIT {limit}", row::KEY);
    let mut items =
        connection.prepare_cached(&sql)?.query_map(params_from_iter(conditions.values), row::to_key)?.collect::<Result<Vec<_>, _>>()?;
    let next = page_end(&mut items, page.limit).map(|last| KeyCursor::at(last, sort).written().map_err(row::unreadable)).transpose()?;
    Ok(Page { items, next })
}

pub(super) fn count(connection: &Connection, filter: &KeyFilter, now: UnixMillis) -> Result<usize, StoreError> {
    let conditions = filtered(filter, now);
    let sql = format!("SELECT count(*) FROM keys WHERE {}", conditions.joined());
    let count: i64 = connection.prepare_cached(&sql)?.query_row(params_from_iter(conditions.values), |row| row.get(0))?;
    usize::try_from(count).map_err(row::unreadable)
}

fn filtered(filter: &KeyFilter, now: UnixMillis) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(kind) = filter.kind {
        conditions.and("kind = ?", Sql::Text(kind.as_str().to_owned()));
    }
    if let Some(owner) = filter.owner {
        conditions.and("owner = ?", Sql::Integer(owner.0));
    }
    if let Some(policy) = filter.policy {
        conditions.and("policy = ?", Sql::Blob(policy.0.as_bytes().to_vec()));
    }
    if let Some(name) = &filter.name {
        conditions.and("instr(name_key, ?) > 0", Sql::Text(keybearer_core::name::canonical(name)));
    }
    if let Some(before) = filter.expires_before {
        conditions.and(&format!("{EXPIRY} < ?"), Sql::Integer(before.0));
    }
    if let Some(before) = filter.created_before {
        conditions.and("created_at < ?", Sql::Integer(before.0));
    }
    if let Some(since) = filter.unused_since {
        conditions.and(&format!("{USE} < ?"), Sql::Integer(since.0));
    }
    match filter.state {
        Some(KeyStateFilter::Active) => {
            conditions.and(&format!("revoked_at IS NULL AND {EXPIRY} > ?"), Sql::Integer(now.0));
        }
        Some(KeyStateFilter::Expired) => {
            conditions.and(&format!("revoked_at IS NULL AND {EXPIRY} <= ?"), Sql::Integer(now.0));
        }
        Some(KeyStateFilter::Revoked) => conditions.sql.push("revoked_at IS NOT NULL".into()),
        Some(KeyStateFilter::NotRevoked) => conditions.sql.push("revoked_at IS NULL".into()),
        None => {}
    }
    conditions
}

fn after(conditions: &mut Conditions, column: &str, sort: KeySort, descending: bool, cursor: &str) -> Result<(), StoreError> {
    let beyond = if descending { '<' } else { '>' };
    let blob = |id: KeyId| Sql::Blob(id.as_bytes().to_vec());
    let (value, id) = match KeyCursor::parse(cursor, sort)? {
        KeyCursor::Id(id) => {
            conditions.and(&format!("id {beyond} ?"), blob(id));
            return Ok(());
        }
        KeyCursor::Number(number, id) => (Sql::Integer(number), blob(id)),
        KeyCursor::Text(text, id) => (Sql::Text(text), blob(id)),
    };
    conditions.values.extend([value, id]);
    let (at, tie) = (conditions.values.len() - 1, conditions.values.len());
    conditions.sql.push(format!("({column}, id) {beyond} (?{at}, ?{tie})"));
    Ok(())
}
