//! The native face: `/v1`, problem+json (section 4.1 of the design). The route table below feeds the router, the OpenAPI document and the
//! authorisation test.

mod accounts;
mod cluster;
mod dress;
mod events;
mod extract;
mod gates;
mod keys;
mod metrics;
mod openapi;
mod permissions;
mod policies;
mod problem;
mod sessions;
mod verify;
mod version;
mod whoami;
mod written;

use std::sync::Arc;

use axum::{Extension, Router};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::keys::{PATH as KEY, named_by as key_at, revoke_one};
pub use self::openapi::document;
pub(super) use self::problem::render;
pub(super) use self::verify::{PATH as VERIFY, answer_in_force as verify_in_force, read_and_answer as verify_one};
use crate::app::App;
use crate::http::health;

/// Every route of `/v1`, and the few beside it that answer anyone.
fn table() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(whoami::whoami))
        .routes(routes!(accounts::create, accounts::list))
        .routes(routes!(accounts::read, accounts::change, accounts::delete))
        .routes(routes!(accounts::revoke_keys))
        .routes(routes!(keys::create, keys::list))
        .routes(routes!(keys::read, keys::change, keys::revoke))
        .routes(routes!(keys::revoke_many))
        .routes(routes!(policies::create, policies::list))
        .routes(routes!(policies::read, policies::put, policies::delete))
        .routes(routes!(gates::list))
        .routes(routes!(gates::read, gates::put, gates::delete))
        .routes(routes!(permissions::list))
        .routes(routes!(permissions::declare))
        .routes(routes!(verify::verify))
        .routes(routes!(verify::verify_batch))
        .routes(routes!(verify::explain))
        .routes(routes!(events::list))
        .routes(routes!(events::stats))
        .routes(routes!(cluster::show))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::serve))
}

pub(super) fn router() -> Router<Arc<App>> {
    Router::from(table()).layer(Extension(openapi::Written::new()))
}
