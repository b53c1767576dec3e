//! The page that shows the secret of a new key, once. It is the answer to the form itself, so it has no address to come back to.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::moment::Moment;
use super::samples::{self, Sample};
use super::shell::{environment, quoted};
use super::visit::Visit;
use crate::error::AppError;
use crate::ops::issue::Issued;

#[derive(Template)]
#[template(path = "secret.html")]
struct Page<'a> {
    visit: &'a Visit,
    name: &'a str,
    key: String,
    token: String,
    secret: String,
    expires: Option<Moment>,
    /// A command that uses the key.
    command: String,
    /// What programs that use the key expect of the shell: never the key itself.
    environment: String,
    /// Programs that use it.
    files: &'static [Sample],
    /// Where the person goes on.
    then: &'a str,
    /// Whose it is, where it is not the person's own.
    owner: Option<&'a str>,
}

/// The page of a key that was made just now; `then` is where it leads on, `owner` whose key it is, if it is another's.
///
/// # Errors
/// [`AppError::Internal`] where the template fails.
pub(super) fn shown_once(visit: &Visit, issued: &Issued, then: &str, owner: Option<&str>) -> Result<Response, AppError> {
    let token = issued.token(&visit.app);
    let origin = visit.origin().unwrap_or_default();
    let whoami = format!("{origin}/v1/whoami");
    let command = format!("curl -H 'Authorization: Bearer {token}' {}", quoted(&whoami));
    let page = Page {
        visit,
        name: &issued.key.name,
        key: issued.key.id.to_string(),
        token,
        secret: issued.secret(),
        expires: issued.key.lifecycle.expires_at().map(|at| visit.moment(&at)),
        command,
        environment: environment(&origin),
        files: samples::WHOAMI,
        then,
        owner,
    };
    visit.page(StatusCode::CREATED, &page)
}
