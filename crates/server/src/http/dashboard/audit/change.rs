//! What an event changed: each field before and after.

use std::collections::BTreeSet;

use keybearer_core::account::Status;
use keybearer_core::key::{KeyKind, RevocationReason};
use keybearer_core::time::UnixMillis;
use serde_json::{Map, Value};

use super::subject::{Subject, Subjects};
use super::words;
use crate::error::AppError;
use crate::http::dashboard::moment::Moment;
use crate::http::dashboard::visit::Visit;
use crate::http::dashboard::{accounts, keys};

/// A field that is not as it was.
pub(super) struct Change {
    /// In words, where there are some.
    pub(super) label: Option<String>,
    /// As the event has it.
    pub(super) field: String,
    pub(super) before: Cell,
    pub(super) after: Cell,
    /// Of a list: how many entries stayed.
    pub(super) stayed: Option<usize>,
}

/// What stands on one side.
pub(super) enum Cell {
    Nothing,
    Text(String),
    Moment(Moment),
    Subject(Subject),
    List(Vec<String>),
}

/// All fields that differ, in the order of their names.
pub(super) async fn of(
    visit: &Visit,
    subjects: &mut Subjects<'_>,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<Vec<Change>, AppError> {
    let nothing = Map::new();
    let side = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_else(|| nothing.clone());
    let (before, after) = (side(before), side(after));
    let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for field in fields {
        let (was, is) = (known(before.get(field)), known(after.get(field)));
        if was == is {
            continue;
        }
        let (before, after, stayed) = match (was.and_then(Value::as_array), is.and_then(Value::as_array)) {
            (Some(was), Some(is)) => {
                let only = |these: &[Value], others: &[Value]| list(these.iter().filter(|one| !others.contains(one)));
                (only(was, is), only(is, was), Some(was.iter().filter(|one| is.contains(one)).count()).filter(|count| *count > 0))
            }
            _ => (cell(visit, subjects, field, was).await?, cell(visit, subjects, field, is).await?, None),
        };
        changes.push(Change { label: words::field(field).map(|label| visit.t(label)), field: field.clone(), before, after, stayed });
    }
    Ok(changes)
}

/// A value that says something.
fn known(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
        _ => true,
    })
}

fn list<'a>(entries: impl Iterator<Item = &'a Value>) -> Cell {
    let entries: Vec<String> = entries.map(plain).collect();
    if entries.is_empty() { Cell::Nothing } else { Cell::List(entries) }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

async fn cell(visit: &Visit, subjects: &mut Subjects<'_>, field: &str, value: Option<&Value>) -> Result<Cell, AppError> {
    let Some(value) = value else { return Ok(Cell::Nothing) };
    if let Some(entries) = value.as_array() {
        return Ok(list(entries.iter()));
    }
    let subject = match (field, value) {
        ("owner" | "account", Value::Number(id)) => Some(format!("account:{id}")),
        ("policy" | "policy_id", Value::String(id)) => Some(format!("policy:{id}")),
        _ => None,
    };
    if let Some(code) = subject {
        return Ok(Cell::Subject(subjects.of(&code).await?));
    }
    if let (true, Some(at)) = (field.ends_with("_at"), value.as_i64()) {
        return Ok(Cell::Moment(visit.moment(&UnixMillis(at))));
    }
    Ok(Cell::Text(in_words(visit, field, value).unwrap_or_else(|| plain(value))))
}

/// A value that is a word of ours, in the language of the visitor.
fn in_words(visit: &Visit, field: &str, value: &Value) -> Option<String> {
    match value {
        Value::Bool(true) => Some(visit.t("audit-yes")),
        Value::Bool(false) => Some(visit.t("audit-no")),
        Value::String(text) => match field {
            "status" => Status::parse(text).map(|status| visit.t(accounts::badge(status).label)),
            "kind" if text == KeyKind::Account.as_str() => Some(visit.t("kind-account")),
            "kind" if text == KeyKind::Service.as_str() => Some(visit.t("kind-service")),
            "reason" => {
                RevocationReason::ALL.into_iter().find(|reason| reason.as_str() == text).map(|reason| visit.t(keys::reason(reason)))
            }
            "password" => Some(visit.t("audit-password-changed")),
            _ => None,
        },
        _ => None,
    }
}
