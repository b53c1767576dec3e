//! Language and theme.

use keybearer::language::Language;
use serde_json::json;

use super::browser::{Browser, assert_goes_to, assert_page};
use crate::support::{PASSWORD, Server};

#[tokio::test]
async fn a_page_speaks_as_it_is_asked_to() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    for (accepted, language, heading) in
        [("de-AT, en;q=0.5", "de", "Anmelden"), ("en;q=0.9, de;q=0.8", "en", "Sign in"), ("fr", "en", "Sign in"), ("", "en", "Sign in")]
    {
        browser.headers = vec![("accept-language", accepted.to_owned())];
        let answer = browser.get("/sign-in").await;
        assert!(assert_page(&answer, 200, heading).contains(&format!("<html lang=\"{language}\"")), "{accepted}");
    }
    browser.headers = vec![("accept-language", "en".to_owned())];
    assert_goes_to(
        &browser.fill("/sign-in", "/preferences", &[("language", "de"), ("next", "/sign-in?next=%2Faccount")]).await,
        "/sign-in?next=%2Faccount",
    );
    assert_page(&browser.get("/sign-in").await, 200, "Anmelden");
    browser.fill("/sign-in", "/preferences", &[("language", "xx")]).await;
    assert_page(&browser.get("/sign-in").await, 200, "Anmelden");

    let server = server.restart_with(|config| config.language = Language::German).await;
    assert_page(&Browser::new(&server).get("/sign-in").await, 200, "Anmelden");
    let mut english = Browser::new(&server);
    english.headers = vec![("accept-language", "en-US".to_owned())];
    assert_page(&english.get("/sign-in").await, 200, "Sign in");
}

#[tokio::test]
async fn refusals_are_german_for_germans() {
    let server = Server::start().await;
    server.person("grace", "user").await;
    let mut browser = Browser::signed_in(&server, "grace").await;
    browser.headers = vec![("accept-language", "de".to_owned())];
    assert!(
        assert_page(&browser.get("/dashboard").await, 403, "Das darfst du nicht").contains("Dafür braucht es Stufe 8; du hast Stufe 4.")
    );
    assert_page(&browser.get("/account/nonsense").await, 404, "Hier ist nichts");
    assert!(assert_page(&browser.new_key("", "1").await, 422, "Neuer Schlüssel").contains("Gib einen Namen ein."));
    assert!(assert_page(&browser.new_key("hoch", "5").await, 403, "Neuer Schlüssel").contains("Stufe 5 liegt über Stufe 4"));
    let fields = [("current_password", PASSWORD), ("password", "kurz")];
    let short = browser.fill("/account/security", "/account/password", &fields).await;
    assert!(assert_page(&short, 422, "Sicherheit").contains("mindestens 12 Zeichen"));
    assert_page(&browser.post_bare("/sign-out", &[]).await, 403, "Dieses Formular gilt nicht mehr");
    let key = server.account_key(&server.admin().await, 1).await;
    assert_page(&browser.get(&format!("/account?q={}", key.token)).await, 400, "Das war nicht zu verstehen");
    server.post("/v1/sessions", &crate::support::Cred::None, json!({})).await.problem(400, "malformed");
}

#[tokio::test]
async fn a_theme_stays_until_another_is_chosen() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    assert!(browser.get("/sign-in").await.text.contains("data-theme=\"system\""));
    for theme in ["dark", "light", "system"] {
        assert_goes_to(&browser.fill("/sign-in", "/preferences", &[("theme", theme), ("next", "/sign-in")]).await, "/sign-in");
        let page = browser.get("/sign-in").await.text;
        assert!(page.contains(&format!("data-theme=\"{theme}\"")), "{page}");
        assert!(browser.get("/account/nonsense").await.text.contains(&format!("data-theme=\"{theme}\"")), "errors too");
    }
    browser.cookies.insert("keybearer-theme".into(), "\"><script>".into());
    assert!(browser.get("/sign-in").await.text.contains("data-theme=\"system\""));
}
