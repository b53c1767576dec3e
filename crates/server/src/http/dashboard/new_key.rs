//! `/account/keys/new`: a key of one's own. An administrator fills in the same form for somebody else.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::account::AccountId;
use keybearer_core::authority::Refusal;
use keybearer_core::role::Level;
use keybearer_store::{Account, Metadata};

use super::fields::Fields;
use super::levels::{self, LevelText};
use super::lifetime::{self, Preset};
use super::metadata;
use super::moment::Moment;
use super::posted::PostedOnce;
use super::secret;
use super::visit::{Member, Visit};
use super::wording;
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::issue::AccountKeyRequest;

#[derive(Template)]
#[template(path = "new_key.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    levels: Vec<LevelText>,
    presets: Vec<Preset>,
    /// The greatest lifetime, in words, and when a key of it ends.
    limit: String,
    latest: Moment,
    /// Whose it is to be, where it is not the person's own.
    owner: Option<&'a Account>,
}

/// The form, with levels up to this one.
///
/// # Errors
/// [`AppError::Internal`] where the template fails.
pub(super) fn page(visit: &Visit, status: StatusCode, fields: &Fields, most: Level, owner: Option<&Account>) -> Result<Response, AppError> {
    let longest = visit.app.limits.max_lifetime;
    let (presets, latest) = (lifetime::presets(visit, longest), visit.moment(&visit.now().plus(longest)));
    let (levels, limit) = (levels::up_to(visit, most), wording::duration(visit, longest));
    visit.page(status, &Page { visit, fields, levels, presets, limit, latest, owner })
}

/// Whoever may not have keys at all is told why before anything is filled in.
fn may(visit: &Visit) -> Result<Level, Refusal> {
    let Some(person) = visit.member() else {
        return Err(Refusal::SessionNeeded);
    };
    person.caller.authority.see_some_key()?;
    Ok(person.standing.level)
}

pub(super) async fn form(Member(visit): Member) -> Result<Response, AppError> {
    page(&visit, StatusCode::OK, &blank(&visit), may(&visit)?, None)
}

/// The form before anything is filled in but what the address says.
pub(super) fn blank(visit: &Visit) -> Fields {
    let (preset, amount, unit) = lifetime::as_chosen(visit.app.limits.default_lifetime);
    let (name, level) = (visit.query("name").unwrap_or_default(), visit.query("level").unwrap_or_default());
    Fields::of(&[("name", &name), ("level", &level), ("expires_in", &preset), ("amount", &amount), ("unit", unit)])
}

/// What the form asks for, besides the name.
pub(super) struct Asked {
    level: Level,
    lifetime: i64,
    metadata: Metadata,
}

impl Asked {
    /// Reads it, and blames the fields that cannot be read.
    pub(super) fn read(visit: &Visit, fields: &mut Fields) -> Option<Self> {
        let level = fields.value("level").parse().ok().and_then(|number| Level::new(number).ok());
        let lifetime = lifetime::chosen(fields);
        if level.is_none() {
            fields.blame("level", visit.t("level-missing"));
        }
        if lifetime.is_none() {
            fields.blame("expires_in", visit.t("lifetime-missing"));
        }
        let metadata = metadata::typed(visit, fields);
        Some(Self { level: level?, lifetime: lifetime?, metadata: metadata? })
    }

    /// As the operation takes it.
    pub(super) fn request(self, name: &str, owner: Option<AccountId>) -> AccountKeyRequest<'_> {
        AccountKeyRequest { name, level: self.level, lifetime: Some(self.lifetime), owner, metadata: Some(self.metadata) }
    }
}

pub(super) async fn create(State(app): State<Arc<App>>, posted: PostedOnce) -> Result<Response, AppError> {
    let PostedOnce { visit, mut fields } = posted;
    let most = may(&visit)?;
    let Some(asked) = Asked::read(&visit, &mut fields) else {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, most, None);
    };
    let asked = asked.request(fields.value("name"), None);
    match ops::issue::account_key(&app, &visit.request, &visit.person()?.caller, asked).await {
        Ok(issued) => secret::shown_once(&visit, &issued, "/account", None),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            page(&visit, status, &fields, most, None)
        }
    }
}
