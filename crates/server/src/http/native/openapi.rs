//! The OpenAPI document of `/v1`, made from the route table.

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

use super::table;

/// The document: OpenAPI 3.1.
#[must_use]
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Keybearer")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("API keys of people and of services: issued, verified and revoked. Errors are problem+json (RFC 9457)."))
        .build();
    let schemes = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .security_scheme("pair", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)))
        .security_scheme(
            "key",
            SecurityScheme::ApiKey(utoipa::openapi::security::ApiKey::Header(utoipa::openapi::security::ApiKeyValue::new("X-API-Key"))),
        )
        .build();
    let mut document = OpenApiBuilder::new().info(info).components(Some(schemes)).build();
    document.merge(table().split_for_parts().1);
    document
}

/// `GET /openapi.json`.
pub(super) async fn serve() -> impl IntoResponse {
    let json = document().to_pretty_json().unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], json)
}
