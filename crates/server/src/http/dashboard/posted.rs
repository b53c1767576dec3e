//! Forms that come in: read whole, then proved to come from a page of ours, in the session that it was shown to.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::fields::Fields;
use super::kept;
use super::message::Message;
use super::texts::msg;
use super::visit::{Anyone, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::forms::Spent;
use crate::http::body;

/// A form from anyone.
pub(super) struct PostedByAnyone {
    pub(super) visit: Arc<Visit>,
    pub(super) fields: Fields,
}

/// A form from somebody who is signed in.
pub(super) struct Posted {
    pub(super) visit: Arc<Visit>,
    pub(super) fields: Fields,
}

/// As [`Posted`], and it did not come before: for whatever creates something.
pub(super) struct PostedOnce {
    pub(super) visit: Arc<Visit>,
    pub(super) fields: Fields,
}

/// A form behind a link that is itself a secret, which also programs fill in.
pub(super) struct PostedByLink {
    pub(super) visit: Arc<Visit>,
    pub(super) fields: Fields,
}

/// Why a form is not taken.
pub(super) enum Stop {
    /// As everywhere.
    Error(AppError),
    /// With a page that says so.
    Page(Box<Response>),
}

impl From<AppError> for Stop {
    fn from(error: AppError) -> Self {
        Self::Error(error)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Error(error) => error.into_response(),
            Self::Page(page) => *page,
        }
    }
}

/// The field with [`Visit::token`].
const TOKEN: &str = "_token";
/// The field with [`Visit::once`].
const ONCE: &str = "_once";

/// Reads a form, and judges nobody before it has arrived.
async fn receive(request: Request, app: &Arc<App>) -> Result<(Arc<Visit>, Fields), AppError> {
    let (mut parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
    let Anyone(visit) = Anyone::from_request_parts(&mut parts, app).await?;
    body::require_form(&parts.headers)?;
    Ok((visit, Fields::read(&bytes)))
}

/// Whether the browser says, if it says anything, that the form was sent by a page of ours.
fn is_from_here(visit: &Visit) -> bool {
    let site = visit.headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    let origin = visit.headers.get(header::ORIGIN).is_none_or(|origin| {
        let origin = origin.to_str().map(normal);
        origin.is_ok_and(|origin| visit.origin().is_some_and(|own| normal(&own) == origin))
    });
    site && origin
}

/// An origin without the port that its scheme has anyway.
fn normal(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let port = if origin.starts_with("https:") { ":443" } else { ":80" };
    origin.strip_suffix(port).map_or(origin.clone(), str::to_owned)
}

fn check_site(visit: &Visit) -> Result<(), Stop> {
    if is_from_here(visit) {
        return Ok(());
    }
    Err(refuse(visit, StatusCode::FORBIDDEN, (msg("form-cross-site-title"), msg("form-cross-site-text")))?)
}

fn check(visit: &Visit, fields: &Fields) -> Result<(), Stop> {
    check_site(visit)?;
    if !visit.admits(fields.value(TOKEN)) {
        return Err(refuse(visit, StatusCode::FORBIDDEN, (msg("form-stale-title"), msg("form-stale-text")))?);
    }
    Ok(())
}

fn refuse(visit: &Visit, status: StatusCode, (title, text): (&str, &str)) -> Result<Stop, AppError> {
    let message = Message { visit, title: visit.t(title), text: visit.t(text), way_out: Some(("/", visit.t("form-start-again"))) };
    visit.page(status, &message).map(|page| Stop::Page(Box::new(page)))
}

impl FromRequest<Arc<App>> for PostedByAnyone {
    type Rejection = Stop;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Stop> {
        let (visit, fields) = receive(request, app).await?;
        check(&visit, &fields)?;
        Ok(Self { visit, fields })
    }
}

impl FromRequest<Arc<App>> for PostedByLink {
    type Rejection = Stop;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Stop> {
        let (visit, fields) = receive(request, app).await?;
        check_site(&visit)?;
        Ok(Self { visit, fields })
    }
}

impl FromRequest<Arc<App>> for Posted {
    type Rejection = Stop;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Stop> {
        let (visit, fields) = receive(request, app).await?;
        if let Err(error) = visit.person() {
            check_site(&visit)?;
            return Err(Stop::Page(Box::new(kept::ask_to_sign_in(&visit, &fields, error)?)));
        }
        check(&visit, &fields)?;
        Ok(Self { visit, fields })
    }
}

impl FromRequest<Arc<App>> for PostedOnce {
    type Rejection = Stop;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Stop> {
        let Posted { visit, fields } = Posted::from_request(request, app).await?;
        match visit.spend(fields.value(ONCE)) {
            Ok(()) => Ok(Self { visit, fields }),
            Err(Spent::Used) => Err(refuse(&visit, StatusCode::CONFLICT, (msg("form-used-title"), msg("form-used-text")))?),
            Err(Spent::Foreign) => Err(refuse(&visit, StatusCode::FORBIDDEN, (msg("form-stale-title"), msg("form-stale-text")))?),
        }
    }
}
