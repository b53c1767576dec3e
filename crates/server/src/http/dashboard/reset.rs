//! The page behind a password link: one plain form that sets another password.

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
#[template(path = "reset.html")]
struct Page<'a> {
    visit: &'a Visit,
    step: Step<'a>,
}

enum Step<'a> {
    /// The form, and what was wrong with what was typed before.
    Form { username: &'a str, fields: &'a Fields },
    /// It is done; so many live keys were made by the account.
    Done { username: &'a str, keys: usize },
    /// The link is used up, too old or mistyped, or there is no such account.
    Closed,
}

fn closed(visit: &Visit) -> Result<Response, AppError> {
    visit.page(StatusCode::GONE, &Page { visit, step: Step::Closed })
}

pub(super) async fn form(State(app): State<Arc<App>>, InPath(token): InPath, Anyone(visit): Anyone) -> Result<Response, AppError> {
    match ops::password_reset::read(&app, &token).await? {
        Some(link) => {
            let step = Step::Form { username: &link.username, fields: &Fields::default() };
            visit.page(StatusCode::OK, &Page { visit: &visit, step })
        }
        None => closed(&visit),
    }
}

pub(super) async fn set(State(app): State<Arc<App>>, InPath(token): InPath, posted: PostedByLink) -> Result<Response, AppError> {
    let PostedByLink { visit, mut fields } = posted;
    let Some(link) = ops::password_reset::read(&app, &token).await? else {
        return closed(&visit);
    };
    let username = link.username.clone();
    if !fields.are_exactly(&["password"]) {
        fields.blame("", visit.t("reset-form-incomplete"));
        return visit.page(StatusCode::BAD_REQUEST, &Page { visit: &visit, step: Step::Form { username: &username, fields: &fields } });
    }
    let password = fields.value("password").to_owned();
    match ops::password_reset::redeem(&app, &visit.request, link, password).await {
        Ok(changed) => {
            let keys = changed.live_keys.map_or(0, |keys| keys.len());
            visit.page(StatusCode::OK, &Page { visit: &visit, step: Step::Done { username: &username, keys } })
        }
        Err(AppError::Conflict(Conflict::LinkUsed) | AppError::NotFound(_)) => closed(&visit),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            visit.page(status, &Page { visit: &visit, step: Step::Form { username: &username, fields: &fields } })
        }
    }
}
