//! `/preferences`: theme and language of this browser.

use axum::response::Response;

use super::cookies::Jar;
use super::posted::PostedByAnyone;
use super::sign_in::local;
use super::visit::Theme;
use crate::language::Language;

pub(super) async fn set(PostedByAnyone { visit, fields }: PostedByAnyone) -> Response {
    let mut response = visit.go(local(fields.value("next")).unwrap_or("/"));
    match Theme::parse(fields.value("theme")) {
        Some(Theme::System) => visit.forget(&mut response, Jar::Theme),
        Some(theme) => visit.remember(&mut response, Jar::Theme, theme.code()),
        None => {}
    }
    if let Some(language) = Language::parse(fields.value("language")) {
        visit.remember(&mut response, Jar::Language, language.code());
    }
    response
}
