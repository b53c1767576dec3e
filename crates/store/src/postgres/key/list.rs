//! Lists of keys: filters, four orders, and pages that begin where the last one ended, whatever was made or revoked meanwhile.

use keybearer_core::key::KeyKind;
use keybearer_core::name::canonical;
use keybearer_core::time::UnixMillis;

use super::super::conditions::Conditions;
use super::super::connection::Transaction;
use super::super::row::{self, IS_NOT_REVOKED, IS_REVOKED};
use super::super::value::{get, unreadable};
use crate::key_cursor::KeyCursor;
use crate::{Key, KeyFilter, KeySort, KeyStateFilter, Page, PageRequest, StoreError, page_end};

/// When a key ends, as its index has it: what has no end comes last.
const EXPIRY: &str = "coalesce(expires_at, 9223372036854775807)";
/// When a key was last used, as its index has it: what was never used comes first.
const USE: &str = "coalesce(last_used_at, 0)";

pub(super) async fn keys(
    transaction: &Transaction,
    filter: KeyFilter,
    (sort, descending): (KeySort, bool),
    now: UnixMillis,
    page: PageRequest,
) -> Result<Page<Key>, StoreError> {
    let name = filter.name.as_deref().map(canonical);
    let mut conditions = filtered(&filter, name.as_deref(), now);
    let column = match sort {
        KeySort::Created => "id",
        KeySort::Name => "name_key",
        KeySort::Expires => EXPIRY,
        KeySort::LastUsed => USE,
    };
    let beyond = if descending { '<' } else { '>' };
    let cursor = page.cursor.as_deref().map(|cursor| KeyCursor::parse(cursor, sort)).transpose()?;
    match &cursor {
        None => {}
        Some(KeyCursor::Id(id)) => conditions.and(&format!("id {beyond} ?"), Some(*id)),
        Some(KeyCursor::Number(number, id)) => {
            conditions.and_both(&format!("({column}, id) {beyond} (?1, ?2)"), (*number).into(), (*id).into());
        }
        Some(KeyCursor::Text(text, _)) if text.contains('\0') => return Err(StoreError::BadCursor),
        Some(KeyCursor::Text(text, id)) => {
            conditions.and_both(&format!("({column}, id) {beyond} (?1, ?2)"), text.into(), (*id).into());
        }
    }
    let direction = if descending { "DESC" } else { "ASC" };
    let order = match sort {
        KeySort::Created => format!("id {direction}"),
        KeySort::Name | KeySort::Expires | KeySort::LastUsed => format!("{column} {direction}, id {direction}"),
    };
    let end = format!("ORDER BY {order} LIMIT {}", i64::from(page.limit) + 1);
    let parts = parts(&filter).iter().map(|part| format!("(SELECT * FROM keys WHERE {part} AND {} {end})", conditions.sql()));
    let sql = format!("SELECT {} FROM ({}) AS keys {end}", row::KEY, parts.collect::<Vec<_>>().join(" UNION ALL "));
    let rows = transaction.query(&sql, conditions.values()).await?;
    let mut items = rows.iter().map(row::to_key).collect::<Result<Vec<_>, _>>()?;
    let next = page_end(&mut items, page.limit).map(|last| KeyCursor::at(last, sort).written().map_err(unreadable)).transpose()?;
    Ok(Page { items, next })
}

pub(super) async fn count(transaction: &Transaction, filter: KeyFilter, now: UnixMillis) -> Result<usize, StoreError> {
    let name = filter.name.as_deref().map(canonical);
    let conditions = filtered(&filter, name.as_deref(), now);
    let parts = parts(&filter).iter().map(|part| format!("(SELECT count(*) FROM keys WHERE {part} AND {})", conditions.sql()));
    let sql = format!("SELECT {}", parts.collect::<Vec<_>>().join(" + "));
    get::<i64>(&transaction.one(&sql, conditions.values()).await?, 0)?.try_into().map_err(unreadable)
}

/// What those fulfil besides, in parts that have nothing in common.
fn parts(filter: &KeyFilter) -> &'static [&'static str] {
    if filter.state == Some(KeyStateFilter::Revoked) { &IS_REVOKED } else { &["TRUE"] }
}

fn filtered<'a>(filter: &KeyFilter, name: Option<&'a str>, now: UnixMillis) -> Conditions<'a> {
    let mut conditions = Conditions::default();
    conditions.and("kind = ?", filter.kind.map(KeyKind::as_str));
    conditions.and("owner = ?", filter.owner);
    conditions.and("policy = ?", filter.policy);
    conditions.and("strpos(name_key, ?) > 0", name);
    conditions.and(&format!("{EXPIRY} < ?"), filter.expires_before);
    conditions.and("created_at < ?", filter.created_before);
    conditions.and(&format!("{USE} < ?"), filter.unused_since);
    match filter.state {
        Some(KeyStateFilter::Active) => conditions.and(&format!("{IS_NOT_REVOKED} AND {EXPIRY} > ?"), Some(now)),
        Some(KeyStateFilter::Expired) => conditions.and(&format!("{IS_NOT_REVOKED} AND {EXPIRY} <= ?"), Some(now)),
        Some(KeyStateFilter::NotRevoked) => conditions.fixed(IS_NOT_REVOKED),
        Some(KeyStateFilter::Revoked) | None => {}
    }
    conditions
}
