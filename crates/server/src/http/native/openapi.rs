//! The OpenAPI document of `/v1`, made from the route table.

use std::sync::Arc;

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use keybearer_api::Problem;
use utoipa::{PartialSchema, ToSchema};

use super::table;

/// What operations are about, in the order in which somebody meets it. A test holds this list against the operations.
const TAGS: &[(&str, &str)] = &[
    ("sessions", "Signing in with user name and password, and out again. A session is what a person has; programs come with a key."),
    ("whoami", "What the server makes of a credential: the first thing to ask when something is refused."),
    ("keys", "Keys of people and of services: make, list, change, revoke. The secret is told once, when a key is made."),
    ("verification", "What a service asks that was shown a key: is it good, and may it do that? Answers come from memory."),
    ("policies", "Named sets of permissions. A key of a service has one, and may do what it grants."),
    ("gates", "Named requirements by which proxies ask whether a request may go on: `/gate/{name}`."),
    ("permissions", "What there is to grant. Each service declares its own; their full names are `service:name`."),
    ("accounts", "People: their role, their standing, and their consent, on which their keys depend."),
    ("audit", "Every change, with who made it and what it changed, and counts of everything."),
    ("health", "Whether the server runs and is ready, what it measures, and this document."),
];

/// The document: OpenAPI 3.1.
#[must_use]
pub fn document() -> OpenApi {
    let info =
        InfoBuilder::new().title("Keybearer").version(env!("CARGO_PKG_VERSION")).description(Some(include_str!("openapi.md"))).build();
    // Errors are worded by a layer, not by a handler: their shape is added here.
    let mut problem = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut problem);
    let components = ComponentsBuilder::new()
        .schemas_from_iter(problem)
        .security_scheme("bearer", http(HttpAuthScheme::Bearer, "The token of a session, from `POST /v1/sessions`, or the token of a key."))
        .security_scheme("pair", http(HttpAuthScheme::Basic, "A key as a pair: its `id` is the user name, its `secret` the password."))
        .security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-API-Key", "The token of a key."))))
        .build();
    let mut document = OpenApiBuilder::new().info(info).components(Some(components)).build();
    document.merge(table().split_for_parts().1);
    document.tags = Some(TAGS.iter().map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build()).collect());
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(name);
    }
    document
}

fn http(scheme: HttpAuthScheme, text: &str) -> SecurityScheme {
    SecurityScheme::Http(HttpBuilder::new().scheme(scheme).description(Some(text)).build())
}

/// The name of a handler is its own within its file, that of an operation within the document.
fn name(operation: &mut Operation) {
    if let (Some(tag), Some(id)) = (operation.tags.as_deref().and_then(<[String]>::first), &mut operation.operation_id)
        && tag != id
    {
        *id = format!("{tag}_{id}");
    }
}

/// The document as it is served, written out once.
#[derive(Clone)]
pub(super) struct Written(Arc<str>);

impl Written {
    pub(super) fn new() -> Self {
        // A document that could not be written would fail the test that compares it with the committed one.
        Self(document().to_pretty_json().unwrap_or_default().into())
    }
}

/// This document.
///
/// For everyone.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) async fn serve(Extension(Written(document)): Extension<Written>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], document.to_string())
}
