//! The page behind a password link: one plain form that sets another password.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::path::InPath;
use super::{body, page};
use crate::app::{App, RequestContext};
use crate::error::{AppError, Conflict};
use crate::ops;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/reset/{token}", get(form).post(set))
}

/// What the page shows besides its text.
#[derive(Template)]
#[template(path = "reset.html")]
struct Page<'a> {
    step: Step<'a>,
}

enum Step<'a> {
    /// The form, and what was wrong with what was typed before.
    Form { username: &'a str, errors: Vec<String> },
    /// It is done; so many live keys were made by the account.
    Done { username: &'a str, keys: usize },
    /// The link is used up, too old or mistyped, or there is no such account.
    Closed,
}

impl Page<'_> {
    fn answer(&self, status: StatusCode) -> Result<Response, AppError> {
        page::answer(self, status)
    }
}

async fn form(State(app): State<Arc<App>>, InPath(token): InPath) -> Result<Response, AppError> {
    match ops::password_reset::read(&app, &token).await? {
        Some(link) => Page { step: Step::Form { username: &link.username, errors: Vec::new() } }.answer(StatusCode::OK),
        None => Page { step: Step::Closed }.answer(StatusCode::GONE),
    }
}

/// What the form sends. No `Debug`: it holds a password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    password: String,
}

async fn set(State(app): State<Arc<App>>, InPath(token): InPath, context: RequestContext, request: Request) -> Result<Response, AppError> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
    let Some(link) = ops::password_reset::read(&app, &token).await? else {
        return Page { step: Step::Closed }.answer(StatusCode::GONE);
    };
    let username = link.username.clone();
    let again = |errors, status| Page { step: Step::Form { username: &username, errors } }.answer(status);
    let request = Request::from_parts(parts, bytes.into());
    let Ok(axum::Form(filled)) = axum::Form::<Filled>::from_request(request, &()).await else {
        return again(vec!["The form must hold a password.".to_owned()], StatusCode::BAD_REQUEST);
    };
    match ops::password_reset::redeem(&app, &context, link, filled.password).await {
        Ok(changed) => {
            let keys = changed.live_keys.map_or(0, |keys| keys.len());
            Page { step: Step::Done { username: &username, keys } }.answer(StatusCode::OK)
        }
        Err(AppError::Conflict(Conflict::LinkUsed) | AppError::NotFound(_)) => Page { step: Step::Closed }.answer(StatusCode::GONE),
        Err(AppError::Invalid(fields)) => {
            let errors = fields.iter().map(|field| format!("The password {}.", field.message)).collect();
            again(errors, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => Err(error),
    }
}
