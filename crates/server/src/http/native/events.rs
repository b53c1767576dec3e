//! `/v1/events` and `/v1/stats`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use keybearer_api as api;
use keybearer_core::decision::Outcome;
use keybearer_core::time::UnixMillis;
use keybearer_store::EventFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::dress;
use super::extract::{Query, Signed};
use super::problem::Problems;
use crate::app::App;
use crate::error::AppError;
use crate::http::event_lines;
use crate::ops;
use crate::ops::traffic::{Period, Step};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of this actor, such as `account:1` or `key:<uuid>`.
    actor: Option<String>,
    /// Of this action, such as `key.revoked`, or of a group of them, such as `key`.
    action: Option<String>,
    /// To this target, such as `key:<uuid>`.
    target: Option<String>,
    /// At or after this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<api::Timestamp>,
    /// Before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<api::Timestamp>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 200, 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The audit log, newest first. With `Accept: application/jsonl` one event a line, and the next cursor in the header `Link`.
///
/// For level 8, and for keys with `keybearer:audit.read`.
#[utoipa::path(get, path = "/v1/events", tag = "audit", params(Which),
    responses((status = 200, description = "A page", content((api::Page<api::Event> = "application/json"), (String = "application/jsonl"))), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Signed { caller, .. }: Signed,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let page = dress::page_request(which.cursor.as_deref(), which.limit)?;
    let at = |moment: api::Timestamp| UnixMillis(moment.as_unix_millis());
    let filter = EventFilter {
        actor: which.actor,
        action: which.action,
        target: which.target,
        since: which.since.map(at),
        until: which.until.map(at),
    };
    let page = dress::page(ops::audit::events(&app, &caller, filter, page).await?, event_lines::dressed);
    if wants_lines(&headers) { lines(&page) } else { Ok(dress::json(&page)) }
}

fn wants_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    accepted.flat_map(|accept| accept.split(',')).any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/jsonl"))
}

fn lines(page: &api::Page<api::Event>) -> Result<Response, AppError> {
    let text = event_lines::lines(&page.items)?;
    let mut response = ([(header::CONTENT_TYPE, event_lines::CONTENT_TYPE)], text).into_response();
    if let Some(next) = &page.next_cursor
        && let Ok(link) = format!("<?cursor={next}>; rel=\"next\"").parse()
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// How far back verifications are told: a day if absent.
    #[serde(default)]
    #[param(required = false, inline)]
    period: api::Period,
}

fn answered(step: &Step) -> api::Verifications {
    let refused = Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Valid);
    let refused = refused.map(|outcome| (outcome.code().to_owned(), step.count(outcome))).filter(|(_, count)| *count > 0);
    api::Verifications { at: dress::moment(step.at), valid: step.count(Outcome::Valid), refused: refused.collect() }
}

/// Counts for an overview, and how verifications were answered.
///
/// For level 8, and for keys with `keybearer:audit.read`.
#[utoipa::path(get, path = "/v1/stats", tag = "audit", params(Since),
    responses((status = 200, description = "The counts", body = api::Stats), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    Signed { caller, .. }: Signed,
    Query(since): Query<Since>,
) -> Result<Response, AppError> {
    let stats = ops::audit::stats(&app, &caller).await?;
    let period = match since.period {
        api::Period::Hour => Period::Hour,
        api::Period::Day => Period::Day,
        api::Period::Week => Period::Week,
        api::Period::Month => Period::Month,
    };
    let steps = ops::traffic::verifications(&app, &caller, period).await?;
    let keys = |[active, expired, revoked]: [u32; 3]| api::KeyCounts { active, expired, revoked };
    let [accounts_active, accounts_locked, accounts_blocked] = stats.accounts;
    Ok(dress::json(&api::Stats {
        revision: stats.revision,
        accounts_active,
        accounts_locked,
        accounts_blocked,
        account_keys: keys(stats.account_keys),
        service_keys: keys(stats.service_keys),
        policies: stats.policies,
        permissions: stats.permissions,
        sessions: stats.sessions,
        expiring_soon: stats.expiring_soon,
        unused: stats.unused,
        verifications: steps.iter().map(answered).collect(),
    }))
}
