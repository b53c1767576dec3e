//! A page that only says something.

use askama::Template;

use super::visit::Visit;

/// A title, a text, and where to go on.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message<'a> {
    pub(super) visit: &'a Visit,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) way_out: Option<(&'static str, String)>,
}
