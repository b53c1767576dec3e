//! `/account/keys/delete`: asks which keys are meant, then deletes them.

use std::collections::HashSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::token::KeyId;
use keybearer_store::What;

use super::keys::{self, Badge, Row};
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::key::{MAX_REVOKE, Outcome};

#[derive(Template)]
#[template(path = "delete_keys.html")]
struct Page<'a> {
    visit: &'a Visit,
    rows: Vec<Row>,
    /// Keys that were made with these, and are not among them.
    made: Option<Made>,
}

/// Keys that go on when those are deleted that made them.
struct Made {
    count: usize,
    /// This page, with them.
    address: String,
}

/// Those of the named keys that are the person's own and not revoked.
async fn own(app: &App, visit: &Visit, ids: impl Iterator<Item = &str>) -> Result<Vec<(KeyId, Row)>, AppError> {
    let person = visit.person()?;
    let mut found: Vec<(KeyId, Row)> = Vec::new();
    for id in ids.take(MAX_REVOKE).filter_map(|id| id.parse::<KeyId>().ok()) {
        match ops::key::read(app, &person.caller, id).await {
            // A form or an address may name a key twice.
            Ok(key) if key.holder.owner() == Some(person.account.id) && found.iter().all(|(known, _)| *known != id) => {
                found.push((id, keys::row(visit, &key)));
            }
            Ok(_) | Err(AppError::NotFound(What::Key)) => {}
            Err(error) => return Err(error),
        }
    }
    found.retain(|(_, row)| row.state != Badge::Revoked);
    Ok(found)
}

/// What these keys made of the person's own, if there is room for it in the same request.
async fn made(app: &App, visit: &Visit, found: &[(KeyId, Row)]) -> Result<Option<Made>, AppError> {
    let person = visit.person()?;
    let mut ids: Vec<KeyId> = found.iter().map(|(id, _)| *id).collect();
    for (id, _) in found {
        match ops::key::descendants(app, &person.caller, *id).await {
            Ok(made) => ids.extend(made.iter().filter(|key| key.holder.owner() == Some(person.account.id)).map(|key| key.id)),
            // It is gone meanwhile.
            Err(AppError::NotFound(What::Key)) => {}
            Err(error) => return Err(error),
        }
    }
    let mut known = HashSet::new();
    ids.retain(|id| known.insert(*id));
    let count = ids.len() - found.len();
    if count == 0 || ids.len() > MAX_REVOKE {
        return Ok(None);
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(ids.iter().map(|id| ("id", id.to_string()))).finish();
    Ok(Some(Made { count, address: format!("/account/keys/delete?{query}") }))
}

pub(super) async fn ask(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let ids = visit.query_all("id");
    let found = own(&app, &visit, ids.iter().map(String::as_str)).await?;
    let made = made(&app, &visit, &found).await?;
    let rows = found.into_iter().map(|(_, row)| row).collect();
    visit.page(StatusCode::OK, &Page { visit: &visit, rows, made })
}

pub(super) async fn delete(State(app): State<Arc<App>>, Posted { visit, fields }: Posted) -> Result<Response, AppError> {
    let ids: Vec<KeyId> = own(&app, &visit, fields.all("id")).await?.into_iter().map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Err(AppError::NotFound(What::Key));
    }
    let outcomes = ops::key::revoke_many(&app, &visit.request, &visit.person()?.caller, &ids).await?;
    let deleted = outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Revoked).count();
    Ok(visit.go_saying("/account", msg("note-keys-deleted"), deleted))
}
