//! `/account/security`: password, sessions, and what can be done to the account as a whole.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::account::Unfit;

use super::fields::Fields;
use super::moment::Moment;
use super::visit::{Member, Person, Visit};
use crate::error::AppError;
use crate::ops;

#[derive(Template)]
#[template(path = "security.html")]
struct Page<'a> {
    visit: &'a Visit,
    person: &'a Person,
    fields: &'a Fields,
    sessions: Vec<Row>,
    fit: Result<(), Unfit>,
}

/// A session as it stands in the table.
struct Row {
    id: String,
    began: Moment,
    ends: Moment,
    current: bool,
}

pub(super) async fn page(Member(visit): Member) -> Result<Response, AppError> {
    show(&visit, StatusCode::OK, &Fields::default()).await
}

/// The page, with what was wrong with a form on it.
pub(super) async fn show(visit: &Visit, status: StatusCode, fields: &Fields) -> Result<Response, AppError> {
    let person = visit.person()?;
    let sessions = ops::session::list(&visit.app, &person.caller, None).await?;
    let rows = sessions.into_iter().map(|session| Row {
        id: session.id.to_string(),
        began: visit.moment(&session.created_at),
        ends: visit.moment(&session.expires_at),
        current: session.id == person.session.id,
    });
    visit.page(status, &Page { visit, person, fields, sessions: rows.collect(), fit: person.standing.fit() })
}
