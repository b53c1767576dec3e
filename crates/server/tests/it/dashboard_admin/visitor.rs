//! Somebody with a browser: a session in a cookie, and forms that are filled in as they came.

use form_urlencoded::Serializer;

use crate::support::{Answer, Cred, Person, Server};

/// A browser in which somebody is signed in.
pub struct Visitor<'a> {
    server: &'a Server,
    token: String,
}

/// A form: where it goes, and its hidden fields.
#[derive(Clone)]
pub struct Form {
    action: String,
    pub hidden: Vec<(String, String)>,
}

impl Form {
    /// As it would be without this hidden field.
    pub fn without(&self, name: &str) -> Self {
        assert!(self.hidden.iter().any(|(one, _)| one == name), "there is no {name}");
        let hidden = self.hidden.iter().filter(|(one, _)| one != name).cloned().collect();
        Self { hidden, ..self.clone() }
    }
}

impl<'a> Visitor<'a> {
    /// With this session.
    pub fn new(server: &'a Server, session: &Cred) -> Self {
        let Cred::Bearer(token) = session else { panic!("a session is a bearer token") };
        Self { server, token: token.clone() }
    }

    /// This person's.
    pub fn of(server: &'a Server, person: &Person) -> Self {
        Self::new(server, &person.session())
    }

    /// The administrator's.
    pub async fn admin(server: &'a Server) -> Self {
        Self::new(server, &server.admin().await)
    }

    fn cookie(&self) -> String {
        format!("keybearer={}", self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.server.ask("GET", path).header("cookie", self.cookie()).header("accept-language", "en").send().await
    }

    /// A page that is there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    /// Sends these fields and nothing else.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let ask = self.server.ask("POST", path).header("cookie", self.cookie()).header("accept-language", "en");
        ask.body("application/x-www-form-urlencoded", form).send().await
    }

    /// Sends these fields with what the form on a page hides.
    pub async fn fill(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let hidden = hidden(&self.page(page).await);
        let mut all: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (&**name, &**value)).collect();
        all.extend(fields);
        self.post(path, &all).await
    }

    /// The form on this page that goes to this address.
    pub async fn form(&self, page: &str, action: &str) -> Form {
        let text = self.page(page).await;
        let start = format!("<form method=\"post\" action=\"{action}\"");
        let (_, inner) = text.split_once(&start).unwrap_or_else(|| panic!("{page} has no form for {action}: {text}"));
        let inner = inner.split("</form>").next().unwrap();
        let value = |tag: &str, name: &str| tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let tags = inner.split("<input type=\"hidden\" ").skip(1);
        Form { action: action.to_owned(), hidden: tags.map(|tag| (value(tag, "name"), unescaped(&value(tag, "value")))).collect() }
    }

    /// Sends a form with these fields filled in.
    pub async fn send(&self, form: &Form, filled: &[(&str, &str)]) -> Answer {
        let hidden = form.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let fields: Vec<(&str, &str)> = hidden.chain(filled.iter().copied()).collect();
        self.post(&form.action, &fields).await
    }
}

/// A text as a browser reads it.
fn unescaped(text: &str) -> String {
    let marks = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    marks.iter().fold(text.to_owned(), |text, (written, read)| text.replace(written, read))
}

/// The hidden fields that prove a form to be ours, each once.
pub fn hidden(page: &str) -> Vec<(String, String)> {
    ["_token", "_once"].into_iter().filter_map(|name| Some((name.to_owned(), value(page, name)?))).collect()
}

/// The value of the first hidden field of this name.
fn value(page: &str, name: &str) -> Option<String> {
    let (_, after) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(after.split('"').next()?.to_owned())
}

/// Where the answer sends the browser.
#[track_caller]
pub fn assert_sent_to(answer: &Answer, path: &str) {
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, path), "{}: {}", answer.what, answer.text);
}
