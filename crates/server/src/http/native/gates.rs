//! `/v1/gates`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use keybearer_api as api;
use keybearer_core::gate::{Carrier, Gate, IdentityHeader};
use keybearer_store::{GateText, IfGate, NamedGate, RuleText};

use super::dress;
use super::extract::{Call, Signed};
use super::problem::Problems;
use super::version::{if_match, with_version};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;
use crate::ops::gates::{GateParts, RuleParts};
use crate::ops::verify::RequirementParts;

fn dressed(named: &NamedGate) -> api::Gate {
    let GateText { any_of, all_of, level, kind, rules, carriers, headers } = GateText::from(&named.gate);
    api::Gate {
        name: named.name.to_string(),
        any_of,
        all_of,
        level: level.map(i64::from),
        kind: kind.map(dress::kind),
        rules: rules.into_iter().map(dressed_rule).collect(),
        carriers: carriers.into_iter().map(carrier).collect(),
        headers: headers.into_iter().map(header).collect(),
        created_at: dress::moment(named.created_at),
        created_by: named.created_by.clone(),
    }
}

fn dressed_rule(rule: RuleText) -> api::GateRule {
    let RuleText { methods, path, any_of, all_of, level, kind } = rule;
    api::GateRule { methods, path, any_of, all_of, level: level.map(i64::from), kind: kind.map(dress::kind) }
}

fn carrier(carrier: Carrier) -> api::Carrier {
    match carrier {
        Carrier::Bearer => api::Carrier::Bearer,
        Carrier::Basic => api::Carrier::Basic,
        Carrier::XApiKey => api::Carrier::XApiKey,
        Carrier::CatenaApiKey => api::Carrier::CatenaApiKey,
    }
}

fn to_carrier(carrier: api::Carrier) -> Carrier {
    match carrier {
        api::Carrier::Bearer => Carrier::Bearer,
        api::Carrier::Basic => Carrier::Basic,
        api::Carrier::XApiKey => Carrier::XApiKey,
        api::Carrier::CatenaApiKey => Carrier::CatenaApiKey,
    }
}

fn header(header: IdentityHeader) -> api::IdentityHeader {
    match header {
        IdentityHeader::XKeyId => api::IdentityHeader::XKeyId,
        IdentityHeader::XOwnerId => api::IdentityHeader::XOwnerId,
        IdentityHeader::XKeyLevel => api::IdentityHeader::XKeyLevel,
        IdentityHeader::XPermissions => api::IdentityHeader::XPermissions,
    }
}

fn to_header(header: api::IdentityHeader) -> IdentityHeader {
    match header {
        api::IdentityHeader::XKeyId => IdentityHeader::XKeyId,
        api::IdentityHeader::XOwnerId => IdentityHeader::XOwnerId,
        api::IdentityHeader::XKeyLevel => IdentityHeader::XKeyLevel,
        api::IdentityHeader::XPermissions => IdentityHeader::XPermissions,
    }
}

fn rule_parts(rule: &api::GateRule) -> RuleParts<'_> {
    let api::GateRule { methods, path, any_of, all_of, level, kind } = rule;
    let requirement = RequirementParts { any_of, all_of, level: *level, kind: kind.map(dress::to_kind) };
    RuleParts { methods, path: path.as_deref(), requirement }
}

fn gate(body: &api::PutGate) -> Result<Gate, AppError> {
    let api::PutGate { any_of, all_of, level, kind, rules, carriers, headers } = body;
    ops::gates::meant(GateParts {
        requirement: RequirementParts { any_of, all_of, level: *level, kind: kind.map(dress::to_kind) },
        rules: rules.iter().map(rule_parts).collect(),
        carriers: carriers.as_ref().map(|carriers| carriers.iter().copied().map(to_carrier).collect()),
        headers: headers.as_ref().map(|headers| headers.iter().copied().map(to_header).collect()),
    })
}

/// What the caller says that it knows.
fn known(headers: &HeaderMap) -> Result<IfGate, AppError> {
    Ok(if_match(headers)?.map_or(IfGate::Whatever, IfGate::Version))
}

/// All gates by name, but for the built-in one, `any`.
///
/// For level 8, and for keys with `keybearer:policies.read`.
#[utoipa::path(get, path = "/v1/gates", tag = "gates",
    responses((status = 200, description = "All of them", body = api::Page<api::Gate>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(State(app): State<Arc<App>>, Signed { caller, .. }: Signed) -> Result<Response, AppError> {
    let items = ops::gates::list(&app, &caller).await?.iter().map(dressed).collect();
    Ok(dress::json(&api::Page::<api::Gate> { items, next_cursor: None }))
}

/// One gate.
///
/// For level 8, and for keys with `keybearer:policies.read`.
#[utoipa::path(get, path = "/v1/gates/{name}", tag = "gates",
    params(("name" = String, Path, description = "Its name", pattern = "^[a-z][a-z0-9._-]{0,63}$", example = "orders")),
    responses((status = 200, description = "The gate; its version is the ETag", body = api::Gate), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn read(State(app): State<Arc<App>>, Signed { caller, .. }: Signed, InPath(name): InPath) -> Result<Response, AppError> {
    let gate = ops::gates::read(&app, &caller, &name).await?;
    Ok(with_version(dress::json(&dressed(&gate)), gate.version))
}

/// Define a gate: what it lets pass changes at once.
///
/// For level 8. Not for keys of services.
#[utoipa::path(put, path = "/v1/gates/{name}", tag = "gates",
    params(("name" = String, Path, description = "Its name; `any` is built in", pattern = "^[a-z][a-z0-9._-]{0,63}$", example = "orders"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you know")),
    request_body = api::PutGate,
    responses((status = 200, description = "Replaced", body = api::Gate), (status = 201, description = "Made", body = api::Gate), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn put(
    State(app): State<Arc<App>>,
    InPath(name): InPath,
    headers: HeaderMap,
    Call { request, caller, body }: Call<api::PutGate>,
) -> Result<Response, AppError> {
    let put = ops::gates::put(&app, &request, &caller, &name, gate(&body)?, known(&headers)?).await?;
    let status = if put.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(with_version((status, dress::json(&dressed(&put.gate))).into_response(), put.gate.version))
}

/// Delete a gate: proxies that ask it are told 403 from now on.
///
/// For level 8. Not for keys of services.
#[utoipa::path(delete, path = "/v1/gates/{name}", tag = "gates",
    params(("name" = String, Path, description = "Its name", pattern = "^[a-z][a-z0-9._-]{0,63}$", example = "orders"),
        ("If-Match" = Option<String>, Header, description = "The ETag that you know")),
    responses((status = 204, description = "Deleted"), Problems), security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Signed { request, caller }: Signed,
    InPath(name): InPath,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    ops::gates::delete(&app, &request, &caller, &name, known(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
