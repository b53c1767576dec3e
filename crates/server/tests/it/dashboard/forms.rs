//! Forms from elsewhere, of another session, or sent twice: refused, and nothing changed.

use keybearer::http::dashboard::ROUTES;
use serde_json::Value;

use super::browser::{Browser, FORM, assert_goes_to, assert_page, hidden, urlencoded};
use crate::support::{DAY, PASSWORD, Server};

const ELSEWHERE: &str = "This form came from elsewhere";
const STALE: &str = "This form is no longer good";
const USED: &str = "This was made already";

/// How many changes there were.
async fn revision(server: &Server) -> Value {
    server.get("/v1/stats", &server.admin().await).await.expect(200)["revision"].clone()
}

#[tokio::test]
async fn a_form_counts_only_from_a_page_of_this_server() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let before = revision(&server).await;
    let own = format!("http://{}", server.address);
    let foreign: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "nonsense")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", &own), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://127.0.0.1:9"), ("sec-fetch-site", "same-origin")],
    ];
    for headers in foreign {
        browser.headers = headers
            .iter()
            .map(|(name, value)| (if *name == "origin" { "origin" } else { "sec-fetch-site" }, (*value).to_owned()))
            .collect();
        assert_page(&browser.new_key("stolen", "8").await, 403, ELSEWHERE);
        assert_page(&browser.fill("/account/security", "/sign-out", &[]).await, 403, ELSEWHERE);
        assert_page(&browser.fill("/account", "/preferences", &[("theme", "dark")]).await, 403, ELSEWHERE);
    }
    assert_eq!(revision(&server).await, before);

    for (origin, site) in [(own.as_str(), "same-origin"), (&own.to_uppercase(), "none")] {
        browser.headers = vec![("origin", origin.to_owned()), ("sec-fetch-site", site.to_owned())];
        assert_page(&browser.new_key("mine", "0").await, 201, "Your new key");
    }
}

#[tokio::test]
async fn with_a_public_url_that_is_the_only_origin() {
    let server = Server::start().await.restart_with(|config| config.public_url = Some("https://Keys.example.com:443".into())).await;
    let token = server.sign_in("admin", PASSWORD).await;
    let mut browser = Browser::new(&server);
    browser.cookies.insert("__Host-keybearer".into(), token);
    for (origin, status) in [
        ("https://keys.example.com", 201),
        ("http://keys.example.com", 403),
        ("https://keys.example.com.evil.example", 403),
        (server.url("").as_str(), 403),
    ] {
        browser.headers = vec![("origin", origin.to_owned())];
        assert_eq!(browser.new_key("one", "0").await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_own_session() {
    let server = Server::start().await;
    server.person("grace", "user").await;
    let mut other = Browser::signed_in(&server, "grace").await;
    let of_another = hidden(&other.get("/account").await.text, "_token");
    let mut again = Browser::signed_in(&server, "admin").await;
    let of_another_session = hidden(&again.get("/account").await.text, "_token");
    let mut stranger = Browser::new(&server);
    let of_nobody = hidden(&stranger.get("/sign-in").await.text, "_token");

    let mut browser = Browser::signed_in(&server, "admin").await;
    let page = browser.get("/account/keys/new").await;
    let (own, once) = (hidden(&page.text, "_token"), hidden(&page.text, "_once"));
    let before = revision(&server).await;
    let new_key = [("name", "stolen"), ("level", "8"), ("expires_in", "30"), ("_once", once.as_str())];
    let forms: [(&str, &[(&str, &str)]); 7] = [
        ("/account/keys/new", &new_key),
        ("/account/password", &[("current_password", PASSWORD), ("password", "hollow cedar ninety kites")]),
        ("/account/sessions/end-others", &[]),
        ("/account/standing/lock", &[]),
        ("/account/standing/delete", &[("current_password", PASSWORD)]),
        ("/sign-out", &[]),
        ("/preferences", &[("theme", "dark")]),
    ];
    for (path, fields) in forms {
        assert_page(&browser.post_bare(path, fields).await, 403, STALE);
        for token in ["", "x", &own[1..], &of_another, &of_another_session, &of_nobody] {
            let with: Vec<_> = fields.iter().copied().chain([("_token", token)]).collect();
            assert_page(&browser.post_bare(path, &with).await, 403, STALE);
        }
    }
    assert_eq!(revision(&server).await, before);
    let with: Vec<_> = new_key.into_iter().chain([("_token", own.as_str())]).collect();
    assert_page(&browser.post_bare("/account/keys/new", &with).await, 201, "Your new key");
}

#[tokio::test]
async fn nobody_is_signed_in_by_a_form_from_elsewhere() {
    let server = Server::start().await;
    let filled = [("username", "admin"), ("password", PASSWORD)];
    let mut attacker = Browser::new(&server);
    let token = hidden(&attacker.get("/sign-in").await.text, "_token");
    let mut victim = Browser::new(&server);
    let with: Vec<_> = filled.into_iter().chain([("_token", token.as_str())]).collect();
    assert_page(&victim.post_bare("/sign-in", &filled).await, 403, STALE);
    assert_page(&victim.post_bare("/sign-in", &with).await, 403, STALE);
    victim.get("/sign-in").await;
    assert_page(&victim.post_bare("/sign-in", &with).await, 403, STALE);
    assert!(!victim.cookies.contains_key("keybearer"));
    assert_goes_to(&attacker.post_bare("/sign-in", &with).await, "/");
}

#[tokio::test]
async fn what_creates_is_done_once_and_its_secret_is_not_shown_again() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let page = browser.get("/account/keys/new").await;
    let (token, once) = (hidden(&page.text, "_token"), hidden(&page.text, "_once"));
    let fields = [("_token", token.as_str()), ("_once", once.as_str()), ("name", "one"), ("level", "1"), ("expires_in", "7")];
    let shown = browser.post_bare("/account/keys/new", &fields).await;
    let secret = super::browser::value_of(&shown.text, "token");
    assert_eq!(server.verdict(&secret).await, "VALID");
    let before = revision(&server).await;
    for _ in 0..2 {
        let again = browser.post_bare("/account/keys/new", &fields).await;
        assert!(!assert_page(&again, 409, USED).contains(&secret));
    }
    for path in ["/account/keys/new", "/account", "/account?show=all", "/account/security"] {
        assert!(!browser.get(path).await.text.contains(&secret), "{path}");
    }
    // Of another session, too old, or none at all.
    let mut other = Browser::signed_in(&server, "admin").await;
    let other_page = other.get("/account/keys/new").await;
    let foreign = hidden(&other_page.text, "_once");
    for once in ["", "AAAA", &foreign] {
        let fields = [("_token", token.as_str()), ("_once", once), ("name", "two"), ("level", "1"), ("expires_in", "7")];
        assert_page(&browser.post_bare("/account/keys/new", &fields).await, 403, STALE);
    }
    assert_eq!(revision(&server).await, before.as_i64().unwrap() + 1, "one sign-in, and no key");
    // A form that was wrong can be mended and sent again.
    let wrong = browser.new_key("", "1").await;
    assert_eq!(wrong.status, 422);
    let (token, once) = (hidden(&wrong.text, "_token"), hidden(&wrong.text, "_once"));
    let fields = [("_token", token.as_str()), ("_once", once.as_str()), ("name", "two"), ("level", "1"), ("expires_in", "7")];
    assert_page(&browser.post_bare("/account/keys/new", &fields).await, 201, "Your new key");
}

#[tokio::test]
async fn a_form_of_before_a_restart_is_not_taken() {
    let server = Server::start_with(|config| config.sessions.lifetime = 2 * DAY).await;
    let token = server.sign_in("admin", PASSWORD).await;
    let shown = Browser::with_session(&server, &token).get("/account/keys/new").await;
    let server = server.restart().await;
    let mut browser = Browser::with_session(&server, &token);
    let (form, once) = (hidden(&shown.text, "_token"), hidden(&shown.text, "_once"));
    let fields = [("_token", form.as_str()), ("_once", once.as_str()), ("name", "one"), ("level", "1"), ("expires_in", "7")];
    assert_page(&browser.post_bare("/account/keys/new", &fields).await, 403, STALE);
    assert_page(&browser.new_key("one", "1").await, 201, "Your new key");
}

#[tokio::test]
async fn only_forms_of_a_bearable_size_are_read() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let token = hidden(&browser.get("/account").await.text, "_token");
    for content_type in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
        let body = urlencoded(&[("_token", &token), ("theme", "dark")]);
        let answer = browser.send("POST", "/preferences", Some((content_type, body))).await;
        assert_page(&answer, 415, "This could not be read");
    }
    let body = format!("_token={token}&next={}", "a".repeat(64 * 1024));
    assert_page(&browser.send("POST", "/preferences", Some((FORM, body))).await, 413, "This could not be read");
    assert!(!browser.cookies.contains_key("keybearer-theme"));
}

#[tokio::test]
async fn a_form_of_administrators_does_nothing_for_others_however_good_its_token_is() {
    let server = Server::start().await;
    let policy = server.policy("readers", &[]).await;
    let key = server.service_key_with("reports", &policy).await;
    let session = server.person("sue", "support").await.token;
    let mut browser = Browser::with_session(&server, &session);
    let before = revision(&server).await;
    let forms: Vec<&str> =
        ROUTES.iter().filter(|(method, path)| *method == "POST" && path.starts_with("/dashboard/")).map(|(_, path)| *path).collect();
    assert!(forms.len() > 10, "{forms:?}");
    for form in forms {
        let path = form.replace("accounts/{id}", "accounts/1").replace("policies/{id}", &format!("policies/{policy}"));
        let path = path.replace("keys/{id}", &format!("keys/{}", key.id)).replace("{step}", "lock").replace("{name}", "orders");
        assert!(!path.contains('{'), "{path}");
        // The token and the nonce of a page that is theirs.
        let page = browser.get("/account/keys/new").await;
        let (token, once) = (hidden(&page.text, "_token"), hidden(&page.text, "_once"));
        let sent = [
            ("_token", token.as_str()),
            ("_once", &once),
            ("name", "stolen"),
            ("username", "mallory"),
            ("role", "admin"),
            ("level", "1"),
            ("policy_id", &policy),
            ("expires_in", "7"),
            ("id", &key.id),
            ("keys", "0"),
            ("password", "hollow cedar ninety kites"),
            ("version", "1"),
        ];
        assert_page(&browser.post_bare(&path, &sent).await, 403, "You may not do this");
    }
    assert_eq!(revision(&server).await, before);
    assert_eq!(server.verdict(&key.token).await, "VALID");
}
