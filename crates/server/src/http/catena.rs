//! The Catena face over HTTP+JSON: a table of method, path and RPC; what the RPCs do stands in [`crate::catena`].

mod answer;
mod transcode;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub(super) use self::answer::render;
use self::transcode::{Rpc, transcode};
use crate::app::App;
use crate::catena::v1::catena_api_keys_server::CatenaApiKeys;

/// One RPC over HTTP.
pub struct Row {
    /// The method. `POST` and `PUT` have a body, which is the request message.
    pub method: Method,
    /// The path. A parameter is the field of that name in the request message, whatever the body says.
    pub path: &'static str,
    /// The name of the RPC.
    pub rpc: &'static str,
    handler: MethodRouter<Arc<App>>,
}

/// All RPCs. `{key}` is the id of a key.
#[must_use]
pub fn table() -> [Row; 11] {
    [
        row(Method::GET, "/api/v1/api_keys/test", "TestApiKey", |s, m| s.test_api_key(m)),
        row(Method::GET, "/api/v1/api_keys/healthz", "GetServiceHealth", |s, m| s.get_service_health(m)),
        row(Method::GET, "/api/v1/api_keys/permissions", "AdminGetApiKeyPermissions", |s, m| s.admin_get_api_key_permissions(m)),
        row(Method::GET, "/api/v1/api_keys/policies", "AdminGetApiKeyPolicies", |s, m| s.admin_get_api_key_policies(m)),
        row(Method::POST, "/api/v1/api_keys/policies", "AdminCreateApiKeyPolicy", |s, m| s.admin_create_api_key_policy(m)),
        row_with(clear_permissions, Method::PUT, "/api/v1/api_keys/policies/{id}", "AdminUpdateApiKeyPolicy", |s, m| {
            s.admin_update_api_key_policy(m)
        }),
        row(Method::DELETE, "/api/v1/api_keys/policies/{id}", "AdminDeleteApiKeyPolicy", |s, m| s.admin_delete_api_key_policy(m)),
        row(Method::GET, "/api/v1/api_keys", "AdminGetApiKeys", |s, m| s.admin_get_api_keys(m)),
        row(Method::POST, "/api/v1/api_keys", "AdminCreateApiKey", |s, m| s.admin_create_api_key(m)),
        row(Method::PUT, "/api/v1/api_keys/{key}", "AdminUpdateApiKey", |s, m| s.admin_update_api_key(m)),
        row(Method::DELETE, "/api/v1/api_keys/{key}", "AdminDeleteApiKey", |s, m| s.admin_delete_api_key(m)),
    ]
}

/// In JSON an empty list is one that was written, so it means what it says; the message needs a flag for that.
fn clear_permissions(body: &mut Map<String, Value>) {
    if body.get("permissions").is_some_and(|permissions| permissions.as_array().is_some_and(Vec::is_empty)) {
        body.insert("clearPermissions".into(), true.into());
    }
}

fn row<Q, A>(method: Method, path: &'static str, rpc: &'static str, call: Rpc<Q, A>) -> Row
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + 'static,
{
    row_with(|_| {}, method, path, rpc, call)
}

/// A row whose JSON is prepared before it becomes the request message.
fn row_with<Q, A>(prepare: fn(&mut Map<String, Value>), method: Method, path: &'static str, rpc: &'static str, call: Rpc<Q, A>) -> Row
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + 'static,
{
    let filter = MethodFilter::try_from(method.clone()).expect("the methods of the table are common ones");
    let handler = on(filter, move |State(app): State<Arc<App>>, request: Request| transcode(app, request, prepare, call));
    Row { method, path, rpc, handler }
}

pub(super) fn router() -> Router<Arc<App>> {
    table().into_iter().fold(Router::new(), |router, row| router.route(row.path, row.handler))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rpc_of_the_proto_has_a_row() {
        let proto = include_str!("../../proto/keybearer/catena/v1/api_keys.proto");
        let rpcs: BTreeSet<&str> =
            proto.lines().filter_map(|line| line.trim_start().strip_prefix("rpc ")?.split_once('(')).map(|(name, _)| name).collect();
        assert_eq!(rpcs, table().iter().map(|row| row.rpc).collect());
    }
}
