//! The dashboard: pages for people, made on the server, which call the same operations as `/v1`. A page is a file here, a template, its
//! messages in both languages, and a row in the table below.

mod account;
mod account_details;
mod account_password;
mod account_sessions;
mod account_step;
mod accounts;
mod all_keys;
mod assets;
mod audit;
mod cluster;
mod cookies;
mod delete_gate;
mod delete_keys;
mod delete_policy;
mod docs;
mod edit_gate;
mod edit_policy;
mod email;
mod explain;
mod failure;
mod fields;
mod gate_form;
mod gates;
mod grants;
mod home;
mod kept;
mod keys;
mod levels;
mod lifetime;
mod made;
mod message;
mod metadata;
mod moment;
mod nav;
mod new_account;
mod new_gate;
mod new_key;
mod new_policy;
mod new_service_key;
mod note;
mod one_key;
mod overview;
mod password;
mod permissions;
mod policies;
mod policy_form;
mod posted;
mod preferences;
mod reset;
mod revoke_keys;
mod revoke_made;
mod secret;
mod security;
mod sessions;
mod setup;
mod shell;
mod sign_in;
mod sign_out;
mod standing;
mod texts;
mod their_new_key;
mod visit;
mod wording;

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::on;
use axum::{Extension, Router};
use utoipa::openapi::OpenApi;

pub(super) use self::failure::render;
pub(super) use self::visit::Visit;
use crate::app::App;
use crate::http::table::{self, Operation};

/// Every page and every form: the one table behind the router and [`ROUTES`].
const TABLE: &[Operation] = &[
    ("GET", "/", |method| on(method, home::home)),
    ("GET", "/assets/{name}", |method| on(method, assets::serve).layer(assets::compressed())),
    ("POST", "/preferences", |method| on(method, preferences::set)),
    ("GET", "/setup/{nonce}", |method| on(method, setup::form)),
    ("POST", "/setup/{nonce}", |method| on(method, setup::create)),
    ("GET", "/reset/{token}", |method| on(method, reset::form)),
    ("POST", "/reset/{token}", |method| on(method, reset::set)),
    ("GET", "/sign-in", |method| on(method, sign_in::form)),
    ("POST", "/sign-in", |method| on(method, sign_in::sign_in)),
    ("POST", "/sign-out", |method| on(method, sign_out::sign_out)),
    ("GET", "/dashboard", |method| on(method, overview::overview)),
    ("GET", "/dashboard/policies", |method| on(method, policies::list)),
    ("GET", "/dashboard/policies/new", |method| on(method, new_policy::form)),
    ("POST", "/dashboard/policies/new", |method| on(method, new_policy::create)),
    ("GET", "/dashboard/policies/{id}", |method| on(method, edit_policy::form)),
    ("POST", "/dashboard/policies/{id}", |method| on(method, edit_policy::change)),
    ("GET", "/dashboard/policies/{id}/delete", |method| on(method, delete_policy::ask)),
    ("POST", "/dashboard/policies/{id}/delete", |method| on(method, delete_policy::delete)),
    ("GET", "/dashboard/gates", |method| on(method, gates::list)),
    ("GET", "/dashboard/gates/new", |method| on(method, new_gate::form)),
    ("POST", "/dashboard/gates/new", |method| on(method, new_gate::create)),
    ("GET", "/dashboard/gates/{name}", |method| on(method, edit_gate::form)),
    ("POST", "/dashboard/gates/{name}", |method| on(method, edit_gate::change)),
    ("GET", "/dashboard/gates/{name}/delete", |method| on(method, delete_gate::ask)),
    ("POST", "/dashboard/gates/{name}/delete", |method| on(method, delete_gate::delete)),
    ("GET", "/dashboard/permissions", |method| on(method, permissions::list)),
    ("GET", "/dashboard/accounts", |method| on(method, accounts::list)),
    ("GET", "/dashboard/accounts/new", |method| on(method, new_account::form)),
    ("POST", "/dashboard/accounts/new", |method| on(method, new_account::create)),
    ("GET", "/dashboard/accounts/{id}", |method| on(method, account::page)),
    ("GET", "/dashboard/accounts/{id}/details", |method| on(method, account_details::form)),
    ("POST", "/dashboard/accounts/{id}/details", |method| on(method, account_details::change)),
    ("GET", "/dashboard/accounts/{id}/password", |method| on(method, account_password::form)),
    ("POST", "/dashboard/accounts/{id}/password", |method| on(method, account_password::set)),
    ("GET", "/dashboard/accounts/{id}/sessions", |method| on(method, account_sessions::list)),
    ("POST", "/dashboard/accounts/{id}/sessions", |method| on(method, account_sessions::end)),
    ("GET", "/dashboard/accounts/{id}/keys/new", |method| on(method, their_new_key::form)),
    ("POST", "/dashboard/accounts/{id}/keys/new", |method| on(method, their_new_key::create)),
    ("GET", "/dashboard/accounts/{id}/{step}", |method| on(method, account_step::ask)),
    ("POST", "/dashboard/accounts/{id}/{step}", |method| on(method, account_step::take)),
    ("GET", "/dashboard/keys", |method| on(method, all_keys::list)),
    ("GET", "/dashboard/keys/new", |method| on(method, new_service_key::form)),
    ("POST", "/dashboard/keys/new", |method| on(method, new_service_key::create)),
    ("GET", "/dashboard/keys/revoke", |method| on(method, revoke_keys::ask)),
    ("POST", "/dashboard/keys/revoke", |method| on(method, revoke_keys::revoke)),
    ("GET", "/dashboard/keys/{id}", |method| on(method, one_key::show)),
    ("POST", "/dashboard/keys/{id}", |method| on(method, one_key::change)),
    ("GET", "/dashboard/cluster", |method| on(method, cluster::show)),
    ("GET", "/dashboard/audit", |method| on(method, audit::list)),
    ("GET", "/dashboard/audit/events.jsonl", |method| on(method, audit::download)),
    ("GET", "/explain", |method| on(method, explain::show)),
    ("POST", "/explain", |method| on(method, explain::ask)),
    ("GET", "/dashboard/keys/{id}/revoke", |method| on(method, revoke_made::ask)),
    ("POST", "/dashboard/keys/{id}/revoke", |method| on(method, revoke_made::revoke)),
    ("GET", "/account", |method| on(method, keys::list)),
    ("GET", "/account/keys/new", |method| on(method, new_key::form)),
    ("POST", "/account/keys/new", |method| on(method, new_key::create)),
    ("GET", "/account/keys/delete", |method| on(method, delete_keys::ask)),
    ("POST", "/account/keys/delete", |method| on(method, delete_keys::delete)),
    ("GET", "/account/security", |method| on(method, security::page)),
    ("GET", "/account/email", |method| on(method, email::form)),
    ("POST", "/account/email", |method| on(method, email::change)),
    ("POST", "/account/password", |method| on(method, password::change)),
    ("POST", "/account/sessions/end", |method| on(method, sessions::end)),
    ("POST", "/account/sessions/end-others", |method| on(method, sessions::end_others)),
    ("GET", "/account/standing/{what}", |method| on(method, standing::ask)),
    ("POST", "/account/standing/{what}", |method| on(method, standing::change)),
    ("GET", "/docs", |method| on(method, docs::overview)),
    ("GET", "/docs/{tag}", |method| on(method, docs::section)),
];

/// Method and path of every page and form, for the authorisation test.
pub const ROUTES: &[(&str, &str)] = &table::routes::<{ TABLE.len() }>(TABLE);

/// What all paths of this face begin with, besides the root.
const FOLDERS: &[&str] =
    &["/account", "/assets", "/dashboard", "/docs", "/explain", "/preferences", "/reset", "/setup", "/sign-in", "/sign-out"];

/// Whether this face answers for a path.
pub(super) fn answers(path: &str) -> bool {
    let below = |folder: &&str| path.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    path == "/" || FOLDERS.iter().any(below)
}

/// The pages; those of the reference show the document that this makes.
pub(super) fn router(document: fn() -> OpenApi) -> Router<Arc<App>> {
    table::router(TABLE).layer(Extension(docs::Docs::of(document)))
}

/// What every answer of this face carries: it loads nothing from elsewhere, runs nothing that is written into it, stands in no frame, tells
/// nobody where the person came from, and is kept nowhere, unless it says otherwise itself.
pub(super) fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    let policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // Not `no-referrer`: with that, browsers say of our own forms that they come from nowhere.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
