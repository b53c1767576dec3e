//! The link that makes the first administrator.

use keybearer_core::role::{Level, Roles};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::support::{Answer, Cred, PASSWORD, SECOND, Server};

/// How long a link is good.
const HALF_AN_HOUR: i64 = 30 * 60 * SECOND;

/// The path of the link that the server shows.
fn path(server: &Server) -> String {
    let link = server.setup_link.as_deref().unwrap();
    link.strip_prefix(&server.url("")).unwrap().to_owned()
}

/// Fills in the form behind this link.
async fn fill(server: &Server, path: &str, username: &str, password: &str) -> Answer {
    let form = urlencoded(&[("username", username), ("password", password)]);
    server.ask("POST", path).body("application/x-www-form-urlencoded", form).send().await
}

fn urlencoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// A page of this status that nothing keeps, embeds or is told of.
#[track_caller]
fn assert_page<'a>(answer: &'a Answer, status: u16, heading: &str) -> &'a str {
    assert_eq!(answer.status, status, "{}: {}", answer.what, answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert!(answer.header("content-security-policy").starts_with("default-src 'self'; base-uri 'none'"));
    assert!(answer.text.contains(&format!("<h1>{heading}</h1>")), "{}", answer.text);
    &answer.text
}

const FORM: &str = "Create the first administrator";
const CLOSED: &str = "This link is closed";

#[tokio::test]
async fn the_link_makes_one_administrator_once() {
    let server = Server::start_bare(|_| {}).await;
    let path = path(&server);
    assert_page(&server.get(&path, &Cred::None).await, 200, FORM);
    assert_page(&fill(&server, &path, "Ada", PASSWORD).await, 201, "Welcome, Ada");
    let token = server.sign_in("ada", PASSWORD).await;
    let whoami = server.get("/v1/whoami", &Cred::Bearer(token)).await.expect(200);
    assert_eq!((&whoami["account"]["role"], &whoami["level"]), (&json!("admin"), &json!(8)));

    assert_page(&server.get(&path, &Cred::None).await, 410, CLOSED);
    assert_page(&fill(&server, &path, "Grace", PASSWORD).await, 410, CLOSED);
    let server = server.restart().await;
    assert_eq!(server.setup_link, None, "no link while there is an administrator");
    assert_page(&fill(&server, &path, "Grace", PASSWORD).await, 410, CLOSED);
}

#[tokio::test]
async fn each_start_shows_a_new_link_and_voids_the_old_one() {
    let server = Server::start_bare(|_| {}).await;
    let old = path(&server);
    let server = server.restart().await;
    let new = path(&server);
    assert_ne!(old, new);
    assert_page(&server.get(&old, &Cred::None).await, 410, CLOSED);
    assert_page(&fill(&server, &old, "Ada", PASSWORD).await, 410, CLOSED);
    assert_page(&fill(&server, &new, "Ada", PASSWORD).await, 201, "Welcome, Ada");
}

#[tokio::test]
async fn the_link_is_good_for_half_an_hour() {
    let server = Server::start_bare(|_| {}).await;
    let path = path(&server);
    server.advance(HALF_AN_HOUR - 1);
    assert_page(&server.get(&path, &Cred::None).await, 200, FORM);
    server.advance(1);
    assert_page(&server.get(&path, &Cred::None).await, 410, CLOSED);
    assert_page(&fill(&server, &path, "Ada", PASSWORD).await, 410, CLOSED);
    let server = server.restart().await;
    assert!(server.setup_link.is_some(), "there is still no administrator");
}

#[tokio::test]
async fn a_wrong_link_opens_nothing() {
    let server = Server::start_bare(|_| {}).await;
    let path = path(&server);
    let (longer, shorter, louder) = (format!("{path}A"), &path[..path.len() - 1], path.to_uppercase().replace("/SETUP", "/setup"));
    for wrong in ["/setup/nonsense", &longer, shorter, &louder, "/setup/%00"] {
        assert_page(&server.get(wrong, &Cred::None).await, 410, CLOSED);
        assert_page(&fill(&server, wrong, "Ada", PASSWORD).await, 410, CLOSED);
    }
    for absent in ["/setup", "/setup/"] {
        assert_page(&server.get(absent, &Cred::None).await, 404, "There is nothing here");
    }
    assert_page(&fill(&server, &path, "Ada", PASSWORD).await, 201, "Welcome, Ada");
}

#[tokio::test]
async fn a_weak_password_gets_the_form_again_with_the_reason_and_the_name() {
    let server = Server::start_bare(|_| {}).await;
    let path = path(&server);
    let cases = [
        ("Ada", "short", "at least 12 characters"),
        ("Ada", "password123456", "most common passwords"),
        ("Ada", "abcabcabcabcabc", "repeats"),
        ("ada.lovelace1815", "Ada.Lovelace1815", "must not be the user name"),
    ];
    for (username, password, reason) in cases {
        let answer = fill(&server, &path, username, password).await;
        let page = assert_page(&answer, 422, FORM);
        assert!(page.contains(reason) && page.contains(&format!("value=\"{username}\"")), "{page}");
        assert!(!page.contains(password) || reason.contains(password), "{page}");
    }
    let nameless = fill(&server, &path, "", PASSWORD).await;
    assert!(assert_page(&nameless, 422, FORM).contains("Enter a name"));
    for form in ["", "username=Ada", "username=Ada&password=x&role=user", "username=Ada&username=Eve&password=x"] {
        let answer = server.ask("POST", &path).body("application/x-www-form-urlencoded", form).send().await;
        assert_page(&answer, 400, FORM);
    }
    let json = server.post(&path, &Cred::None, json!({"username": "Ada", "password": PASSWORD})).await;
    assert_page(&json, 415, "This could not be read");
    assert_page(&fill(&server, &path, "Ada", PASSWORD).await, 201, "Welcome, Ada");
}

#[tokio::test]
async fn a_name_is_text_and_never_markup() {
    let server = Server::start_bare(|_| {}).await;
    let path = path(&server);
    let name = "\"><script>alert('x')</script>&";
    let refused = fill(&server, &path, name, "short").await;
    let welcomed = fill(&server, &path, name, PASSWORD).await;
    assert_eq!((refused.status.as_u16(), welcomed.status.as_u16()), (422, 201));
    for page in [&refused.text, &welcomed.text] {
        assert!(!page.contains("<script>") && !page.contains(name) && page.contains("&#60;script&#62;"), "{page}");
    }
    server.sign_in(name, PASSWORD).await;
}

#[tokio::test]
async fn a_name_that_somebody_has_gets_the_form_again() {
    let server = Server::start_with(|config| config.roles = Roles::default().with("owner", Level::ALL).unwrap()).await;
    let ada = server.person("Ada", "owner").await;
    server.delete("/v1/accounts/1", &ada.session()).await.expect(204);
    // Without the role that gave her level 8, there is no administrator any more.
    let server = server.restart_with(|config| config.roles = Roles::default()).await;
    let path = path(&server);
    let answer = fill(&server, &path, "ADA", PASSWORD).await;
    let page = assert_page(&answer, 409, FORM);
    assert!(page.contains("taken") && page.contains("value=\"ADA\""), "{page}");
    assert_page(&fill(&server, &path, "Grace", PASSWORD).await, 201, "Welcome, Grace");
}
