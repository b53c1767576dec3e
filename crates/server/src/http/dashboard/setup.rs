//! The page behind the setup link: one plain form that makes the first administrator.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::fields::Fields;
use super::posted::PostedByLink;
use super::visit::{Anyone, Visit};
use crate::app::App;
use crate::error::{AppError, Conflict};
use crate::http::path::InPath;
use crate::ops;

#[derive(Template)]
#[template(path = "setup.html")]
struct Page<'a> {
    visit: &'a Visit,
    step: Step<'a>,
}

enum Step<'a> {
    /// The form, with what was typed before and what was wrong with it.
    Form { fields: &'a Fields },
    /// It is done.
    Done { username: &'a str },
    /// The link is used up, too old or mistyped, or there is an administrator already.
    Closed,
}

fn closed(visit: &Visit) -> Result<Response, AppError> {
    visit.page(StatusCode::GONE, &Page { visit, step: Step::Closed })
}

pub(super) async fn form(State(app): State<Arc<App>>, InPath(nonce): InPath, Anyone(visit): Anyone) -> Result<Response, AppError> {
    if !app.setup.admits(&nonce, app.clock.now()) {
        return closed(&visit);
    }
    visit.page(StatusCode::OK, &Page { visit: &visit, step: Step::Form { fields: &Fields::default() } })
}

pub(super) async fn create(State(app): State<Arc<App>>, InPath(nonce): InPath, posted: PostedByLink) -> Result<Response, AppError> {
    let PostedByLink { visit, mut fields } = posted;
    if !app.setup.admits(&nonce, app.clock.now()) {
        return closed(&visit);
    }
    if !fields.are_exactly(&["username", "password"]) {
        fields.blame("", visit.t("setup-form-incomplete"));
        return visit.page(StatusCode::BAD_REQUEST, &Page { visit: &visit, step: Step::Form { fields: &fields } });
    }
    let (username, password) = (fields.value("username").to_owned(), fields.value("password").to_owned());
    match ops::account::create_first_admin(&app, &visit.request, username.clone(), password).await {
        Ok(_) => {
            app.setup.close();
            visit.page(StatusCode::CREATED, &Page { visit: &visit, step: Step::Done { username: &username } })
        }
        Err(AppError::Conflict(Conflict::AdminExists)) => {
            app.setup.close();
            closed(&visit)
        }
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            visit.page(status, &Page { visit: &visit, step: Step::Form { fields: &fields } })
        }
    }
}
