//! `/account`: one's own keys.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::key::{DAY, KeyKind, KeyState, RevocationReason};
use keybearer_store::{Key, KeyFilter, KeyHolder, KeySort, KeyStateFilter};
use uuid::Uuid;

use super::levels::{self, LevelName};
use super::metadata;
use super::moment::{Digits, Moment};
use super::texts::msg;
use super::visit::{Member, Person, Visit};
use super::wording;
use crate::app::App;
use crate::error::AppError;
use crate::http::paging;
use crate::ops;

/// Rows of a page.
const ROWS: u32 = 25;
/// How long before its end a key is about to expire, in milliseconds.
const SOON: i64 = 7 * DAY;

#[derive(Template)]
#[template(path = "keys.html")]
struct Page<'a> {
    visit: &'a Visit,
    person: &'a Person,
    /// Why there are no keys to manage, if so.
    barred: Option<String>,
    shown: Shown,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Which keys are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Active,
    Expired,
    Revoked,
    All,
}

impl Shown {
    const ALL: [Self; 4] = [Self::Active, Self::Expired, Self::Revoked, Self::All];

    fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::All => "all",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Active => msg("show-active"),
            Self::Expired => msg("show-expired"),
            Self::Revoked => msg("show-revoked"),
            Self::All => msg("show-all"),
        }
    }

    fn filter(self) -> Option<KeyStateFilter> {
        match self {
            Self::Active => Some(KeyStateFilter::Active),
            Self::Expired => Some(KeyStateFilter::Expired),
            Self::Revoked => Some(KeyStateFilter::Revoked),
            Self::All => None,
        }
    }
}

/// A key as it stands in a table.
pub(super) struct Row {
    pub(super) id: Digits,
    pub(super) name: String,
    pub(super) level: Option<LevelName>,
    pub(super) created: Moment,
    pub(super) last_used: Option<Moment>,
    pub(super) expires: Option<Moment>,
    pub(super) state: Badge,
    /// What applications keep with it; empty where nothing.
    pub(super) metadata: String,
    /// Why it is revoked.
    pub(super) reason: Option<Cow<'static, str>>,
    /// Whether it is about to expire.
    pub(super) soon: bool,
}

impl Row {
    /// Whether deleting it changes anything.
    pub(super) fn is_deletable(&self) -> bool {
        self.state != Badge::Revoked
    }

    pub(super) fn is_expired(&self) -> bool {
        self.state == Badge::Expired
    }

    /// Where a key like this one is made.
    pub(super) fn like_this(&self) -> String {
        let level = self.level.as_ref().map_or(String::new(), |level| level.number.to_string());
        let like_this =
            form_urlencoded::Serializer::new(String::new()).append_pair("name", &self.name).append_pair("level", &level).finish();
        format!("/account/keys/new?{like_this}")
    }
}

/// What a badge says of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Badge {
    Active,
    Expired,
    Revoked,
}

impl Badge {
    /// The message on the badge.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Active => msg("state-active"),
            Self::Expired => msg("state-expired"),
            Self::Revoked => msg("state-revoked"),
        }
    }

    /// Its colour.
    pub(super) fn tone(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Expired => "quiet",
            Self::Revoked => "bad",
        }
    }

    /// Its icon.
    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Active => "check",
            Self::Expired => "clock",
            Self::Revoked => "ban",
        }
    }
}

/// Why a key was revoked, in words.
pub(super) fn reason(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Deleted => msg("reason-deleted"),
        RevocationReason::RoleDowngraded => msg("reason-role-downgraded"),
        RevocationReason::AccountLocked => msg("reason-account-locked"),
        RevocationReason::AccountBlocked => msg("reason-account-blocked"),
        RevocationReason::AccountDeleted => msg("reason-account-deleted"),
        RevocationReason::ConsentRevoked => msg("reason-consent-revoked"),
        RevocationReason::ExcessiveUse => msg("reason-excessive-use"),
        RevocationReason::PolicyDeleted => msg("reason-policy-deleted"),
    }
}

/// A key as it stands in a table.
pub(super) fn row(visit: &Visit, key: &Key) -> Row {
    let now = visit.now();
    let level = match &key.holder {
        KeyHolder::Account { level, .. } => Some(*level),
        KeyHolder::Service { .. } => None,
    };
    let (state, why) = match key.lifecycle.state(now) {
        KeyState::Active => (Badge::Active, None),
        KeyState::Expired => (Badge::Expired, None),
        KeyState::Revoked(why) => (Badge::Revoked, Some(visit.plain(reason(why)))),
    };
    let expires_at = key.lifecycle.expires_at();
    Row {
        id: Digits::of(Uuid::from_bytes(*key.id.as_bytes()).hyphenated().encode_lower(&mut [0; 36])),
        name: key.name.clone(),
        level: level.map(|level| levels::name(visit, level)),
        created: visit.moment(&key.created_at),
        metadata: metadata::shown(&key.metadata),
        last_used: key.last_used_at.map(|at| visit.moment(&at)),
        expires: expires_at.map(|at| visit.moment(&at)),
        soon: state == Badge::Active && expires_at.is_some_and(|end| end <= now.plus(SOON)),
        state,
        reason: why,
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let person = visit.person()?;
    let asked = visit.query("show").unwrap_or_default();
    let shown = Shown::ALL.into_iter().find(|shown| shown.code() == asked).unwrap_or(Shown::Active);
    if let Err(refusal) = person.caller.authority.see_some_key() {
        let barred = Some(wording::refusal(&visit, &refusal));
        return visit.page(StatusCode::OK, &Page { visit: &visit, person, barred, shown, rows: Vec::new(), next: None });
    }
    let filter = KeyFilter { kind: Some(KeyKind::Account), owner: Some(person.account.id), state: shown.filter(), ..KeyFilter::default() };
    let page = paging::request(visit.query("cursor").as_deref(), ROWS)?;
    let page = ops::key::list(&app, &person.caller, filter, (KeySort::Created, true), page).await?;
    let rows = page.items.iter().map(|key| row(&visit, key)).collect();
    let next = page.next.map(|next| format!("/account?show={}&cursor={}", shown.code(), paging::cursor(&next)));
    visit.page(StatusCode::OK, &Page { visit: &visit, person, barred: None, shown, rows, next })
}
