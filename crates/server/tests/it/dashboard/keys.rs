//! `/account`: one's own keys.

use keybearer_core::role::{Level, Roles};
use serde_json::json;

use super::browser::{Browser, assert_goes_to, assert_page, value_of};
use crate::support::{Cred, DAY, PASSWORD, Server};

/// Fields, the one that is wrong, and what is said about it.
type Wrong = (&'static [(&'static str, &'static str)], &'static str, &'static str);

/// Names that want to be more than text.
fn hostile() -> [String; 5] {
    [
        "<script>alert(1)</script>".to_owned(),
        "\" onfocus=alert(1) autofocus x=\"".to_owned(),
        "</bdi></td></table><img src=x onerror=alert(1)>".to_owned(),
        "\u{202e}gnp.exe\u{2066}\u{200f}مرحبا".to_owned(),
        "🦦".repeat(200),
    ]
}

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_deleted() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let mut browser = Browser::with_session(&server, &grace.token);
    assert!(browser.get("/account").await.text.contains("You have no active keys"));
    let shown = browser.new_key("laptop", "3").await;
    assert_page(&shown, 201, "Your new key");
    let (token, id, secret) = (value_of(&shown.text, "token"), value_of(&shown.text, "pair-key"), value_of(&shown.text, "pair-secret"));
    let whoami = server.get("/v1/whoami", &Cred::Bearer(token.clone())).await.expect(200);
    assert_eq!((&whoami["level"], &whoami["key"]["id"]), (&json!(3), &json!(id)));
    server.get("/v1/whoami", &Cred::Basic(id.clone(), secret.clone())).await.expect(200);
    let command = value_of(&shown.text, "command");
    assert!(command.contains(&token) && command.contains(&server.url("/v1/whoami")), "{command}");

    let list = browser.get("/account").await;
    assert!(list.text.contains("<bdi>laptop</bdi>") && list.text.contains(&id) && !list.text.contains(&secret), "{}", list.text);
    let ask = format!("/account/keys/delete?id={id}");
    assert!(assert_page(&browser.get(&ask).await, 200, "Delete keys").contains("Delete 1 key"));
    assert_eq!(server.verdict(&token).await, "VALID", "asking deletes nothing");
    assert_goes_to(&browser.fill(&ask, "/account/keys/delete", &[("id", &id)]).await, "/account");
    assert!(browser.get("/account").await.text.contains("1 key was deleted."));
    assert_eq!(server.verdict(&token).await, "REVOKED");
    assert!(!browser.get("/account").await.text.contains(&id), "what is revoked is not shown unasked");
    for show in ["revoked", "all"] {
        let page = browser.get(&format!("/account?show={show}")).await;
        assert!(page.text.contains(&id) && page.text.contains("It was deleted"), "{}", page.text);
    }
}

#[tokio::test]
async fn what_is_about_to_expire_offers_another_like_it() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    server.account_key(&grace.session(), 2).await;
    let mut browser = Browser::with_session(&server, &server.sign_in("grace", PASSWORD).await);
    assert!(!browser.get("/account").await.text.contains("About to expire"));
    server.advance(23 * DAY);
    let mut browser = Browser::with_session(&server, &server.sign_in("grace", PASSWORD).await);
    let page = browser.get("/account").await;
    let link = "/account/keys/new?name=a+key&#38;level=2";
    assert!(page.text.contains("About to expire") && page.text.contains("in 7 days") && page.text.contains(link), "{}", page.text);
    let form = browser.get("/account/keys/new?name=a+key&level=2").await;
    assert!(form.text.contains("value=\"a key\"") && form.text.contains("name=\"level\" value=\"2\" required checked"), "{}", form.text);
    server.advance(7 * DAY);
    let mut browser = Browser::with_session(&server, &server.sign_in("grace", PASSWORD).await);
    assert!(browser.get("/account").await.text.contains("You have no active keys"));
    assert!(browser.get("/account?show=expired").await.text.contains("<bdi>a key</bdi>"));
}

#[tokio::test]
async fn names_are_text_wherever_they_stand() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    for name in hostile() {
        let shown = browser.new_key(&name, "0").await;
        assert_page(&shown, 201, "Your new key");
        let id = value_of(&shown.text, "pair-key");
        let delete = format!("/account/keys/delete?id={id}");
        let prefilled = format!("/account/keys/new?{}", super::browser::urlencoded(&[("name", &name), ("level", &name)]));
        let mut pages = vec![shown];
        for path in ["/account", "/account?show=all", &delete, &prefilled] {
            pages.push(browser.get(path).await);
        }
        for page in &pages {
            let plain =
                page.text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&");
            assert!(plain.contains(&name), "{}: {name}", page.what);
            for markup in ["<script>", "<img", "\" onfocus", "</table><img"] {
                assert!(!page.text.contains(markup), "{}: {}", page.what, page.text);
            }
        }
    }
    let who = "<b>\u{202e}mallory</b>";
    server.person(who, "user").await;
    let mut browser = Browser::signed_in(&server, who).await;
    for path in ["/account", "/account/security"] {
        assert!(browser.get(path).await.text.contains("<bdi>&#60;b&#62;\u{202e}mallory&#60;/b&#62;</bdi>"), "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays() {
    let server = Server::start().await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let mut wrong = async |fields: &[(&str, &str)]| browser.fill("/account/keys/new", "/account/keys/new", fields).await;
    let cases: [Wrong; 7] = [
        (&[("name", ""), ("level", "1"), ("expires_in", "7")], "name", "Enter a name."),
        (&[("name", "a\nb"), ("level", "1"), ("expires_in", "7")], "name", "no control characters"),
        (&[("name", "one"), ("expires_in", "7")], "level", "Choose a level."),
        (&[("name", "one"), ("level", "9"), ("expires_in", "7")], "level", "Choose a level."),
        (&[("name", "one"), ("level", "1")], "expires_in", "Choose when the key expires."),
        (&[("name", "one"), ("level", "1"), ("expires_in", "custom"), ("amount", "366")], "expires_in", "at most 365 days"),
        (&[("name", "one"), ("level", "1"), ("expires_in", "custom"), ("amount", "0")], "expires_in", "greater than 0"),
    ];
    for (fields, field, text) in cases {
        let answer = wrong(fields).await;
        let page = assert_page(&answer, 422, "New key");
        assert!(page.contains(text) && page.contains(&format!("<a href=\"#{field}\">")), "{fields:?}: {page}");
        assert!(
            page.contains(&format!("id=\"{field}-error\"")) && page.contains(&format!("aria-describedby=\"{field}-error")),
            "{fields:?}: {page}"
        );
    }
    assert!(wrong(&[("name", "kept"), ("expires_in", "90")]).await.text.contains("value=\"kept\""));
}

#[tokio::test]
async fn the_limits_are_those_of_the_server() {
    let server = Server::start_with(|config| {
        config.keys.max_lifetime = 48 * DAY;
        config.keys.default_lifetime = 12 * DAY;
        config.keys.max_per_account = 1;
    })
    .await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let form = browser.get("/account/keys/new").await.text;
    assert!(
        form.contains("At most 48 days, so until 18 Feb 2026.") && form.contains("value=\"30\"") && !form.contains("value=\"90\""),
        "{form}"
    );
    assert!(form.contains("name=\"amount\"") && form.contains("value=\"12\""), "{form}");
    browser.new_key("one", "1").await;
    assert!(assert_page(&browser.new_key("two", "1").await, 409, "New key").contains("You have 1 live keys"));
}

#[tokio::test]
async fn each_level_is_offered_its_own_and_those_below() {
    let roles = (0..=8).fold(Roles::default(), |roles, level| roles.with(&format!("level{level}"), Level::new(level).unwrap()).unwrap());
    let server = Server::start_with(|config| config.roles = roles).await;
    for level in 0..=8 {
        server.person(&format!("of {level}"), &format!("level{level}")).await;
        let mut browser = Browser::signed_in(&server, &format!("of {level}")).await;
        let list = browser.get("/account").await;
        let form = browser.get("/account/keys/new").await;
        if level < 4 {
            assert!(list.text.contains(&format!("This needs level 4; you have level {level}.")), "{}", list.text);
            assert_page(&form, 403, "You may not do this");
            assert!(!list.text.contains("/account/keys/new"));
        } else {
            assert!(form.text.contains(&format!("name=\"level\" value=\"{level}\"")));
            assert!(!form.text.contains(&format!("name=\"level\" value=\"{}\"", level + 1)));
            assert_eq!(browser.new_key("top", &level.to_string()).await.status, 201);
            let above = browser.new_key("above", &(level + 1).to_string()).await;
            assert_eq!(above.status, if level == 8 { 422 } else { 403 }, "{}", above.text);
            assert_page(&above, above.status.as_u16(), "New key");
        }
        assert_eq!(browser.get("/account/security").await.status, 200);
        assert_eq!(browser.get("/dashboard").await.status, if level == 8 { 200 } else { 403 });
    }
}

#[tokio::test]
async fn only_keys_of_ones_own_are_deleted_here() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let hers = server.account_key(&grace.session(), 1).await;
    let service = server.service_key("desk", &[]).await;
    let mut browser = Browser::signed_in(&server, "admin").await;
    let mine = server.account_key(&server.admin().await, 1).await;
    let ask = format!("/account/keys/delete?id={}&id={}&id={}&id=nonsense", hers.id, service.id, mine.id);
    let page = browser.get(&ask).await.text;
    assert!(page.contains(&mine.id) && !page.contains(&hers.id) && !page.contains(&service.id), "{page}");
    let twice = browser.get(&format!("/account/keys/delete?id={0}&id={0}", mine.id)).await;
    let twice = assert_page(&twice, 200, "Delete keys");
    assert!(twice.contains("Delete 1 key") && !twice.contains("were made with"), "{twice}");
    let all = [("id", hers.id.as_str()), ("id", service.id.as_str()), ("id", mine.id.as_str())];
    assert_goes_to(&browser.fill(&ask, "/account/keys/delete", &all).await, "/account");
    for (key, verdict) in [(&hers, "VALID"), (&service, "VALID"), (&mine, "REVOKED")] {
        assert_eq!(server.verdict(&key.token).await, verdict);
    }
    let none = browser.fill("/account", "/account/keys/delete", &[("id", hers.id.as_str())]).await;
    assert_page(&none, 404, "There is nothing here");
}

#[tokio::test]
async fn a_long_list_goes_on_over_pages() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for number in 0..45 {
        server.advance(1);
        server.post("/v1/keys", &admin, json!({"name": format!("key {number}."), "level": 0})).await.expect(201);
    }
    let mut browser = Browser::signed_in(&server, "admin").await;
    let first = browser.get("/account").await.text;
    let (_, next) = first.split_once("rel=\"next\" href=\"").unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    let second = browser.get(&next).await.text;
    for number in 0..45 {
        let name = format!("<bdi>key {number}.</bdi>");
        assert!(first.contains(&name) != second.contains(&name), "{name}");
    }
    assert!(!second.contains("rel=\"next\""));
    assert_page(&browser.get("/account?cursor=nonsense").await, 400, "This could not be read");
}

#[tokio::test]
async fn what_a_key_made_can_be_deleted_with_it_and_metadata_is_kept() {
    let server = Server::start().await;
    let grace = server.person("grace", "user").await;
    let mut browser = Browser::with_session(&server, &grace.token);
    let fields = [("name", "laptop"), ("level", "4"), ("expires_in", "30"), ("metadata", "{\"x\": \"</pre><script>\"}")];
    let shown = browser.fill("/account/keys/new", "/account/keys/new", &fields).await;
    let (token, id) = (value_of(&shown.text, "token"), value_of(&shown.text, "pair-key"));
    let child = server.account_key(&Cred::Bearer(token.clone()), 4).await;
    let grandchild = server.account_key(&child.bearer(), 1).await;
    let list = browser.get("/account").await.text;
    assert!(list.contains("&#34;x&#34;: &#34;&#60;/pre&#62;&#60;script&#62;") && !list.contains("</pre><script>"), "{list}");

    let ask = format!("/account/keys/delete?id={id}");
    let page = browser.get(&ask).await.text;
    assert!(page.contains("2 more keys were made with what you selected.") && page.contains("Delete 1 key"), "{page}");
    let with =
        page.split("<p class=\"actions\"><a class=\"button\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let page = browser.get(&with).await.text;
    assert!(page.contains("Delete 3 keys") && !page.contains("more keys were made"), "{page}");
    let ids = [("id", id.as_str()), ("id", child.id.as_str()), ("id", grandchild.id.as_str())];
    assert_goes_to(&browser.fill(&with, "/account/keys/delete", &ids).await, "/account");
    for token in [&token, &child.token, &grandchild.token] {
        assert_eq!(server.verdict(token).await, "REVOKED");
    }
}
