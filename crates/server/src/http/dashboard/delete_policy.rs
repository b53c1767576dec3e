//! `/dashboard/policies/{id}/delete`: names every key that dies with the policy, and wants its name to be typed.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use keybearer_core::name::canonical;
use keybearer_store::{Cascade, Key, Policy};
use sha2::{Digest, Sha256};

use super::fields::Fields;
use super::keys::{self, Row};
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use super::{edit_policy, policies};
use crate::app::App;
use crate::error::{AppError, Conflict};
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "delete_policy.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    policy: &'a Policy,
    rows: Vec<Row>,
    /// See [`seen`].
    seen: String,
}

/// A policy, and the keys that die with it.
struct Doomed {
    policy: Policy,
    keys: Vec<Key>,
}

async fn doomed(app: &App, visit: &Visit, id: &str) -> Result<Doomed, AppError> {
    let caller = &visit.admin()?.caller;
    let policy = ops::policy::read(app, caller, policies::id(id)?).await?;
    let keys = ops::key::all_with_policy(app, caller, policy.id).await?;
    Ok(Doomed { policy, keys })
}

/// Tells one set of keys from another, so that none dies that the page did not name.
fn seen(keys: &[Key]) -> String {
    let mut hash = Sha256::new();
    keys.iter().for_each(|key| hash.update(key.id.as_uuid().as_bytes()));
    BASE64.encode(hash.finalize())
}

fn show(visit: &Visit, status: StatusCode, fields: &Fields, Doomed { policy, keys }: &Doomed) -> Result<Response, AppError> {
    let rows = keys.iter().map(|key| keys::row(visit, key)).collect();
    visit.page(status, &Page { visit, fields, policy, rows, seen: seen(keys) })
}

pub(super) async fn ask(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    show(&visit, StatusCode::OK, &Fields::default(), &doomed(&app, &visit, &id).await?)
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    InPath(id): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let found = doomed(&app, &visit, &id).await?;
    if fields.value("seen") != seen(&found.keys) {
        fields.blame("", visit.t("policy-keys-changed"));
        return show(&visit, StatusCode::CONFLICT, &fields, &found);
    }
    if !found.keys.is_empty() && canonical(fields.value("name")) != canonical(&found.policy.name) {
        fields.blame("name", visit.t("policy-name-differs"));
        return show(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, &found);
    }
    let named = found.keys.iter().map(|key| key.id).collect();
    let (caller, version) = (&visit.admin()?.caller, edit_policy::version(&fields));
    match ops::policy::delete(&app, &visit.request, caller, found.policy.id, Cascade::These(named), Some(version)).await {
        Ok(revoked) => Ok(visit.go_saying("/dashboard/policies", msg("note-policy-deleted"), revoked.len())),
        Err(error @ (AppError::VersionMismatch | AppError::Conflict(Conflict::PolicyInUse(_)))) => {
            let (status, text) = match error {
                AppError::VersionMismatch => (StatusCode::PRECONDITION_FAILED, msg("version-mismatch")),
                _ => (StatusCode::CONFLICT, msg("policy-keys-changed")),
            };
            fields.blame("", visit.t(text));
            show(&visit, status, &fields, &doomed(&app, &visit, &id).await?)
        }
        Err(error) => Err(error),
    }
}
