//! `/explain`: what the answer for a key would be, and why. Administrators ask about every key, everyone else about their own.

mod answer;
mod question;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::role::Level;
use keybearer_store::{KeyFilter, KeySort, PageRequest};

use self::answer::Answer;
use super::fields::Fields;
use super::levels::{self, LevelText};
use super::policy_form::{self, Group};
use super::posted::Posted;
use super::visit::{Member, Visit};
use super::wording;
use crate::app::App;
use crate::error::AppError;
use crate::ops;

/// How many keys are offered to choose from, the newest first. Any other can be pasted.
const OFFERED: u32 = 50;

#[derive(Template)]
#[template(path = "explain.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    answer: Option<Answer>,
    /// Id and name of keys to choose from.
    keys: Vec<(String, String)>,
    levels: Vec<LevelText>,
    /// The permissions to choose from, for who may see them.
    groups: Vec<Group>,
}

async fn page(visit: &Visit, status: StatusCode, fields: &Fields, answer: Option<Answer>) -> Result<Response, AppError> {
    let (app, person) = (&visit.app, visit.person()?);
    let rows = PageRequest { cursor: None, limit: OFFERED };
    let keys = ops::key::list(app, &person.caller, KeyFilter::default(), (KeySort::Created, true), rows).await?;
    let declared = if person.is_admin() { ops::permission::list(app, &person.caller).await? } else { Vec::new() };
    let page = Page {
        visit,
        fields,
        answer,
        keys: keys.items.into_iter().map(|key| (key.id.to_string(), key.name)).collect(),
        levels: levels::up_to(visit, Level::ALL),
        groups: policy_form::groups(fields, &declared),
    };
    visit.page(status, &page)
}

pub(super) async fn show(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let caller = &visit.person()?.caller;
    caller.authority.see_some_key()?;
    let mut fields = Fields::read(visit.address.split_once('?').map_or("", |(_, query)| query).as_bytes());
    question::begin(&mut fields);
    if fields.value(question::KEY).is_empty() {
        return page(&visit, StatusCode::OK, &fields, None).await;
    }
    let (key, requirement) = (question::key(&visit, &mut fields), question::requirement(&visit, &mut fields));
    let (Some(key), Some(requirement)) = (key, requirement) else {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, None).await;
    };
    match ops::explain::explain(&app, caller, key, &requirement).await {
        Ok(explained) => page(&visit, StatusCode::OK, &fields, Some(answer::of(&visit, &explained, &requirement)?)).await,
        Err(AppError::NotFound(what)) => {
            fields.blame(question::KEY, visit.t(wording::absent(what)));
            page(&visit, StatusCode::NOT_FOUND, &fields, None).await
        }
        Err(error) => Err(error),
    }
}

/// Takes the question by POST, since what is pasted may be a whole key, and asks it by an address that only has the id.
pub(super) async fn ask(Posted { visit, mut fields }: Posted) -> Result<Response, AppError> {
    visit.person()?.caller.authority.see_some_key()?;
    question::begin(&mut fields);
    // Both are read before any of it is written into an address: a key may have been pasted among the permissions.
    match (question::key(&visit, &mut fields), question::requirement(&visit, &mut fields)) {
        (Some(key), Some(_)) => Ok(visit.go(&question::address(key, &fields))),
        _ => page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, None).await,
    }
}
