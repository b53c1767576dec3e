//! `/dashboard/keys/revoke`: says which keys would be revoked, then revokes them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::key::KeyState;
use keybearer_core::token::KeyId;
use keybearer_store::{Key, What};

use super::all_keys::search::Search;
use super::all_keys::{self, Column, Entry};
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::key::{MAX_REVOKE, Outcome};

#[derive(Template)]
#[template(path = "revoke_keys.html")]
struct Page<'a> {
    visit: &'a Visit,
    entries: Vec<Entry>,
    columns: Vec<Column>,
    /// The list that the person came from.
    back: Search,
}

/// Those of the named keys that are there and not revoked.
async fn living(app: &App, visit: &Visit, ids: impl Iterator<Item = &str>) -> Result<Vec<Key>, AppError> {
    let caller = &visit.admin()?.caller;
    let mut found: Vec<Key> = Vec::new();
    for id in ids.take(MAX_REVOKE).filter_map(|id| id.parse::<KeyId>().ok()) {
        match ops::key::read(app, caller, id).await {
            Ok(key) if found.iter().all(|known| known.id != id) => found.push(key),
            Ok(_) | Err(AppError::NotFound(What::Key)) => {}
            Err(error) => return Err(error),
        }
    }
    found.retain(|key| !matches!(key.lifecycle.state(visit.now()), KeyState::Revoked(_)));
    Ok(found)
}

pub(super) async fn ask(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let ids = visit.query_all("id");
    let keys = living(&app, &visit, ids.iter().map(String::as_str)).await?;
    let entries = all_keys::entries(&app, &visit, &keys)?;
    let back = Search::parse(&visit.query("back").unwrap_or_default());
    visit.page(StatusCode::OK, &Page { visit: &visit, entries, columns: all_keys::columns(None), back })
}

pub(super) async fn revoke(State(app): State<Arc<App>>, Posted { visit, fields }: Posted) -> Result<Response, AppError> {
    let ids: Vec<KeyId> = living(&app, &visit, fields.all("id")).await?.into_iter().map(|key| key.id).collect();
    if ids.is_empty() {
        return Err(AppError::NotFound(What::Key));
    }
    let outcomes = ops::key::revoke_many(&app, &visit.request, &visit.admin()?.caller, &ids).await?;
    let revoked = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Revoked).count();
    // The cursor stays behind: the page that it begins may be empty now.
    let back = Search::parse(fields.value("back")).address(None);
    Ok(visit.go_saying(&back, msg("note-keys-revoked"), revoked))
}
