//! What every page has in common: its headers, its files, and its errors.

use super::browser::{Browser, assert_goes_to, assert_page};
use crate::support::{Answer, Server};

const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

#[track_caller]
fn assert_guarded(answer: &Answer, cache: &str) {
    let what = &answer.what;
    assert_eq!(answer.header("content-security-policy"), POLICY, "{what}");
    assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(answer.header("cache-control"), cache, "{what}");
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{what}");
}

/// Nothing of a page is written into it that the policy would stop.
#[track_caller]
fn assert_plain(answer: &Answer) {
    for forbidden in ["<style", " style=", " onclick", " onload", "javascript:", "<script>", "http://"] {
        assert!(!answer.text.contains(forbidden) || answer.text.contains("/v1/whoami"), "{}: {forbidden}", answer.what);
    }
    assert!(answer.text.starts_with("<!doctype html>\n<html lang=\"") && answer.text.matches("<h1").count() == 1, "{}", answer.text);
}

#[tokio::test]
async fn every_answer_is_guarded_and_kept_nowhere() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let pages = ["/dashboard", "/account", "/account/keys/new", "/account/keys/delete", "/account/security", "/account/standing/lock"];
    for path in pages.into_iter().chain(["/account/nonsense", "/setup/nonsense", "/reset/nonsense"]) {
        let answer = browser.get(path).await;
        assert_guarded(&answer, "no-store");
        assert_plain(&answer);
    }
    let shown = browser.new_key("one", "1").await;
    assert_guarded(&shown, "no-store");
    assert_plain(&shown);
    assert_guarded(&browser.get("/").await, "no-store");
    assert_guarded(&browser.post_bare("/sign-out", &[]).await, "no-store");
    let mut stranger = Browser::new(&server);
    for path in ["/", "/sign-in", "/account", "/dashboard"] {
        assert_guarded(&stranger.get(path).await, "no-store");
    }
}

#[tokio::test]
async fn what_pages_load_is_named_by_its_content_and_kept_for_ever() {
    let server = Server::start().await;
    let page = Browser::new(&server).get("/sign-in").await;
    let mut files: Vec<&str> = page.text.split('"').filter(|text| text.starts_with("/assets/")).collect();
    files.retain(|file| !file.contains('#'));
    let mut bytes = page.text.len();
    for (kind, content_type) in [("css", "text/css; charset=utf-8"), ("js", "text/javascript; charset=utf-8"), ("svg", "image/svg+xml")] {
        let file = files.iter().find(|file| file.ends_with(kind)).unwrap();
        let answer = Browser::new(&server).get(file).await;
        assert_guarded(&answer, "public, max-age=31536000, immutable");
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, content_type));
        bytes += answer.text.len();
        let other = file.replace(|character: char| character.is_ascii_digit(), "x");
        assert_guarded(&Browser::new(&server).get(&other).await, "no-store");
    }
    assert!(bytes < 60_000, "{bytes}");
    let script = files.iter().find(|file| file.ends_with("js")).unwrap();
    assert!(Browser::new(&server).get(script).await.text.lines().count() < 200);
}

#[tokio::test]
async fn errors_are_pages_with_their_status() {
    let server = Server::start().await;
    server.person("grace", "user").await;
    let mut browser = Browser::signed_in(&server, "grace").await;
    assert!(assert_page(&browser.get("/dashboard").await, 403, "You may not do this").contains("This needs level 8; you have level 4."));
    assert_page(&browser.get("/dashboard/nonsense").await, 404, "There is nothing here");
    let method = browser.send("DELETE", "/account", None).await;
    assert_page(&method, 405, "This could not be read");
    assert_eq!(method.header("allow"), "GET,HEAD");
    assert_page(&browser.post_bare("/account/standing/nonsense", &[]).await, 403, "This form is no longer good");
    let twice = server.ask("GET", "/account").header("x-api-key", "a").header("authorization", "Bearer b").send().await;
    assert_page(&twice, 400, "This could not be read");
    let mut stranger = Browser::new(&server);
    assert_page(&stranger.post_bare("/account/standing/lock", &[]).await, 401, "You are not signed in");
    assert_goes_to(&stranger.get("/dashboard").await, "/sign-in?next=%2Fdashboard");
    assert_eq!(stranger.send("HEAD", "/account", None).await.header("location"), "/sign-in?next=%2Faccount");
    // Paths of no page speak to programs.
    server.get("/nonsense", &crate::support::Cred::None).await.problem(404, "no_such_path");
}
