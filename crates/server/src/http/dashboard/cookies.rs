//! The cookies of the pages. They are credentials and preferences of this face only; no other reads them.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::app::App;

/// What browsers bind to one host.
const BOUND: &str = "__Host-";

/// What a cookie is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Jar {
    /// The token of the session.
    Session,
    /// What ties forms to a browser that has no session.
    Visitor,
    /// What the next page is to say first.
    Note,
    /// The theme that was chosen.
    Theme,
    /// The language that was chosen.
    Language,
}

impl Jar {
    /// The name, but for what is before it where cookies are secure.
    fn stem(self) -> &'static str {
        match self {
            Self::Session => "keybearer",
            Self::Visitor => "keybearer-visitor",
            Self::Note => "keybearer-note",
            Self::Theme => "keybearer-theme",
            Self::Language => "keybearer-language",
        }
    }

    /// The name. Where cookies are secure, browsers bind those that begin so to this host alone.
    fn name(self, app: &App) -> String {
        let bound = if secure(app) { BOUND } else { "" };
        format!("{bound}{}", self.stem())
    }

    /// What the browser sent; nothing where it sent two, of which one would not be ours.
    pub(super) fn read(self, app: &App, headers: &HeaderMap) -> Option<String> {
        let bound = if secure(app) { BOUND } else { "" };
        let is_ours = |name: &str| name.strip_prefix(bound) == Some(self.stem());
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(Cookie::split_parse);
        let mut values = sent.filter_map(Result::ok).filter(|cookie| is_ours(cookie.name())).map(|cookie| cookie.value().to_owned());
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    }

    /// These headers as the browser will send them once it has this value.
    pub(super) fn put(self, app: &App, headers: &HeaderMap, value: &str) -> HeaderMap {
        let name = self.name(app);
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(Cookie::split_parse);
        let others = sent.filter_map(Result::ok).filter(|cookie| cookie.name() != name).map(|cookie| cookie.to_string());
        let cookies: Vec<String> = others.chain([format!("{name}={value}")]).collect();
        let mut headers = headers.clone();
        headers.remove(header::COOKIE);
        headers.extend(HeaderValue::try_from(cookies.join("; ")).map(|value| (header::COOKIE, value)));
        headers
    }

    /// The header that sets it.
    pub(super) fn set(self, app: &App, value: &str) -> Option<HeaderValue> {
        self.header(app, value, self.lasts())
    }

    /// The header that takes it back.
    pub(super) fn clear(self, app: &App) -> Option<HeaderValue> {
        self.header(app, "", Some(Duration::ZERO))
    }

    /// How long it is kept; without that, until the browser is closed.
    fn lasts(self) -> Option<Duration> {
        match self {
            Self::Session | Self::Visitor => None,
            Self::Note => Some(Duration::minutes(5)),
            Self::Theme | Self::Language => Some(Duration::days(365)),
        }
    }

    fn header(self, app: &App, value: &str, lasts: Option<Duration>) -> Option<HeaderValue> {
        let cookie = Cookie::build((self.name(app), value)).path("/").http_only(true).same_site(SameSite::Lax).secure(secure(app));
        let cookie = match lasts {
            Some(lasts) => cookie.max_age(lasts),
            None => cookie,
        };
        HeaderValue::from_str(&cookie.build().to_string()).ok()
    }
}

/// Whether people come by https, so that cookies never travel otherwise.
fn secure(app: &App) -> bool {
    app.config.scheme() == "https"
        || app.config.public_url.as_deref().is_some_and(|url| url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")))
}
