//! The OpenAPI document of `/v1`, made from the route table.

use std::sync::Arc;

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use keybearer_api::Problem;
use utoipa::{PartialSchema, ToSchema};

use super::table;

/// The document: OpenAPI 3.1.
#[must_use]
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Keybearer")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("API keys of people and of services: issued, verified and revoked. Errors are problem+json (RFC 9457)."))
        .build();
    // Errors are worded by a layer, not by a handler: their shape is added here.
    let mut problem = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut problem);
    let components = ComponentsBuilder::new()
        .schemas_from_iter(problem)
        .security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .security_scheme("pair", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)))
        .security_scheme(
            "key",
            SecurityScheme::ApiKey(utoipa::openapi::security::ApiKey::Header(utoipa::openapi::security::ApiKeyValue::new("X-API-Key"))),
        )
        .build();
    let mut document = OpenApiBuilder::new().info(info).components(Some(components)).build();
    document.merge(table().split_for_parts().1);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        operations.into_iter().flatten().for_each(name);
    }
    document
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
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) async fn serve(Extension(Written(document)): Extension<Written>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], document.to_string())
}
