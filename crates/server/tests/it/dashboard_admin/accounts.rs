//! `/dashboard/accounts`.

use serde_json::{Value, json};

use super::visitor::{Visitor, assert_sent_to, hidden};
use crate::support::{PASSWORD, Server};

const LIST: &str = "/dashboard/accounts";
const NEW: &str = "/dashboard/accounts/new";

async fn account(server: &Server, id: i64) -> Value {
    server.get(&format!("/v1/accounts/{id}"), &server.admin().await).await.expect(200)
}

#[tokio::test]
async fn an_account_is_made_once_and_found_by_its_name_role_and_state() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let form = admin.form(NEW, NEW).await;
    let filled = [("username", "Ada"), ("role", "support"), ("password", PASSWORD), ("email", "ada@example.org"), ("external_id", "u-7")];
    assert_eq!(admin.send(&form.without("_token"), &filled).await.status, 403);
    let made = admin.send(&form, &filled).await;
    let page = made.header("location").to_owned();
    assert_sent_to(&made, &page);
    let id: i64 = page.strip_prefix("/dashboard/accounts/").unwrap().parse().unwrap();
    let ada = account(&server, id).await;
    assert_eq!((&ada["username"], &ada["role"], &ada["email"]), (&"Ada".into(), &"support".into(), &"ada@example.org".into()));
    server.sign_in("ada", PASSWORD).await;
    assert_eq!(admin.send(&form, &[("username", "Eve")]).await.status, 409, "a form makes one account");

    for (query, found) in [("", true), ("username=AD&role=support&status=active", true), ("role=user", false), ("status=blocked", false)] {
        let list = admin.page(&format!("{LIST}?{query}")).await;
        assert_eq!(list.contains("<bdi>Ada</bdi>"), found, "{query}: {list}");
        assert!(!list.contains("<bdi>Eve</bdi>"), "{list}");
    }
    let page = admin.page(&page).await;
    assert!(page.contains("u-7") && page.contains("ada@example.org"), "{page}");
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_said_beside_its_field_and_no_password_comes_back() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let cases = [("username", "ADMIN", 409), ("password", "short pass", 422), ("email", "nowhere", 422), ("role", "emperor", 422)];
    for (field, value, status) in cases {
        let form = admin.form(NEW, NEW).await;
        let mut filled = vec![("username", "Ada"), ("password", PASSWORD)];
        filled.retain(|(name, _)| *name != field);
        filled.push((field, value));
        let refused = admin.send(&form, &filled).await;
        assert_eq!(refused.status.as_u16(), status, "{field}: {}", refused.text);
        assert!(refused.text.contains(&format!("id=\"{field}-error\"")), "{field}: {}", refused.text);
        assert!(!refused.text.contains(PASSWORD) && !refused.text.contains("short pass"), "{}", refused.text);
    }
}

#[tokio::test]
async fn each_step_says_how_many_keys_it_revokes_and_revokes_them() {
    let steps = [
        ("lock", "status", "locked"),
        ("block", "status", "blocked"),
        ("withdraw-consent", "consent", "false"),
        ("revoke-keys", "status", "active"),
        ("role?role=user", "role", "user"),
    ];
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    for (number, (step, field, value)) in steps.into_iter().enumerate() {
        let person = server.person(&format!("person {number}"), "support").await;
        let keys = [server.account_key(&person.session(), 1).await, server.account_key(&person.session(), 2).await];
        let page = format!("{LIST}/{}", person.id);
        let (ask, action) = (format!("{page}/{step}"), format!("{page}/{}", step.split('?').next().unwrap()));
        let text = admin.page(&ask).await;
        assert!(text.contains("This revokes 2 keys, for good."), "{step}: {text}");
        let form = admin.form(&ask, &action).await;
        let filled = [("reason", "10,000 requests a minute")];
        assert_eq!(admin.send(&form.without("_token"), &filled).await.status, 403, "{step}");
        assert_eq!(admin.send(&form.without("keys"), &filled).await.status, 409, "{step}");
        assert_eq!(server.verdict(&keys[0].token).await, "VALID", "{step}");
        assert_sent_to(&admin.send(&form, &filled).await, &page);
        for key in &keys {
            assert_eq!(server.verdict(&key.token).await, "REVOKED", "{step}");
        }
        let now = account(&server, person.id).await[field].clone();
        assert_eq!(now.as_str().map_or(now.to_string(), str::to_owned), value, "{step}");
    }
}

#[tokio::test]
async fn what_was_stopped_is_lifted_and_revokes_nothing() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let person = server.person("ada", "user").await;
    let page = format!("{LIST}/{}", person.id);
    for (step, field, value) in [
        ("lock", "status", "locked"),
        ("unlock", "status", "active"),
        ("block", "status", "blocked"),
        ("unblock", "status", "active"),
        ("withdraw-consent", "consent", "false"),
        ("give-consent", "consent", "true"),
    ] {
        let path = format!("{page}/{step}");
        assert!(admin.page(&page).await.contains(&format!("href=\"{path}\"")), "{step} is offered");
        assert_sent_to(&admin.send(&admin.form(&path, &path).await, &[]).await, &page);
        let now = account(&server, person.id).await[field].clone();
        assert_eq!(now.as_str().map_or(now.to_string(), str::to_owned), value, "{step}");
    }
    let raise = format!("{page}/role?role=support");
    let key = server.account_key(&crate::support::Cred::Bearer(server.sign_in("ada", PASSWORD).await), 1).await;
    assert!(admin.page(&raise).await.contains("This revokes no keys."));
    assert_sent_to(&admin.send(&admin.form(&raise, &format!("{page}/role")).await, &[]).await, &page);
    assert_eq!(server.verdict(&key.token).await, "VALID");
}

#[tokio::test]
async fn no_key_dies_that_was_not_counted() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let person = server.person("ada", "user").await;
    let path = format!("{LIST}/{}/delete", person.id);
    let form = admin.form(&path, &path).await;
    let key = server.account_key(&person.session(), 1).await;
    let refused = admin.send(&form, &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("This revokes 1 key, for good."), "{}", refused.text);
    assert_eq!(server.verdict(&key.token).await, "VALID");
    assert_sent_to(&admin.send(&admin.form(&path, &path).await, &[]).await, LIST);
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
    assert_eq!(admin.get(&path).await.status, 404);
}

#[tokio::test]
async fn keys_are_revoked_for_a_reason_and_the_last_administrator_stays() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let person = server.person("ada", "user").await;
    let path = format!("{LIST}/{}/revoke-keys", person.id);
    let refused = admin.send(&admin.form(&path, &path).await, &[("reason", " ")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("id=\"reason-error\"") && refused.text.contains("Give a reason."), "{}", refused.text);

    let own = server.get("/v1/whoami", &server.admin().await).await.expect(200)["account"]["id"].as_i64().unwrap();
    let path = format!("{LIST}/{own}/block");
    assert!(admin.page(&path).await.contains("This is your own account."));
    let refused = admin.send(&admin.form(&path, &path).await, &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("This is the last active administrator."), "{}", refused.text);
}

#[tokio::test]
async fn below_level_8_nobody_sees_or_changes_accounts() {
    let server = Server::start().await;
    let person = server.person("ada", "support").await;
    let other = server.person("<script>alert(1)</script>", "user").await;
    let admin = Visitor::admin(&server).await;
    let ada = Visitor::of(&server, &person);
    let own = ada.form("/account/security", "/account/password").await;
    for path in [LIST.to_owned(), NEW.to_owned(), format!("{LIST}/{}", other.id), format!("{LIST}/{}/delete", other.id)] {
        assert_eq!(ada.get(&path).await.status, 403, "{path}");
        let page = admin.page(&path).await;
        assert!(!page.contains("<script>alert"), "{path}: {page}");
        assert_eq!(page.contains("&#60;script&#62;alert(1)"), path != NEW, "{path}: {page}");
    }
    let path = format!("{LIST}/{}/lock", other.id);
    let mut form = admin.form(&path, &path).await.without("_token");
    // With a token of her own, so that only her level is in the way.
    form.hidden.extend(own.hidden);
    assert_eq!(ada.send(&form, &[]).await.status, 403);
    assert_eq!(account(&server, other.id).await["status"], "active");
}

#[tokio::test]
async fn a_step_that_changes_nothing_is_not_taken_and_says_so() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let key = server.account_key(&ada.session(), 1).await;
    let page = format!("{LIST}/{}", ada.id);
    for (step, said) in [
        ("role?role=user", "the role that the account has already"),
        ("unlock", "There is nothing to do"),
        ("unblock", "There is nothing to do"),
        ("give-consent", "There is nothing to do"),
    ] {
        let asked = admin.page(&format!("{page}/{step}")).await;
        assert!(asked.contains(said) && !asked.contains("name=\"keys\""), "{step}: {asked}");
        let action = format!("{page}/{}", step.split('?').next().unwrap());
        let token = hidden(&asked);
        let (_, token) = token.iter().find(|(name, _)| name == "_token").unwrap();
        let taken = admin.post(&action, &[("_token", token), ("keys", "0"), ("role", "user")]).await;
        assert_eq!((taken.status.as_u16(), taken.text.contains(said)), (409, true), "{step}: {}", taken.text);
    }
    // Unlocking would otherwise let somebody in whom an administrator keeps out.
    server.patch(&format!("/v1/accounts/{}", ada.id), &server.admin().await, json!({"status": "blocked"})).await.expect(200);
    assert!(admin.page(&format!("{page}/unlock")).await.contains("There is nothing to do"));
    assert_eq!(account(&server, ada.id).await["status"], "blocked");
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
}

#[tokio::test]
async fn the_list_tells_how_many_keys_each_account_has() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    server.person("eve", "user").await;
    for _ in 0..3 {
        server.account_key(&ada.session(), 1).await;
    }
    let dead = server.account_key(&ada.session(), 1).await;
    server.delete(&format!("/v1/keys/{}", dead.id), &server.admin().await).await.expect(204);
    let list = admin.page(LIST).await;
    let cell = |name: &str| list.split(&format!("<bdi>{name}</bdi>")).nth(1).unwrap().split("</tr>").next().unwrap().to_owned();
    assert!(cell("ada").contains("<a href=\"/dashboard/keys?owner=ada&#38;state=unrevoked\">3<"), "{}", cell("ada"));
    assert!(cell("eve").contains(">0<"), "{}", cell("eve"));
}
