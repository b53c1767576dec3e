//! The OAuth 2.0 face: token introspection (RFC 7662) and revocation (RFC 7009), for libraries and gateways that know these and nothing of
//! Keybearer. A key is the token; whoever asks is a client in the words of OAuth, by a key or session of its own.
//!
//! Nothing is granted here, so there is no authorization server to describe: clients are told the two addresses.

mod call;
mod failure;
mod introspect;
mod revoke;

use std::sync::Arc;

use axum::Router;
use axum::routing::on;

pub(super) use self::failure::render;
use crate::app::App;
use crate::http::table::{self, Operation};

/// Every operation: the one table behind the router and [`ROUTES`].
const TABLE: &[Operation] = &[
    ("POST", "/oauth2/introspect", |method| on(method, introspect::introspect)),
    ("POST", "/oauth2/revoke", |method| on(method, revoke::revoke)),
];

/// Method and path of every operation, for the authorisation test.
pub const ROUTES: &[(&str, &str)] = &table::routes::<{ TABLE.len() }>(TABLE);

pub(super) fn router() -> Router<Arc<App>> {
    table::router(TABLE)
}
