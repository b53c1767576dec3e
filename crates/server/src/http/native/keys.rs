//! `/v1/keys`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use keybearer_api as api;
use keybearer_core::account::AccountId;
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{Cascade, KeyFilter, KeySort, KeyStateFilter, What};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::dress;
use super::extract::{Call, Query, Signed, presented};
use super::problem::Problems;
use crate::app::{App, RequestContext};
use crate::caller::{Caller, authenticate};
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;
use crate::ops::issue::{AccountKeyRequest, ServiceKeyRequest};
use crate::ops::key::{KeyChange, Outcome};

/// The route of one key.
pub(in crate::http) const PATH: &str = "/v1/keys/{id}";

fn id(text: &str) -> Result<KeyId, AppError> {
    text.parse().map_err(|_| AppError::NotFound(What::Key))
}

/// Make a key: with `level` one of a person, with `policy_id` one of a service. The answer is the only one that ever holds its secret.
///
/// For yourself: from level 4 on. For others and for services: for level 8, and for keys with `keybearer:keys.write`, within their own power.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = api::NewKey,
    responses((status = 201, description = "Made; store the secret now", body = api::CreatedKey), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn create(State(app): State<Arc<App>>, Call { request, caller, body }: Call<api::NewKey>) -> Result<Response, AppError> {
    let lifetime = body.expires_in.map(|seconds| seconds.saturating_mul(1_000));
    let issued = match (body.level, body.policy_id) {
        (Some(level), None) => {
            if body.service.is_some() {
                return Err(AppError::malformed("/service", "belongs to a key of a service, made with policy_id"));
            }
            let asked = AccountKeyRequest {
                name: &body.name,
                level: Level::new(level).map_err(|error| AppError::invalid("/level", error))?,
                lifetime,
                owner: body.owner.map(AccountId),
                metadata: body.metadata,
            };
            ops::issue::account_key(&app, &request, &caller, asked).await?
        }
        (None, Some(policy)) => {
            if body.owner.is_some() {
                return Err(AppError::malformed("/owner", "belongs to a key of a person, made with level"));
            }
            let asked = ServiceKeyRequest {
                name: &body.name,
                policy: PolicyId(policy),
                lifetime,
                service: body.service.as_deref(),
                metadata: body.metadata,
            };
            ops::issue::service_key(&app, &request, &caller, asked).await?
        }
        (Some(_), Some(_)) => {
            return Err(AppError::malformed("/policy_id", "excludes level: a key is of a person or of a service"));
        }
        (None, None) => {
            return Err(AppError::malformed("", "give level for a key of a person, or policy_id for a key of a service"));
        }
    };
    let created = api::CreatedKey { token: issued.token(&app), secret: issued.secret(), key: dress::key(&app, &issued.key) };
    Ok((StatusCode::CREATED, dress::secret_json(&created)).into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// `account` or `service`.
    #[param(inline)]
    kind: Option<api::KeyKind>,
    /// Of the account with this number.
    owner: Option<i64>,
    /// With the policy of this id.
    policy: Option<Uuid>,
    /// `active`, `expired` or `revoked`.
    #[param(inline)]
    state: Option<api::KeyState>,
    /// Whose name contains this, whatever its case.
    name: Option<String>,
    /// Made before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    created_before: Option<api::Timestamp>,
    /// That expire before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    expires_before: Option<api::Timestamp>,
    /// Not used since this moment; never used counts.
    #[param(value_type = Option<String>, format = DateTime)]
    unused_since: Option<api::Timestamp>,
    /// `created_at`, `name`, `expires_at` or `last_used_at`, with `-` before it for the other way round; `-created_at` if absent.
    #[param(pattern = "^-?(created_at|name|expires_at|last_used_at)$")]
    sort: Option<String>,
    /// `next_cursor` of the page before, for the same sort.
    cursor: Option<String>,
    /// Rows of the page: 1 to 200, 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

fn sort(text: &str) -> Result<(KeySort, bool), AppError> {
    let (column, descending) = text.strip_prefix('-').map_or((text, false), |column| (column, true));
    let sort = match column {
        "created_at" => KeySort::Created,
        "name" => KeySort::Name,
        "expires_at" => KeySort::Expires,
        "last_used_at" => KeySort::LastUsed,
        _ => return Err(AppError::invalid("sort", "must be created_at, name, expires_at or last_used_at, with or without - before it")),
    };
    Ok((sort, descending))
}

/// Keys: all of them, or your own.
///
/// Your own: from level 4 on. All: for level 8, and for keys with `keybearer:keys.read`.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(Which),
    responses((status = 200, description = "A page", body = api::Page<api::Key>), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Signed { caller, .. }: Signed,
    Query(which): Query<Which>,
) -> Result<Response, AppError> {
    let page = dress::page_request(which.cursor.as_deref(), which.limit)?;
    let at = |moment: api::Timestamp| UnixMillis(moment.as_unix_millis());
    let filter = KeyFilter {
        kind: which.kind.map(dress::to_kind),
        owner: which.owner.map(AccountId),
        policy: which.policy.map(PolicyId),
        state: which.state.map(|state| match state {
            api::KeyState::Active => KeyStateFilter::Active,
            api::KeyState::Expired => KeyStateFilter::Expired,
            api::KeyState::Revoked => KeyStateFilter::Revoked,
        }),
        name: which.name,
        created_before: which.created_before.map(at),
        expires_before: which.expires_before.map(at),
        unused_since: which.unused_since.map(at),
    };
    let sort = sort(which.sort.as_deref().unwrap_or("-created_at"))?;
    let page = ops::key::list(&app, &caller, filter, sort, page).await?;
    Ok(dress::json(&dress::page(page, |key| dress::key(&app, &key))))
}

/// One key, in whatever state.
///
/// Your own: from level 4 on. Any: for level 8, and for keys with `keybearer:keys.read`.
#[utoipa::path(get, path = PATH, tag = "keys", params(("id" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The key, without its secret", body = api::Key), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn read(State(app): State<Arc<App>>, Signed { caller, .. }: Signed, InPath(text): InPath) -> Result<Response, AppError> {
    let key = ops::key::read(&app, &caller, id(&text)?).await?;
    Ok(dress::json(&dress::key(&app, &key)))
}

/// Rename a key of a service, or give it another policy: its rights change at once. Keys of people are immutable.
///
/// For level 8, and for keys with `keybearer:keys.write`, within their own power.
#[utoipa::path(patch, path = PATH, tag = "keys", params(("id" = Uuid, Path, description = "Its id")),
    request_body = api::ChangeKey,
    responses((status = 200, description = "Changed", body = api::Key), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(text): InPath,
    Call { request, caller, body }: Call<api::ChangeKey>,
) -> Result<Response, AppError> {
    let change = KeyChange { name: body.name.as_deref(), policy: body.policy_id.map(PolicyId), metadata: body.metadata };
    let key = ops::key::change(&app, &request, &caller, id(&text)?, change, false).await?;
    Ok(dress::json(&dress::key(&app, &key)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Descendants {
    /// Whether to revoke also what the key made, and what that made.
    #[serde(default)]
    #[param(required = false)]
    descendants: bool,
}

/// Revoke a key: it is dead everywhere when the call returns.
///
/// Your own: from level 4 on. Any: for level 8, and for keys with `keybearer:keys.write`.
#[utoipa::path(delete, path = PATH, tag = "keys", params(("id" = Uuid, Path, description = "Its id"), Descendants),
    responses((status = 204, description = "Revoked"), Problems), security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Signed { request, caller }: Signed,
    InPath(text): InPath,
    Query(asked): Query<Descendants>,
) -> Result<Response, AppError> {
    let descendants = if asked.descendants { Cascade::Everything } else { Cascade::Nothing };
    revoked(&app, &request, &caller, id(&text)?, descendants).await
}

async fn revoked(app: &App, request: &RequestContext, caller: &Caller, id: KeyId, descendants: Cascade) -> Result<Response, AppError> {
    ops::key::revoke(app, request, caller, id, None, descendants).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The key that is named there, if the path is plainly that of one.
pub(in crate::http) fn named_by(path: &str) -> Option<KeyId> {
    path.strip_prefix(PATH.strip_suffix("{id}")?)?.parse().ok()
}

/// As [`revoke`], of this key and of none that it made.
pub(in crate::http) async fn revoke_one(app: &App, request: &RequestContext, headers: &HeaderMap, id: KeyId) -> Result<Response, AppError> {
    let caller = authenticate(app, &presented(headers)?, || request.id.clone()).await?;
    revoked(app, request, &caller, id, Cascade::Nothing).await
}

/// Revoke up to 200 keys, with an answer for each.
///
/// Your own: from level 4 on. Any: for level 8, and for keys with `keybearer:keys.write`.
#[utoipa::path(post, path = "/v1/keys/revoke", tag = "keys", request_body = api::RevokeMany,
    responses((status = 200, description = "In the order of the request", body = api::RevokedMany), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn revoke_many(
    State(app): State<Arc<App>>,
    Call { request, caller, body }: Call<api::RevokeMany>,
) -> Result<Response, AppError> {
    let ids: Vec<KeyId> = body.ids.iter().map(|id| KeyId::from_bytes(*id.as_bytes())).collect();
    let outcomes = ops::key::revoke_many(&app, &request, &caller, &ids).await?;
    let results = outcomes.into_iter().map(|(id, outcome)| api::RevokedOne {
        id: *id.as_uuid(),
        outcome: match outcome {
            Outcome::Revoked => api::RevokeOutcome::Revoked,
            Outcome::NotFound => api::RevokeOutcome::NotFound,
            Outcome::Refused => api::RevokeOutcome::Refused,
        },
    });
    Ok(dress::json(&api::RevokedMany { results: results.collect() }))
}
