//! The page behind the setup link: one plain form that makes the first administrator.

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
    Router::new().route("/setup/{nonce}", get(form).post(create))
}

/// What the page shows besides its text.
#[derive(Template)]
#[template(path = "setup.html")]
struct Page<'a> {
    step: Step<'a>,
}

enum Step<'a> {
    /// The form, with what was typed before and what was wrong with it.
    Form { username: &'a str, errors: Vec<String> },
    /// It is done.
    Done { username: &'a str },
    /// The link is used up, too old or mistyped, or there is an administrator already.
    Closed,
}

impl Page<'_> {
    fn answer(&self, status: StatusCode) -> Result<Response, AppError> {
        page::answer(self, status)
    }
}

async fn form(State(app): State<Arc<App>>, InPath(nonce): InPath) -> Result<Response, AppError> {
    if app.setup.admits(&nonce, app.clock.now()) {
        Page { step: Step::Form { username: "", errors: Vec::new() } }.answer(StatusCode::OK)
    } else {
        Page { step: Step::Closed }.answer(StatusCode::GONE)
    }
}

/// What the form sends. No `Debug`: it holds a password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filled {
    username: String,
    password: String,
}

async fn create(
    State(app): State<Arc<App>>,
    InPath(nonce): InPath,
    context: RequestContext,
    request: Request,
) -> Result<Response, AppError> {
    let (parts, sent) = request.into_parts();
    let bytes = body::read(&parts.headers, sent, body::LIMIT).await?;
    if !app.setup.admits(&nonce, app.clock.now()) {
        return Page { step: Step::Closed }.answer(StatusCode::GONE);
    }
    let request = Request::from_parts(parts, bytes.into());
    let Ok(axum::Form(filled)) = axum::Form::<Filled>::from_request(request, &()).await else {
        let errors = vec!["The form must hold a user name and a password.".to_owned()];
        return Page { step: Step::Form { username: "", errors } }.answer(StatusCode::BAD_REQUEST);
    };
    let username = filled.username.clone();
    match ops::account::create_first_admin(&app, &context, filled.username, filled.password).await {
        Ok(_) => {
            app.setup.close();
            Page { step: Step::Done { username: &username } }.answer(StatusCode::CREATED)
        }
        Err(AppError::Conflict(Conflict::AdminExists)) => {
            app.setup.close();
            Page { step: Step::Closed }.answer(StatusCode::GONE)
        }
        Err(AppError::Invalid(fields)) => {
            let errors = fields.iter().map(|field| format!("{} {}.", label(&field.pointer), field.message)).collect();
            Page { step: Step::Form { username: &username, errors } }.answer(StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(AppError::Conflict(Conflict::Taken(_, "username"))) => {
            let errors = vec!["The user name is taken by an account that is no administrator: choose another.".to_owned()];
            Page { step: Step::Form { username: &username, errors } }.answer(StatusCode::CONFLICT)
        }
        Err(error) => Err(error),
    }
}

fn label(pointer: &str) -> &'static str {
    if pointer == "/password" { "The password" } else { "The user name" }
}
