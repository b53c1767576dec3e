//! `/dashboard`: how many there are of everything, what verifications came to, and what wants to be looked at.

mod chart;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::key::DAY;
use keybearer_store::{EventFilter, KeyFilter, KeySort, KeyStateFilter, PageRequest, Stats};

use self::chart::Chart;
use super::all_keys::{self, Entry};
use super::audit::subject::{Subject, Subjects};
use super::audit::words::{self, What};
use super::moment::Moment;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::traffic::Period;

/// Keys of a short list.
const SHORT: u32 = 5;
/// Changes of the list of the latest, and how many events are looked through for them.
const RECENT: usize = 6;
const EVENTS: u32 = 60;

#[derive(Template)]
#[template(path = "overview.html")]
struct Page<'a> {
    visit: &'a Visit,
    stats: Stats,
    periods: Vec<Choice>,
    chart: Chart,
    expiring: Vec<Entry>,
    unused: Vec<Entry>,
    recent: Vec<Recent>,
}

/// A change of late.
struct Recent {
    at: Moment,
    what: What,
    target: Subject,
    actor: Subject,
}

/// A period to choose.
struct Choice {
    code: &'static str,
    label: &'static str,
    here: bool,
}

fn label(period: Period) -> &'static str {
    match period {
        Period::Hour => msg("overview-hour"),
        Period::Day => msg("overview-day"),
        Period::Week => msg("overview-week"),
        Period::Month => msg("overview-month"),
    }
}

/// The latest changes. That somebody signed in or out is none.
async fn recent(app: &App, visit: &Visit) -> Result<Vec<Recent>, AppError> {
    let page = PageRequest { cursor: None, limit: EVENTS };
    let events = ops::audit::events(app, &visit.admin()?.caller, EventFilter::default(), page).await?.items;
    let mut subjects = Subjects::new(visit);
    let mut recent = Vec::with_capacity(RECENT);
    for event in events.iter().filter(|event| !event.action.starts_with("session.")).take(RECENT) {
        let (target, actor) = (subjects.of_event(event).await?, subjects.of(&event.actor).await?);
        recent.push(Recent { at: visit.moment(&event.at), what: words::what(&event.action), target, actor });
    }
    Ok(recent)
}

pub(super) async fn overview(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let asked = visit.query("period").unwrap_or_default();
    let period = Period::ALL.into_iter().find(|period| period.code() == asked).unwrap_or(Period::Day);
    let stats = ops::audit::stats(&app, caller).await?;
    let steps = ops::traffic::verifications(&app, caller, period).await?;
    let now = visit.now();
    let short = async |filter: KeyFilter, sort| {
        let active = KeyFilter { state: Some(KeyStateFilter::Active), ..filter };
        let keys = ops::key::list(&app, caller, active, (sort, false), PageRequest { cursor: None, limit: SHORT }).await?;
        all_keys::entries(&app, &visit, &keys.items)
    };
    let ago = Some(now.minus(30 * DAY));
    let page = Page {
        visit: &visit,
        stats,
        periods: Period::ALL.map(|one| Choice { code: one.code(), label: label(one), here: one == period }).into(),
        chart: Chart::of(&visit, period, &steps),
        expiring: short(KeyFilter { expires_before: Some(now.plus(7 * DAY + 1)), ..KeyFilter::default() }, KeySort::Expires).await?,
        unused: short(KeyFilter { created_before: ago, unused_since: ago, ..KeyFilter::default() }, KeySort::LastUsed).await?,
        recent: recent(&app, &visit).await?,
    };
    visit.page(StatusCode::OK, &page)
}
