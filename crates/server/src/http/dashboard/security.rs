//! `/account/security`: password, e-mail address, sessions, and what can be done to the account as a whole.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::account::Unfit;
use keybearer_store::Session;

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
pub(super) struct Row {
    pub(super) id: String,
    pub(super) began: Moment,
    pub(super) ends: Moment,
    pub(super) current: bool,
}

pub(super) async fn page(Member(visit): Member) -> Result<Response, AppError> {
    show(&visit, StatusCode::OK, &Fields::default()).await
}

/// The page, with what was wrong with a form on it.
pub(super) async fn show(visit: &Visit, status: StatusCode, fields: &Fields) -> Result<Response, AppError> {
    let person = visit.person()?;
    let sessions = rows(visit, None).await?;
    visit.page(status, &Page { visit, person, fields, sessions, fit: person.standing.fit() })
}

/// The sessions of this account, or one's own.
///
/// # Errors
/// [`AppError::NotFound`] where they are not the person's to see.
pub(super) async fn rows(visit: &Visit, account: Option<i64>) -> Result<Vec<Row>, AppError> {
    let person = visit.person()?;
    let sessions = ops::session::list(&visit.app, &person.caller, account).await?;
    let row = |session: Session| Row {
        id: session.id.to_string(),
        began: visit.moment(&session.created_at),
        ends: visit.moment(&session.expires_at),
        current: session.id == person.session.id,
    };
    Ok(sessions.into_iter().map(row).collect())
}
