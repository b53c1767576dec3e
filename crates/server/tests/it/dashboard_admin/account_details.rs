//! `/dashboard/accounts/{id}/details`, `/password` and `/sessions`.

use serde_json::{Value, json};

use super::visitor::{Visitor, assert_sent_to};
use crate::support::{PASSWORD, Person, Server};

/// What a text may hold, and how a page must show it.
const HOSTILE: (&str, &str) = ("<script>\"x\"\u{202e}", "&#60;script&#62;&#34;x&#34;\u{202e}");
const OTHER: &str = "hollow cedar ninety kites";

fn page(person: &Person) -> String {
    format!("/dashboard/accounts/{}", person.id)
}

async fn account(server: &Server, id: i64) -> Value {
    server.get(&format!("/v1/accounts/{id}"), &server.admin().await).await.expect(200)
}

#[tokio::test]
async fn details_are_changed_shown_and_cleared_and_nothing_ends() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let key = server.account_key(&ada.session(), 1).await;
    let (home, path) = (page(&ada), format!("{}/details", page(&ada)));
    let metadata = json!({"note": HOSTILE.0}).to_string();
    let filled = [("email", "ada@example.org"), ("external_id", HOSTILE.0), ("metadata", metadata.as_str())];
    let form = admin.form(&path, &path).await;
    assert_eq!(admin.send(&form.without("_token"), &filled).await.status, 403);
    assert_eq!(account(&server, ada.id).await["email"], Value::Null);
    assert_sent_to(&admin.send(&form, &filled).await, &home);
    let now = account(&server, ada.id).await;
    assert_eq!((&now["email"], &now["external_id"]), (&json!("ada@example.org"), &json!(HOSTILE.0)));
    assert_eq!(now["metadata"], json!({"note": HOSTILE.0}));
    for path in [&home, &path] {
        let shown = admin.page(path).await;
        assert!(shown.contains("ada@example.org") && shown.contains(HOSTILE.1) && !shown.contains("<script>\""), "{shown}");
    }
    let form = admin.form(&path, &path).await;
    assert_sent_to(&admin.send(&form, &[("email", ""), ("external_id", ""), ("metadata", "")]).await, &home);
    let now = account(&server, ada.id).await;
    assert_eq!((&now["email"], &now["external_id"], &now["metadata"]), (&Value::Null, &Value::Null, &json!({})));
    assert_eq!(server.verdict(&key.token).await, "VALID");
    server.get("/v1/whoami", &ada.session()).await.expect(200);
}

#[tokio::test]
async fn what_is_wrong_with_details_is_said_beside_the_field() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let (ada, eve) = (server.person("ada", "user").await, server.person("eve", "user").await);
    let taken = json!({"external_id": "u-7"});
    server.patch(&format!("/v1/accounts/{}", eve.id), &server.admin().await, taken).await.expect(200);
    let path = format!("{}/details", page(&ada));
    let large = json!({"x": "y".repeat(5_000)}).to_string();
    let deep = format!("{{\"x\": {}1{}}}", "[".repeat(40), "]".repeat(40));
    for (field, value, status, said) in [
        ("email", "nowhere", 422, "This is not an e-mail address"),
        ("external_id", "u-7", 409, "This name is taken."),
        ("metadata", "[1]", 422, "This is not a JSON object."),
        ("metadata", "{\n\"a\": }", 422, "Look at line 2."),
        ("metadata", &large, 422, "at most 4096 bytes"),
        ("metadata", &deep, 422, "32 levels are the most"),
    ] {
        let refused = admin.send(&admin.form(&path, &path).await, &[(field, value)]).await;
        assert_eq!(refused.status.as_u16(), status, "{field}: {}", refused.text);
        assert!(refused.text.contains(said) && refused.text.contains(&format!("id=\"{field}-error\"")), "{said}: {}", refused.text);
    }
    assert_eq!(account(&server, ada.id).await["metadata"], json!({}));
}

#[tokio::test]
async fn ones_own_address_needs_the_password_here_too() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let own = server.get("/v1/whoami", &server.admin().await).await.expect(200)["account"]["id"].as_i64().unwrap();
    let path = format!("/dashboard/accounts/{own}/details");
    for (password, status) in [("", 422), ("wrong", 403), (PASSWORD, 303)] {
        let form = admin.form(&path, &path).await;
        let answer = admin.send(&form, &[("email", "root@example.org"), ("current_password", password)]).await;
        assert_eq!(answer.status.as_u16(), status, "{password}: {}", answer.text);
        assert!(!answer.text.contains(PASSWORD));
    }
    assert_eq!(account(&server, own).await["email"], "root@example.org");
    let sent = admin.get(&format!("/dashboard/accounts/{own}/password")).await;
    assert_sent_to(&sent, "/account/security");
}

#[tokio::test]
async fn a_password_is_set_for_somebody_else() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let key = server.account_key(&ada.session(), 1).await;
    let path = format!("{}/password", page(&ada));
    assert!(admin.page(&path).await.contains("signed out everywhere. Keys stay"));
    let form = admin.form(&path, &path).await;
    let short = admin.send(&form, &[("password", "short pass")]).await;
    assert_eq!(short.status, 422);
    assert!(short.text.contains("id=\"password-error\"") && !short.text.contains("short pass"), "{}", short.text);
    assert_eq!(admin.send(&form.without("_token"), &[("password", OTHER)]).await.status, 403);
    server.sign_in("ada", PASSWORD).await;
    let done = admin.send(&form, &[("password", OTHER)]).await;
    assert_sent_to(&done, &page(&ada));
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_invalid");
    assert_eq!(server.verdict(&key.token).await, "VALID");
    server.sign_in("ada", OTHER).await;
}

#[tokio::test]
async fn sessions_of_somebody_else_are_shown_and_ended() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let key = server.account_key(&ada.session(), 1).await;
    let path = format!("{}/sessions", page(&ada));
    let form = admin.form(&path, &path).await;
    assert_eq!(admin.send(&form.without("_token"), &[]).await.status, 403);
    server.get("/v1/whoami", &ada.session()).await.expect(200);
    assert_sent_to(&admin.send(&form, &[]).await, &path);
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_invalid");
    assert!(admin.page(&path).await.contains("Signed in nowhere"));
    assert_eq!(admin.send(&form, &[]).await.status, 404);
    assert_eq!(server.verdict(&key.token).await, "VALID");
}

#[tokio::test]
async fn below_level_8_nobody_reaches_the_details_of_others() {
    let server = Server::start().await;
    let (ada, eve) = (server.person("ada", "support").await, server.person("eve", "user").await);
    let visitor = Visitor::of(&server, &ada);
    let mut own = visitor.form("/account/security", "/account/password").await.hidden;
    own.push(("email".to_owned(), "eve@example.net".to_owned()));
    own.push(("password".to_owned(), OTHER.to_owned()));
    let fields: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for part in ["details", "password", "sessions"] {
        let path = format!("{}/{part}", page(&eve));
        assert_eq!(visitor.get(&path).await.status, 403, "{path}");
        assert_eq!(visitor.post(&path, &fields).await.status, 403, "{path}");
    }
    assert_eq!(account(&server, eve.id).await["email"], Value::Null);
    server.sign_in("eve", PASSWORD).await;
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_shown_and_not_overwritten() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let (home, path) = (page(&ada), format!("{}/details", page(&ada)));
    let old = admin.form(&path, &path).await;
    let meanwhile = json!({"email": "new@example.org", "external_id": "u-8"});
    server.patch(&format!("/v1/accounts/{}", ada.id), &server.admin().await, meanwhile).await.expect(200);
    // What the person left alone stays as it is now.
    assert_sent_to(&admin.send(&old, &[("email", ""), ("external_id", ""), ("metadata", "{\"a\": 1}")]).await, &home);
    let now = account(&server, ada.id).await;
    assert_eq!((&now["email"], &now["external_id"], &now["metadata"]), (&json!("new@example.org"), &json!("u-8"), &json!({"a": 1})));
    // What they changed, too, is refused once, with the newer value beside it.
    let refused = admin.send(&old, &[("email", "mine@example.org"), ("external_id", "u-8"), ("metadata", "{\"a\": 1}")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("to “new@example.org”") && refused.text.contains("value=\"mine@example.org\""), "{}", refused.text);
    assert!(!refused.text.contains("id=\"external_id-error\""), "{}", refused.text);
    assert_eq!(account(&server, ada.id).await["email"], "new@example.org");
    // Whoever saw that may save it.
    let token = crate::dashboard_admin::visitor::hidden(&refused.text);
    let (_, token) = token.iter().find(|(name, _)| name == "_token").unwrap();
    let again = [
        ("_token", &**token),
        ("was_email", "new@example.org"),
        ("email", "mine@example.org"),
        ("was_external_id", ""),
        ("external_id", ""),
    ];
    assert!(refused.text.contains("name=\"was_email\" value=\"new@example.org\""), "{}", refused.text);
    assert_sent_to(&admin.post(&path, &again).await, &home);
    assert_eq!(account(&server, ada.id).await["email"], "mine@example.org");
}
