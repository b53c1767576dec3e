//! One request for a page: who asks, in which language and theme, and all that templates ask of it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use keybearer_core::account::Standing;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_store::{Account, Session};

use super::assets::{self, Assets};
use super::cookies::Jar;
use super::moment::Moment;
use super::nav::{self, Place};
use super::note::Note;
use super::texts::{self, Fact};
use crate::app::{App, RequestContext};
use crate::caller::{self, Caller, CallerCredential, Presented};
use crate::error::{AppError, AuthError};
use crate::language::Language;
use crate::ops;
use crate::random;

/// What a page has room for before it has to be moved while it is written.
const ROOM: usize = 64 * 1024;

/// How a page looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Theme {
    /// As the browser is set.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// As HTML and the cookie write it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads what [`Theme::code`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.code() == text)
    }
}

/// Who is signed in.
pub(super) struct Person {
    /// What may be done with the session.
    pub(super) caller: Caller,
    /// The session.
    pub(super) session: Session,
    /// The account.
    pub(super) account: Arc<Account>,
    /// How the account stands.
    pub(super) standing: Standing,
}

impl Person {
    /// Whether everything is theirs to manage.
    pub(super) fn is_admin(&self) -> bool {
        self.caller.authority.at_least(Level::ALL).is_ok()
    }
}

/// One request for a page. Templates know it as `visit`.
pub(in crate::http) struct Visit {
    pub(super) app: Arc<App>,
    pub(super) request: RequestContext,
    pub(super) language: Language,
    pub(super) theme: Theme,
    /// What the page before wants to be said first.
    pub(super) note: Option<Note>,
    pub(super) method: Method,
    /// Path and query.
    pub(super) address: String,
    pub(super) headers: HeaderMap,
    /// The host, perhaps with a port, that was asked for.
    host: Option<String>,
    /// See [`Visit::visitor`].
    visitor: OnceLock<(String, bool)>,
    /// Whether what is known in memory is in force, once that was asked.
    in_force: OnceLock<Result<(), AppError>>,
    person: OnceLock<Result<Person, AppError>>,
}

impl Visit {
    /// Reads what a request brings, without judging it.
    pub(in crate::http) fn new(app: Arc<App>, request: RequestContext, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let chosen = Jar::Language.read(&app, headers).and_then(|text| Language::parse(&text));
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| Language::accepted(value.to_str().ok()?));
        let language = chosen.or(accepted).unwrap_or(app.config.language);
        let theme = Jar::Theme.read(&app, headers).and_then(|text| Theme::parse(&text)).unwrap_or_default();
        let note = Jar::Note.read(&app, headers).and_then(|text| Note::parse(&text));
        // HTTP/2 has no header `Host`.
        let named = uri.authority().map(axum::http::uri::Authority::as_str);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(named).map(str::to_owned);
        let address = uri.path_and_query().map_or("/", |both| both.as_str()).to_owned();
        Self {
            app,
            request,
            language,
            theme,
            note,
            method: method.clone(),
            address,
            headers: headers.clone(),
            host,
            visitor: OnceLock::new(),
            in_force: OnceLock::new(),
            person: OnceLock::new(),
        }
    }

    /// The same visit by who has just signed in with this token.
    pub(super) fn signed_in(&self, token: &str) -> Self {
        let headers = Jar::Session.put(&self.app, &self.headers, token);
        let visit = Self::new(Arc::clone(&self.app), self.request.clone(), &self.method, &Uri::from_static("/"), &headers);
        // Signing in has asked.
        visit.in_force.get_or_init(|| Ok(()));
        visit
    }

    /// Who is signed in, judged when it is first asked.
    ///
    /// # Errors
    /// [`AppError::Auth`] where nobody is.
    pub(super) fn person(&self) -> Result<&Person, AppError> {
        self.person.get_or_init(|| self.judge()).as_ref().map_err(Clone::clone)
    }

    fn judge(&self) -> Result<Person, AppError> {
        let token = Jar::Session.read(&self.app, &self.headers).ok_or(AuthError::Missing)?;
        match self.in_force.get() {
            Some(known) => known.clone()?,
            // A page about what failed before anybody asked: it knows nobody.
            None if !self.app.is_in_force() => return Err(AuthError::Missing.into()),
            None => {}
        }
        let caller = caller::judge(&self.app, &Presented::Session(token))?;
        let CallerCredential::Session(session) = caller.credential else {
            return Err(AuthError::Invalid.into());
        };
        let account = ops::account::of_session(&self.app, &session)?;
        let standing = ops::account::standing(&self.app, &account);
        Ok(Person { caller, session, account, standing })
    }

    /// Who is signed in, where everything is theirs to manage: for pages that are of no use to anybody else.
    ///
    /// # Errors
    /// [`AppError::Auth`] where nobody is signed in; [`AppError::Refused`] below level 8.
    pub(super) fn admin(&self) -> Result<&Person, AppError> {
        let person = self.person()?;
        person.caller.authority.at_least(Level::ALL)?;
        Ok(person)
    }

    /// Who is signed in, for templates.
    pub(super) fn member(&self) -> Option<&Person> {
        self.person().ok()
    }

    /// A parameter of the query, the first of this name.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).into_iter().next()
    }

    /// All parameters of the query with this name.
    pub(super) fn query_all(&self, name: &str) -> Vec<String> {
        let query = self.address.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).filter(|(one, _)| one == name).map(|(_, value)| value.into_owned()).collect()
    }

    /// Where people reach this server: as set, else as this request did.
    pub(super) fn origin(&self) -> Option<String> {
        self.app.config.public_url.clone().or_else(|| {
            let host = self.host.as_ref()?;
            Some(format!("{}://{host}", self.app.config.scheme()))
        })
    }

    /// The present moment.
    pub(super) fn now(&self) -> UnixMillis {
        self.app.clock.now()
    }

    /// What ties forms to a browser without a session, and whether it is new. Asked for where there is no session: randomness is not for nothing.
    fn visitor(&self) -> &(String, bool) {
        self.visitor.get_or_init(|| match Jar::Visitor.read(&self.app, &self.headers) {
            Some(visitor) => (visitor, false),
            None => (BASE64.encode(random::bytes::<16>()), true),
        })
    }

    /// What forms are tied to: the session, else the browser.
    fn binding(&self) -> String {
        self.member().map_or_else(|| self.visitor().0.clone(), |person| person.session.id.to_string())
    }

    /// What a form must send back to be taken for ours.
    pub(super) fn token(&self) -> String {
        self.app.forms.token(&self.binding())
    }

    /// Whether this is what one of our forms sends back.
    pub(super) fn admits(&self, token: &str) -> bool {
        let (visitor, new) = self.visitor();
        // A form from before the sign-in is still ours.
        self.app.forms.admits(&self.binding(), token) || (!new && self.app.forms.admits(visitor, token))
    }

    /// What a form that creates something must send back, once.
    pub(super) fn once(&self) -> String {
        self.app.forms.nonce(&self.binding(), self.now())
    }

    /// Uses up what [`Visit::once`] gave.
    pub(super) fn spend(&self, nonce: &str) -> Result<(), crate::forms::Spent> {
        self.app.forms.spend(&self.binding(), nonce, self.now())
    }

    /// A message.
    pub(super) fn t(&self, id: &str) -> String {
        texts::plain(self.language, id).into_owned()
    }

    /// As [`Visit::t`], where no memory of its own is needed.
    pub(super) fn plain(&self, id: &str) -> Cow<'static, str> {
        texts::plain(self.language, id)
    }

    /// A message as HTML, for what lists say of each row.
    pub(super) fn html(&self, id: &str) -> texts::Html {
        texts::html(self.language, id)
    }

    /// A message with one fact in it.
    pub(super) fn t1(&self, id: &str, name: &'static str, fact: impl Fact) -> String {
        texts::text(self.language, id, &[(name, fact.value())])
    }

    /// A message with two facts in it.
    pub(super) fn t2(&self, id: &str, first: &'static str, one: impl Fact, second: &'static str, two: impl Fact) -> String {
        texts::text(self.language, id, &[(first, one.value()), (second, two.value())])
    }

    /// A moment, for people and for machines.
    pub(super) fn moment(&self, at: &UnixMillis) -> Moment {
        Moment::new(*at, self.now(), self.language)
    }

    /// Where the files are that pages load.
    #[expect(clippy::unused_self, reason = "templates ask the visit for everything")]
    pub(super) fn assets(&self) -> &'static Assets {
        &assets::URLS
    }

    /// What was done on the page before, in words.
    pub(super) fn said(&self) -> Option<String> {
        self.note.map(|note| note.text(self))
    }

    /// Where the person can go.
    pub(super) fn places(&self) -> Vec<Place> {
        nav::places(self)
    }

    /// The languages that there are.
    #[expect(clippy::unused_self, reason = "templates ask the visit for everything")]
    pub(super) fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    /// A page.
    ///
    /// # Errors
    /// [`AppError::Internal`] where the template fails.
    pub(super) fn page(&self, status: StatusCode, page: &impl Template) -> Result<Response, AppError> {
        let mut html = String::with_capacity(ROOM);
        page.render_into(&mut html).map_err(|error| AppError::Internal(error.to_string()))?;
        let mut response = (status, Html(html)).into_response();
        if self.note.is_some() {
            self.forget(&mut response, Jar::Note);
        }
        if self.member().is_none()
            && let (visitor, true) = self.visitor()
        {
            self.remember(&mut response, Jar::Visitor, visitor);
        }
        Ok(response)
    }

    /// Another page, to be asked for by GET.
    pub(super) fn go(&self, to: &str) -> Response {
        (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
    }

    /// As [`Visit::go`]; that page says first what was done, and to how many.
    pub(super) fn go_saying(&self, to: &str, note: &'static str, count: usize) -> Response {
        let mut response = self.go(to);
        if let Some(note) = Note::new(note, count) {
            self.remember(&mut response, Jar::Note, &note.code());
        }
        response
    }

    /// Sets a cookie.
    pub(super) fn remember(&self, response: &mut Response, jar: Jar, value: &str) {
        if let Some(value) = jar.set(&self.app, value) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }

    /// Takes a cookie back.
    pub(super) fn forget(&self, response: &mut Response, jar: Jar) {
        if let Some(value) = jar.clear(&self.app) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

/// A visit by anyone.
pub(super) struct Anyone(pub(super) Arc<Visit>);

/// A visit by somebody who is signed in. [`Visit::person`] does not fail behind it.
pub(super) struct Member(pub(super) Arc<Visit>);

impl FromRequestParts<Arc<App>> for Anyone {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let visit = parts.extensions.get::<Arc<Visit>>().cloned();
        let visit = visit.ok_or_else(|| AppError::Internal("a page outside the paths of pages".into()))?;
        if Jar::Session.read(app, &visit.headers).is_some() {
            // Of a form, all has arrived by now.
            let known = app.in_force().await;
            visit.in_force.get_or_init(|| known);
        }
        Ok(Self(visit))
    }
}

impl FromRequestParts<Arc<App>> for Member {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let Anyone(visit) = Anyone::from_request_parts(parts, app).await?;
        visit.person()?;
        Ok(Self(visit))
    }
}
