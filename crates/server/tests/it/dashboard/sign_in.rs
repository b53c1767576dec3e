//! Signing in and out, and where that leads.

use super::browser::{Browser, assert_goes_to, assert_page};
use crate::support::{Cred, PASSWORD, Server};

#[tokio::test]
async fn each_person_begins_where_they_belong() {
    let server = Server::start().await;
    server.person("grace", "user").await;
    assert_goes_to(&Browser::new(&server).get("/").await, "/sign-in");
    for (username, start) in [("admin", "/dashboard"), ("grace", "/account")] {
        let mut browser = Browser::new(&server);
        let filled = [("username", username), ("password", PASSWORD), ("next", "")];
        assert_goes_to(&browser.fill("/sign-in", "/sign-in", &filled).await, "/");
        assert_goes_to(&browser.get("/").await, start);
        assert_goes_to(&browser.get("/sign-in").await, start);
        let session = Cred::Bearer(browser.cookies["keybearer"].clone());
        assert_goes_to(&browser.fill("/account", "/sign-out", &[]).await, "/sign-in");
        assert!(assert_page(&browser.get("/sign-in").await, 200, "Sign in").contains("You are signed out."));
        assert!(!browser.get("/sign-in").await.text.contains("You are signed out."), "it is said once");
        server.get("/v1/whoami", &session).await.problem(401, "credential_invalid");
        assert_goes_to(&browser.get("/account").await, "/sign-in?next=%2Faccount");
    }
}

#[tokio::test]
async fn the_way_leads_back_to_where_somebody_wanted_to_go_but_never_elsewhere() {
    let server = Server::start().await;
    let wanted = "/account?show=all";
    let mut browser = Browser::new(&server);
    let sent = browser.get(wanted).await;
    assert_goes_to(&sent, "/sign-in?next=%2Faccount%3Fshow%3Dall");
    let next = super::browser::hidden(&browser.get(sent.header("location")).await.text, "next");
    assert_eq!(next, wanted);
    let filled = |next| [("username", "admin"), ("password", PASSWORD), ("next", next)];
    assert_goes_to(&browser.fill("/sign-in", "/sign-in", &filled(&next)).await, wanted);
    for evil in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "account",
    ] {
        let mut browser = Browser::new(&server);
        assert_goes_to(&browser.fill("/sign-in", "/sign-in", &filled(evil)).await, "/");
        assert_goes_to(&browser.fill("/account", "/preferences", &[("next", evil)]).await, "/");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_too_many_wait() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    let wrong = [("username", "admin"), ("password", "wrong"), ("next", "/account")];
    let answer = browser.fill("/sign-in", "/sign-in", &wrong).await;
    let page = assert_page(&answer, 401, "Sign in");
    assert!(page.contains("User name or password is wrong.") && page.contains("value=\"admin\"") && page.contains("value=\"/account\""));
    assert!(page.contains("role=\"alert\"") && !page.contains("value=\"wrong\""), "{page}");
    let mut last = answer;
    for _ in 0..12 {
        last = browser.fill("/sign-in", "/sign-in", &wrong).await;
    }
    assert!(assert_page(&last, 429, "Sign in").contains("Too many failed attempts. Try again in"));
    assert!(last.header("retry-after").parse::<u32>().is_ok());
    assert!(!browser.cookies.contains_key("keybearer"));
}

#[tokio::test]
async fn who_is_blocked_is_told_so() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let blocked = serde_json::json!({"status": "blocked"});
    server.patch(&format!("/v1/accounts/{}", grace.id), &server.admin().await, blocked).await.expect(200);
    let mut browser = Browser::with_session(&server, &grace.token);
    assert_goes_to(&browser.get("/account").await, "/sign-in?next=%2Faccount");
    let answer = browser.fill("/sign-in", "/sign-in", &[("username", "grace"), ("password", PASSWORD)]).await;
    assert!(assert_page(&answer, 403, "Sign in").contains("Your account is blocked."));
}
