//! A browser that reads forms and fills them in.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::{Answer, PASSWORD, Person, Server};

/// Somebody who is signed in.
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
    pub async fn admin(server: &'a Server) -> Self {
        Self { server, token: server.sign_in("admin", PASSWORD).await }
    }

    pub fn of(server: &'a Server, person: &Person) -> Self {
        Self { server, token: person.token.clone() }
    }

    fn cookie(&self) -> String {
        format!("keybearer={}", self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.server.ask("GET", path).header("cookie", self.cookie()).send().await
    }

    /// The text of a page that is there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    /// The form on this page that goes to this address.
    pub async fn form(&self, page: &str, action: &str) -> Form {
        let text = self.page(page).await;
        let start = format!("<form method=\"post\" action=\"{action}\"");
        let (_, inner) = text.split_once(&start).unwrap_or_else(|| panic!("{page} has no form for {action}: {text}"));
        let inner = inner.split("</form>").next().unwrap();
        let value = |tag: &str, name: &str| tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let tags = inner.split("<input type=\"hidden\" ").skip(1);
        Form { action: action.to_owned(), hidden: tags.map(|tag| (value(tag, "name"), value(tag, "value"))).collect() }
    }

    /// Sends a form with these fields filled in.
    pub async fn send(&self, form: &Form, filled: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let hidden = form.hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<String> = hidden.chain(filled.iter().copied()).map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let ask = self.server.ask("POST", &form.action).header("cookie", self.cookie());
        ask.body("application/x-www-form-urlencoded", pairs.join("&")).send().await
    }
}

/// Where the answer sends the browser.
#[track_caller]
pub fn assert_sent_to(answer: &Answer, path: &str) {
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, path), "{}: {}", answer.what, answer.text);
}
