//! The FreeSewing face: `/apikeys` and `/whoami` (section 4.2 of the design, seeds 000 to 003). Keys of people only.
//!
//! The last segment of a path names the credential: `jwt` a session token, `key` the pair of a key.

mod apikey;
mod create;
mod credential;
mod delete;
mod envelope;
mod failure;
mod list;
mod read;
mod whoami;

use std::sync::Arc;

use axum::Router;
use axum::routing::on;

pub(super) use self::failure::render;
use crate::app::App;
use crate::http::table::{self, Operation};

/// Every operation: the one table behind the router and [`ROUTES`].
const TABLE: &[Operation] = &[
    ("POST", "/apikeys/jwt", |method| on(method, create::create)),
    ("POST", "/apikeys/key", |method| on(method, create::create)),
    ("GET", "/apikeys/jwt", |method| on(method, list::list)),
    ("GET", "/apikeys/key", |method| on(method, list::list)),
    ("GET", "/apikeys/{id}/jwt", |method| on(method, read::read)),
    ("GET", "/apikeys/{id}/key", |method| on(method, read::read)),
    ("DELETE", "/apikeys/{id}/jwt", |method| on(method, delete::delete)),
    ("DELETE", "/apikeys/{id}/key", |method| on(method, delete::delete)),
    ("GET", "/whoami/jwt", |method| on(method, whoami::whoami)),
    ("GET", "/whoami/key", |method| on(method, whoami::whoami)),
];

/// Method and path of every operation, for the authorisation test.
pub const ROUTES: &[(&str, &str)] = &table::routes::<{ TABLE.len() }>(TABLE);

pub(super) fn router() -> Router<Arc<App>> {
    table::router(TABLE)
}
