//! `POST /oauth2/introspect` (RFC 7662): is this key good, and what may it do?

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use serde::Serialize;
use serde_json::json;

use super::call::Call;
use crate::app::App;
use crate::error::AppError;
use crate::http::answer::secret_json;
use crate::ops;
use crate::ops::verify::{Facts, KeyEntry, granted};

/// Whether the token is a good key, for level 8 and for keys with `keybearer:verify`. Of one that is not, nothing else is told.
pub(super) async fn introspect(State(app): State<Arc<App>>, Call { caller, token, .. }: Call) -> Result<Response, AppError> {
    ops::verify::require_verifier(&caller)?;
    let verdict = ops::verify::introspect(&app, &token);
    Ok(match (&verdict.decision, &verdict.key) {
        (Ok(_), Some((entry, facts))) => secret_json(&Active::new(entry, facts, app.config.public_url.as_deref())),
        (Ok(_), None) | (Err(_), _) => secret_json(&json!({"active": false})),
    })
}

/// What is told of a good key, in the names of RFC 7662.
#[derive(Serialize)]
struct Active<'a> {
    active: bool,
    /// What libraries compare with what a route requires: see [`scope`]. Absent where it would be empty, which the grammar forbids.
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    jti: String,
}

impl<'a> Active<'a> {
    fn new(entry: &'a KeyEntry, facts: &Facts, iss: Option<&'a str>) -> Self {
        let id = entry.id().to_string();
        Self {
            active: true,
            scope: scope(facts),
            username: entry.account().get().map(|owner| owner.username.as_str()),
            token_type: "Bearer",
            exp: entry.lifecycle().expires_at().map(seconds),
            iat: entry.id().created_at().map(seconds),
            sub: entry.owner().map_or_else(|| id.clone(), |owner| format!("account:{}", owner.0)),
            iss,
            client_id: id.clone(),
            jti: id,
        }
    }
}

/// Of a service's key, the full names of its permissions. Of a person's, a word for its level and for each below, since a level includes
/// those and libraries compare words: `level:0 level:1 level:2`.
fn scope(facts: &Facts) -> String {
    let words: Vec<String> = match facts {
        Facts::Account { level, standing } => {
            let level = standing.map_or(Level::NONE, |standing| standing.level.min(*level));
            Level::all().filter(|one| *one <= level).map(|one| format!("level:{one}")).collect()
        }
        Facts::Service { policy, .. } => granted(policy.get()).iter().map(ToString::to_string).collect(),
    };
    words.join(" ")
}

/// Whole seconds, rounded down: no key is said to last longer than it does.
fn seconds(at: UnixMillis) -> i64 {
    at.0.div_euclid(1_000)
}
