//! `/account/security` and what leads on from there.

use serde_json::json;

use super::browser::{Browser, assert_goes_to, assert_page};
use crate::support::{Cred, PASSWORD, Server};

const OTHER: &str = "hollow cedar ninety kites";

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let key = server.account_key(&grace.session(), 1).await;
    let mut browser = Browser::signed_in(&server, "grace").await;
    let mut change = async |current, password| {
        let fields = [("current_password", current), ("password", password)];
        browser.fill("/account/security", "/account/password", &fields).await
    };
    let cases = [
        ("wrong", OTHER, 403, "The current password is wrong."),
        ("", OTHER, 422, "Enter your current password."),
        (PASSWORD, "short", 422, "at least 12 characters"),
        (PASSWORD, "", 422, "at least 12 characters"),
    ];
    for (current, password, status, text) in cases {
        let answer = change(current, password).await;
        assert!(assert_page(&answer, status, "Security").contains(text), "{}", answer.text);
        assert!(!answer.text.contains(PASSWORD) && !answer.text.contains(OTHER));
    }
    assert_goes_to(&change(PASSWORD, OTHER).await, "/account/security");
    let page = browser.get("/account/security").await;
    assert!(page.text.contains("Your password was changed") && page.text.contains("1 key that you made still lives"), "{}", page.text);
    server.get("/v1/whoami", &grace.session()).await.problem(401, "credential_invalid");
    assert_eq!(server.verdict(&key.token).await, "VALID");
    server.sign_in("grace", OTHER).await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    server.advance(1_000);
    let second = server.sign_in("grace", PASSWORD).await;
    server.advance(1_000);
    let mut browser = Browser::signed_in(&server, "grace").await;
    let page = browser.get("/account/security").await.text;
    assert_eq!((page.matches("action=\"/account/sessions/end\"").count(), page.matches("This one").count()), (3, 1), "{page}");
    let listed = server.get("/v1/sessions", &Cred::Bearer(second.clone())).await.expect(200);
    let id =
        listed["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap()["id"].as_str().unwrap().to_owned();
    assert_goes_to(&browser.fill("/account/security", "/account/sessions/end", &[("id", &id)]).await, "/account/security");
    server.get("/v1/whoami", &Cred::Bearer(second)).await.problem(401, "credential_invalid");
    assert_eq!(browser.fill("/account/security", "/account/sessions/end", &[("id", &id)]).await.status, 404);
    assert_goes_to(&browser.fill("/account/security", "/account/sessions/end-others", &[]).await, "/account/security");
    assert!(browser.get("/account/security").await.text.contains("1 other session has ended."));
    server.get("/v1/whoami", &grace.session()).await.problem(401, "credential_invalid");

    let admin = server.get("/v1/sessions", &server.admin().await).await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(browser.fill("/account/security", "/account/sessions/end", &[("id", &admin)]).await.status, 404, "somebody else's");
}

#[tokio::test]
async fn what_ends_all_keys_says_how_many_and_leaves_only_the_way_back() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let ways = [
        (
            "withdraw-consent",
            "Withdraw consent",
            "Your consent is withdrawn, and 2 keys were revoked.",
            "give-consent",
            "/account/standing/delete",
        ),
        ("lock", "Lock my account", "Your account is locked, and 2 keys were revoked.", "unlock", "/account/standing/unlock"),
    ];
    for (step, heading, done, back, offered) in ways {
        let session = Cred::Bearer(server.sign_in("grace", PASSWORD).await);
        let keys = [server.account_key(&session, 1).await, server.account_key(&session, 4).await];
        let mut browser = Browser::signed_in(&server, "grace").await;
        let path = format!("/account/standing/{step}");
        assert!(assert_page(&browser.get(&path).await, 200, heading).contains("This revokes 2 keys."));
        assert_eq!(server.verdict(&keys[0].token).await, "VALID", "asking changes nothing");
        assert_goes_to(&browser.fill(&path, &path, &[]).await, "/sign-in");
        assert!(browser.get("/sign-in").await.text.contains(done));
        for key in &keys {
            assert_eq!(server.verdict(&key.token).await, "REVOKED");
        }

        let mut browser = Browser::signed_in(&server, "grace").await;
        let page = browser.get("/account").await.text;
        assert!(
            page.contains(&format!("/account/standing/{back}")) && page.contains(offered) && !page.contains("/account/keys/new"),
            "{page}"
        );
        let security = browser.get("/account/security").await.text;
        assert!(!security.contains("/account/password") && !security.contains("/account/standing/lock"), "{security}");
        assert_eq!(browser.get("/account/keys/new").await.status, 403);
        let path = format!("/account/standing/{back}");
        assert_goes_to(&browser.fill("/account", &path, &[]).await, "/account");
        assert!(browser.get("/account").await.text.contains("You have no active keys"), "nothing is revived");
    }
    let deleted = server.get(&format!("/v1/accounts/{}", grace.id), &server.admin().await).await.expect(200);
    assert_eq!((&deleted["status"], &deleted["consent"]), (&json!("active"), &json!(true)));
}

#[tokio::test]
async fn an_account_is_deleted_by_who_knows_the_password() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    server.account_key(&grace.session(), 1).await;
    let mut browser = Browser::with_session(&server, &grace.token);
    let path = "/account/standing/delete";
    assert!(browser.get(path).await.text.contains("This revokes 1 key."));
    let wrong = browser.fill(path, path, &[("current_password", "wrong")]).await;
    assert!(assert_page(&wrong, 403, "Delete my account").contains("The current password is wrong."));
    assert_eq!(browser.fill(path, path, &[]).await.status, 422);
    assert_goes_to(&browser.fill(path, path, &[("current_password", PASSWORD)]).await, "/sign-in");
    assert!(browser.get("/sign-in").await.text.contains("Your account is deleted, and 1 key was revoked."));
    server.get(&format!("/v1/accounts/{}", grace.id), &server.admin().await).await.problem(404, "account_not_found");

    let mut admin = Browser::signed_in(&server, "admin").await;
    for step in ["lock", "delete"] {
        let path = format!("/account/standing/{step}");
        let refused = admin.fill(&path, &path, &[("current_password", PASSWORD)]).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(refused.text.contains("This is the last active administrator."));
    }
    assert_page(&admin.get("/account/standing/nonsense").await, 404, "There is nothing here");
}

#[tokio::test]
async fn an_email_address_is_changed_and_removed_by_who_knows_the_password() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let key = server.account_key(&grace.session(), 1).await;
    let mut browser = Browser::with_session(&server, &grace.token);
    assert!(browser.get("/account/security").await.text.contains("href=\"/account/email\""));
    let mut change =
        async |email, current| browser.fill("/account/email", "/account/email", &[("email", email), ("current_password", current)]).await;
    for (email, current, status, said) in [
        ("grace@example.org", "", 422, "Enter your current password."),
        ("grace@example.org", "wrong", 403, "The current password is wrong."),
        ("nowhere", PASSWORD, 422, "This is not an e-mail address"),
    ] {
        let refused = change(email, current).await;
        assert!(assert_page(&refused, status, "Change your e-mail address").contains(said), "{}", refused.text);
        assert!(!refused.text.contains(PASSWORD));
    }
    let email = async || server.get("/v1/whoami", &grace.session()).await.expect(200)["account"]["email"].clone();
    for (typed, now) in [("grace@example.org", json!("grace@example.org")), ("", json!(null))] {
        assert_goes_to(&change(typed, PASSWORD).await, "/account/security");
        assert_eq!(email().await, now);
    }
    assert_eq!(browser.post_bare("/account/email", &[("email", "eve@example.net"), ("current_password", PASSWORD)]).await.status, 403);
    assert_eq!((email().await, server.verdict(&key.token).await), (json!(null), "VALID".to_owned()));
}

#[tokio::test]
async fn no_key_of_ones_own_dies_that_was_not_counted() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let mut browser = Browser::with_session(&server, &grace.token);
    let key = server.account_key(&grace.session(), 1).await;
    let locked = browser.fill("/account/security", "/account/standing/lock", &[("keys", "0")]).await;
    assert!(locked.status == 409 && locked.text.contains("This revokes 1 key."), "{}", locked.text);
    assert_eq!(server.verdict(&key.token).await, "VALID");
    assert_goes_to(&browser.fill("/account/standing/lock", "/account/standing/lock", &[]).await, "/sign-in");
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
}
