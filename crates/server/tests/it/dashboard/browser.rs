//! A browser without JavaScript: it keeps cookies, and fills in the forms that it was shown.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::support::{Answer, PASSWORD, Server};

/// What every form is sent as.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A browser, with its cookies.
pub struct Browser<'a> {
    pub server: &'a Server,
    pub cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub headers: Vec<(&'static str, String)>,
}

/// Fields as a form sends them.
pub fn urlencoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// The value of the first hidden field of this name on a page.
pub fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no field {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The value of the field with this id.
pub fn value_of(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no field {id}: {page}"));
    rest.split_once("value=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

impl<'a> Browser<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self { server, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// A browser with the session of this token.
    pub fn with_session(server: &'a Server, token: &str) -> Self {
        let mut browser = Self::new(server);
        browser.cookies.insert("keybearer".to_owned(), token.to_owned());
        browser
    }

    /// A browser in which this person is signed in.
    pub async fn signed_in(server: &'a Server, username: &str) -> Self {
        Self::with_session(server, &server.sign_in(username, PASSWORD).await)
    }

    /// A request with the cookies, and what the answer sets.
    pub async fn send(&mut self, method: &str, path: &str, body: Option<(&str, String)>) -> Answer {
        let mut ask = self.server.ask(method, path);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            ask = ask.header("cookie", cookies.join("; "));
        }
        for (name, value) in &self.headers {
            ask = ask.header(name, value);
        }
        if let Some((content_type, body)) = body {
            ask = ask.body(content_type, body);
        }
        let answer = ask.send().await;
        for set in answer.headers.get_all("set-cookie") {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
            }
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// Posts these fields as they are.
    pub async fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", path, Some((FORM, urlencoded(fields)))).await
    }

    /// Asks for a page and posts a form of it, with what proves where it comes from.
    pub async fn fill(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{page}: {}", shown.text);
        let token = hidden(&shown.text, "_token");
        let mut all = vec![("_token", token.as_str())];
        let once = shown.text.contains("name=\"_once\"").then(|| hidden(&shown.text, "_once"));
        all.extend(once.as_deref().map(|once| ("_once", once)));
        // How many keys the page says that it ends.
        let keys = shown.text.contains("name=\"keys\"").then(|| hidden(&shown.text, "keys"));
        all.extend(keys.as_deref().map(|keys| ("keys", keys)));
        all.extend(fields);
        self.post_bare(action, &all).await
    }

    /// Makes a key of one's own; the page that shows it.
    pub async fn new_key(&mut self, name: &str, level: &str) -> Answer {
        let fields = [("name", name), ("level", level), ("expires_in", "30")];
        self.fill("/account/keys/new", "/account/keys/new", &fields).await
    }
}

/// A redirect to this place.
#[track_caller]
pub fn assert_goes_to(answer: &Answer, place: &str) {
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, place), "{}: {}", answer.what, answer.text);
}

/// A page of this status with this heading.
#[track_caller]
pub fn assert_page<'a>(answer: &'a Answer, status: u16, heading: &str) -> &'a str {
    assert_eq!(answer.status.as_u16(), status, "{}: {}", answer.what, answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{}", answer.what);
    assert!(answer.text.contains(&format!("<h1>{heading}</h1>")), "{}: {}", answer.what, answer.text);
    &answer.text
}
