//! `/dashboard/keys/{id}/revoke`: a key, with all that it made and what those made. Says which these are, then revokes them.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::key::KeyState;
use keybearer_core::token::KeyId;
use keybearer_store::{Cascade, Key, What};

use super::all_keys::{self, Column, Entry, search};
use super::fields::Fields;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "revoke_made.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    /// The key that made the others.
    key: &'a Key,
    entries: Vec<Entry>,
    columns: Vec<Column>,
}

/// The key, and all that would be revoked: perhaps not itself, where that was done already.
async fn doomed(app: &App, visit: &Visit, id: KeyId) -> Result<(Key, Vec<Key>), AppError> {
    let caller = &visit.admin()?.caller;
    let key = ops::key::read(app, caller, id).await?;
    let mut doomed = ops::key::descendants(app, caller, id).await?;
    if !matches!(key.lifecycle.state(visit.now()), KeyState::Revoked(_)) {
        doomed.insert(0, key.clone());
    }
    Ok((key, doomed))
}

async fn show(app: &App, visit: &Visit, status: StatusCode, fields: &Fields, id: KeyId) -> Result<Response, AppError> {
    let (key, doomed) = doomed(app, visit, id).await?;
    let entries = all_keys::entries(app, visit, &doomed)?;
    visit.page(status, &Page { visit, fields, key: &key, entries, columns: all_keys::columns(None) })
}

fn id(text: &str) -> Result<KeyId, AppError> {
    text.parse().map_err(|_| AppError::NotFound(What::Key))
}

pub(super) async fn ask(State(app): State<Arc<App>>, InPath(text): InPath, Member(visit): Member) -> Result<Response, AppError> {
    visit.admin()?;
    show(&app, &visit, StatusCode::OK, &Fields::default(), id(&text)?).await
}

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    InPath(text): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let id = id(&text)?;
    let named = fields.all("id").filter_map(|text| text.parse().ok()).collect();
    match ops::key::revoke(&app, &visit.request, caller, id, None, Cascade::These(named)).await {
        Ok(revoked) => Ok(visit.go_saying(&format!("{}/{id}", search::PATH), msg("note-keys-revoked"), revoked.len())),
        Err(AppError::VersionMismatch) => {
            fields.blame("", visit.t("revoke-made-changed"));
            show(&app, &visit, StatusCode::CONFLICT, &fields, id).await
        }
        Err(error) => Err(error),
    }
}
