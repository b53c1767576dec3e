//! What somebody typed while their session ended.

use super::browser::{Browser, assert_goes_to, assert_page, hidden};
use crate::support::{PASSWORD, Server};

const NEW: &str = "/account/keys/new";
const TYPED: [(&str, &str); 3] = [("name", "laptop <b>&amp;"), ("level", "1"), ("expires_in", "30")];

/// A value as a browser reads it.
fn unescaped(text: &str) -> String {
    let marks = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    marks.iter().fold(text.to_owned(), |text, (written, read)| text.replace(written, read))
}

/// The fields that the sign-in has for it, with these credentials.
fn sign_in<'a>(page: &str, credentials: [(&'a str, &'a str); 2]) -> Vec<(&'a str, String)> {
    let kept = ["_token", "next", "kept"].map(|name| (name, unescaped(&hidden(page, name))));
    kept.into_iter().chain(credentials.map(|(name, value)| (name, value.to_owned()))).collect()
}

async fn post(browser: &mut Browser<'_>, path: &str, fields: &[(&str, String)]) -> crate::support::Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post_bare(path, &fields).await
}

#[tokio::test]
async fn it_goes_through_the_sign_in_and_is_sent_when_they_say_so() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let mut browser = Browser::with_session(&server, &grace.token);
    browser.headers.push(("origin", server.url("")));
    let mut form = vec![("_token", hidden(&browser.get(NEW).await.text, "_token")), ("_once", String::from("none"))];
    form.extend(TYPED.map(|(name, value)| (name, value.to_owned())));
    form.push(("current_password", "a secret of mine".to_owned()));
    server.delete("/v1/sessions/current", &grace.session()).await.expect(204);

    let answer = post(&mut browser, NEW, &form).await;
    let page = assert_page(&answer, 401, "Sign in").to_owned();
    assert!(page.contains("Your session ended while you were typing.") && !page.contains("secret"), "{page}");
    let wrong = post(&mut browser, "/sign-in", &sign_in(&page, [("username", "grace"), ("password", "wrong")])).await;
    let page = assert_page(&wrong, 401, "Sign in").to_owned();
    let answer = post(&mut browser, "/sign-in", &sign_in(&page, [("username", "grace"), ("password", PASSWORD)])).await;
    let page = assert_page(&answer, 200, "You are signed in again").to_owned();
    assert!(page.contains("<bdi>laptop &#60;b&#62;&#38;amp;</bdi>") && page.contains("action=\"/account/keys/new\""), "{page}");
    assert!(!browser.get("/account").await.text.contains("laptop"), "nothing is sent by itself");

    let (_, kept) = page.split_once("action=\"/account/keys/new\"").unwrap();
    let again = ["_token", "_once", "name", "level", "expires_in"].map(|name| (name, unescaped(&hidden(kept, name))));
    assert_eq!(post(&mut browser, NEW, &again).await.status, 201);
    assert!(browser.get("/account").await.text.contains("<bdi>laptop &#60;b&#62;&#38;amp;</bdi>"));
    assert_eq!(post(&mut browser, NEW, &again).await.status, 409, "it is sent once");
}

#[tokio::test]
async fn nobody_elses_words_are_kept_and_they_go_nowhere_else() {
    let server = Server::start().await;
    let fields = TYPED.map(|(name, value)| (name, value.to_owned()));
    for (headers, status) in [(vec![], 401), (vec![("origin", "https://evil.example".to_owned())], 403)] {
        let mut browser = Browser::new(&server);
        browser.headers = headers;
        let refused = post(&mut browser, NEW, &fields).await;
        assert_eq!(refused.status.as_u16(), status, "{}", refused.text);
        assert!(!refused.text.contains("laptop") && !refused.text.contains("name=\"kept\""), "{}", refused.text);
    }
    let mut browser = Browser::new(&server);
    let elsewhere = [("username", "admin"), ("password", PASSWORD), ("next", "//evil.example"), ("kept", "name=laptop")];
    assert_goes_to(&browser.fill("/sign-in", "/sign-in", &elsewhere).await, "/");
}
