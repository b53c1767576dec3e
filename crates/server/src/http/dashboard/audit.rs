//! `/dashboard/audit`: who changed what, and when; the newest first.

mod change;
mod search;
pub(super) mod subject;
pub(super) mod words;

use std::io;
use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use keybearer_store::{Event, EventFilter, Page as Rows};

use self::change::{Cell, Change};
use self::search::Group;
use self::subject::{Subject, Subjects};
use self::words::What;
use super::fields::Fields;
use super::moment::Moment;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::{event_lines, paging};
use crate::ops;

/// Rows of a page: fewer than elsewhere, since each brings its details.
const ROWS: u32 = 15;
/// How many of the things that an event touched are shown.
const TOUCHED: usize = 20;

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    actions: Vec<Group>,
    /// Of whom and of what events are shown, if not of everyone and everything.
    actor: Option<Subject>,
    target: Option<Subject>,
    rows: Vec<Row>,
    narrowed: bool,
    download: String,
    next: Option<String>,
}

/// An event as it stands in the list.
struct Row {
    revision: i64,
    at: Moment,
    actor: Subject,
    what: What,
    action: String,
    target: Subject,
    changes: Vec<Change>,
    /// What else it touched, as far as it is shown, and how much more there is.
    touched: (Vec<String>, usize),
    pruned: bool,
    request_id: String,
}

/// What an event touched besides its target.
fn touched(event: &Event) -> (Vec<String>, usize) {
    let others: Vec<&String> = event.touched.iter().filter(|one| **one != event.target).collect();
    (others.iter().take(TOUCHED).map(ToString::to_string).collect(), others.len().saturating_sub(TOUCHED))
}

async fn row(visit: &Visit, subjects: &mut Subjects<'_>, event: Event) -> Result<Row, AppError> {
    Ok(Row {
        revision: event.revision,
        at: visit.moment(&event.at),
        actor: subjects.of(&event.actor).await?,
        what: words::what(&event.action),
        target: subjects.of_event(&event).await?,
        changes: change::of(visit, subjects, event.before.as_ref(), event.after.as_ref()).await?,
        touched: touched(&event),
        action: event.action,
        pruned: event.pruned,
        request_id: event.request_id,
    })
}

async fn page(visit: &Visit, fields: &Fields, filter: Option<&EventFilter>, events: Rows<Event>) -> Result<Response, AppError> {
    let mut subjects = Subjects::new(visit);
    let mut rows = Vec::with_capacity(events.items.len());
    for event in events.items {
        rows.push(row(visit, &mut subjects, event).await?);
    }
    let page = Page {
        visit,
        fields,
        actions: search::actions(fields),
        actor: subjects.of_some(filter.and_then(|filter| filter.actor.as_deref())).await?,
        target: subjects.of_some(filter.and_then(|filter| filter.target.as_deref())).await?,
        rows,
        narrowed: search::is_narrowed(fields),
        download: search::address(search::DOWNLOAD, fields, None),
        next: events.next.map(|next| search::address(search::PATH, fields, Some(&paging::cursor(&next)))),
    };
    let status = if fields.problems().is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    visit.page(status, &page)
}

pub(super) async fn list(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.admin()?.caller;
    let mut fields = search::read(&visit);
    let Some(filter) = search::filter(&visit, &mut fields).await? else {
        return page(&visit, &fields, None, Rows { items: Vec::new(), next: None }).await;
    };
    let rows = paging::request(visit.query("cursor").as_deref(), ROWS)?;
    let events = ops::audit::events(&app, caller, filter.clone(), rows).await?;
    page(&visit, &fields, Some(&filter), events).await
}

/// All that the filter lets through, a line of JSON each.
pub(super) async fn download(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = visit.admin()?.caller.clone();
    let mut fields = search::read(&visit);
    let Some(filter) = search::filter(&visit, &mut fields).await? else {
        return page(&visit, &fields, None, Rows { items: Vec::new(), next: None }).await;
    };
    let events = ops::audit::every_event(app, caller, filter).await?;
    // Whoever downloads sees by the broken connection that something is missing.
    let lines = events.map(|events| {
        let events: Vec<_> = events.map_err(broken)?.into_iter().map(event_lines::dressed).collect();
        event_lines::lines(&events).map_err(broken)
    });
    let headers = [
        (header::CONTENT_TYPE, event_lines::CONTENT_TYPE),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"keybearer-events.jsonl\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn broken(error: AppError) -> io::Error {
    tracing::error!(?error, "a download of events broke off");
    io::Error::other("the events could not be read")
}
