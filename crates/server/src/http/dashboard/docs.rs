//! `/docs`: the reference of the API, made from the OpenAPI document that the server answers with. It is for anyone, as the document is, and
//! in the language of the document; only what stands around it is translated.

mod document;
mod example;
mod fields;
mod markdown;
mod operation;
mod reference;
mod schemas;

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::openapi::OpenApi;

use self::operation::{Access, Operation};
use self::reference::{Reference, Section};
use super::shell;
use super::visit::{Anyone, Visit};
use crate::error::AppError;
use crate::http::path::InPath;

type Reading = Box<dyn FnOnce() -> Result<Reference, String> + Send>;

/// The reference, read when it is first asked for.
#[derive(Clone)]
pub(super) struct Docs(Arc<LazyLock<Result<Reference, String>, Reading>>);

impl Docs {
    /// Of the document that this makes.
    pub(super) fn of(document: fn() -> OpenApi) -> Self {
        let read = move || serde_json::to_value(document()).and_then(Reference::read).map_err(|error| error.to_string());
        Self(Arc::new(LazyLock::new(Box::new(read))))
    }

    fn reference(&self) -> Result<&Reference, AppError> {
        let read: &Result<Reference, String> = &self.0;
        read.as_ref().map_err(|error| AppError::Internal(format!("the OpenAPI document: {error}")))
    }
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Overview<'a> {
    visit: &'a Visit,
    reference: &'a Reference,
    origin: String,
}

#[derive(Template)]
#[template(path = "docs_section.html")]
struct SectionPage<'a> {
    visit: &'a Visit,
    reference: &'a Reference,
    section: &'a Section,
    origin: String,
}

impl SectionPage<'_> {
    /// What the samples expect of the shell.
    fn environment(&self) -> String {
        shell::environment(&self.origin)
    }

    /// The first example of an answer.
    fn example<'a>(&self, operation: &'a Operation) -> &'a str {
        let mut written = operation.answers.iter().filter_map(|answer| answer.content.as_ref()).map(|content| content.example.as_str());
        written.find(|example| !example.is_empty()).unwrap_or_default()
    }
}

pub(super) async fn overview(Extension(docs): Extension<Docs>, Anyone(visit): Anyone) -> Result<Response, AppError> {
    let page = Overview { visit: &visit, reference: docs.reference()?, origin: visit.origin().unwrap_or_default() };
    visit.page(StatusCode::OK, &page)
}

pub(super) async fn section(Extension(docs): Extension<Docs>, Anyone(visit): Anyone, InPath(tag): InPath) -> Result<Response, AppError> {
    let reference = docs.reference()?;
    let section = reference.sections.iter().find(|section| section.tag == tag).ok_or(AppError::NoSuchPath)?;
    visit.page(StatusCode::OK, &SectionPage { visit: &visit, reference, section, origin: visit.origin().unwrap_or_default() })
}

#[cfg(test)]
mod tests;
