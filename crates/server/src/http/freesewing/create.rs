//! `POST /apikeys/{jwt|key}`.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::Response;
use keybearer_core::key::{LifetimeError, Limits, account_key_expiry};
use keybearer_core::name::Name;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use serde_json::{Map, Number, Value};

use super::apikey::ApiKey;
use super::credential::Owner;
use super::envelope;
use super::failure::Failure;
use crate::app::App;
use crate::error::AppError;
use crate::http::body;
use crate::ops;
use crate::ops::issue::AccountKeyRequest;

/// What is wrong with a body that is JSON, in the order in which it is looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BodyError {
    Missing,
    NameMissing,
    NameInvalid,
    LevelMissing,
    LevelNotNumeric,
    LevelInvalid,
    ExpiresInNotNumeric,
    ExpiresInNotPositive,
    ExpiresInTooHigh,
}

impl BodyError {
    /// As it stands in `error`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Missing => "postBodyMissing",
            Self::NameMissing => "nameMissing",
            Self::NameInvalid => "nameInvalid",
            Self::LevelMissing => "levelMissing",
            Self::LevelNotNumeric => "levelNotNumeric",
            Self::LevelInvalid => "invalidLevel",
            Self::ExpiresInNotNumeric => "expiresInNotNumeric",
            Self::ExpiresInNotPositive => "expiresInNotPositive",
            Self::ExpiresInTooHigh => "expiresInHigherThanMaximum",
        }
    }
}

/// A request to make a key: the caller, and the body or nothing. The caller is judged after the body has arrived, so that nobody keeps a
/// right by sending slowly, and before the body is read, so that it is read for nobody else.
pub(super) struct Asked {
    owner: Owner,
    body: Map<String, Value>,
}

impl FromRequest<Arc<App>> for Asked {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Failure> {
        let (mut parts, sent) = request.into_parts();
        let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
        let owner = Owner::from_request_parts(&mut parts, app).await?;
        if bytes.is_empty() {
            return Ok(Self { owner, body: Map::new() });
        }
        body::require_json(&parts.headers)?;
        let Value::Object(body) = body::value(&bytes)? else {
            return Err(AppError::malformed("", "must be an object").into());
        };
        Ok(Self { owner, body })
    }
}

/// The key that is asked for. Fields that the documentation does not name are ignored.
struct NewKey {
    name: Name,
    level: Level,
    /// In milliseconds; none for the default.
    lifetime: Option<i64>,
}

impl NewKey {
    fn read(body: &Map<String, Value>, now: UnixMillis, limits: &Limits) -> Result<Self, BodyError> {
        if body.is_empty() {
            return Err(BodyError::Missing);
        }
        let name = match body.get("name") {
            None | Some(Value::Null) => return Err(BodyError::NameMissing),
            Some(Value::String(name)) if name.is_empty() => return Err(BodyError::NameMissing),
            Some(Value::String(name)) => Name::parse(name).map_err(|_| BodyError::NameInvalid)?,
            Some(_) => return Err(BodyError::NameInvalid),
        };
        let level = match body.get("level") {
            None | Some(Value::Null) => return Err(BodyError::LevelMissing),
            Some(Value::Number(number)) => level(number).ok_or(BodyError::LevelInvalid)?,
            Some(_) => return Err(BodyError::LevelNotNumeric),
        };
        let lifetime = match body.get("expiresIn") {
            None | Some(Value::Null) => None,
            Some(Value::Number(seconds)) => Some(milliseconds(seconds)),
            Some(_) => return Err(BodyError::ExpiresInNotNumeric),
        };
        account_key_expiry(now, lifetime, limits).map_err(|error| match error {
            LifetimeError::NotPositive => BodyError::ExpiresInNotPositive,
            LifetimeError::AboveMaximum { .. } => BodyError::ExpiresInTooHigh,
        })?;
        Ok(Self { name, level, lifetime })
    }
}

/// 3.0 is as whole as 3.
fn level(number: &Number) -> Option<Level> {
    let whole = number.as_i64().or_else(|| number.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64));
    Level::new(whole?).ok()
}

/// Seconds as whole milliseconds, rounded down; what is beyond all numbers stays beyond every limit.
fn milliseconds(seconds: &Number) -> i64 {
    match seconds.as_i64() {
        Some(seconds) => seconds.saturating_mul(1_000),
        None => (seconds.as_f64().unwrap_or(f64::INFINITY) * 1_000.0).floor() as i64,
    }
}

/// Makes a key. The answer is the only one that ever holds its secret.
pub(super) async fn create(State(app): State<Arc<App>>, Asked { owner, body }: Asked) -> Result<Response, Failure> {
    let new = NewKey::read(&body, app.clock.now(), &app.limits).map_err(Failure::Body)?;
    let asked = AccountKeyRequest { name: new.name.as_str(), level: new.level, lifetime: new.lifetime, owner: None, metadata: None };
    let issued = ops::issue::account_key(&app, &owner.request, &owner.caller, asked).await?;
    Ok(envelope::created(ApiKey::of(&issued.key)?.with_secret(issued.secret())))
}
