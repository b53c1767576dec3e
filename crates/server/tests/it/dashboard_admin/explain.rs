//! `/explain`: the answer for a key in words, asked for without its secret.

use crate::dashboard_admin::visitor::{Visitor, assert_sent_to};
use crate::support::{Cred, DAY, Server};

#[tokio::test]
async fn the_policy_that_grants_and_the_permissions_that_are_missing_are_named() {
    let server = Server::start().await;
    server.declare("shop", &["read", "write", "refund"]).await;
    let key = server.service_key("till", &["shop:read"]).await;
    let admin = Visitor::admin(&server).await;
    let asked = format!("/explain?key={}&ask=permissions", key.id);
    let page = admin.page(&format!("{asked}&match=any&permissions=shop:read&permissions=shop:write")).await;
    for told in ["Accepted", "The policy grants shop:read", "<bdi>policy of till</bdi>", "<code>VALID</code>"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let page = admin.page(&format!("{asked}&match=all&permissions=shop:read&permissions=shop:write&more=shop:refund")).await;
    assert!(page.contains("2 permissions are needed that the policy does not grant."), "{page}");
    let (granted, missing) = page.split_once("Of what is demanded").unwrap().1.split_once("2 permissions").unwrap();
    assert!(granted.contains("<code>shop:read</code>"), "{granted}");
    let missing = missing.split_once("</ol>").unwrap().0;
    for name in ["shop:write", "shop:refund"] {
        assert!(missing.contains(&format!("<code>{name}</code>")), "{name}: {missing}");
    }
    assert!(page.contains("<code>INSUFFICIENT_PERMISSIONS</code>"), "{page}");
}

#[tokio::test]
async fn a_level_is_explained_by_the_key_and_the_role_of_its_owner() {
    let server = Server::start().await;
    let ada = server.person("<b>Ada", "user").await;
    let key = server.account_key(&ada.session(), 3).await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page(&format!("/explain?key={}&ask=level&level=4", key.id)).await;
    for told in [
        "Refused",
        "Level 4 is needed, but level 3 is in force.",
        "It was made with level 3; the role of its owner has level 4.",
        "<bdi>&#60;b&#62;Ada</bdi>",
        "It lives until 31 Jan 2026",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let page = admin.page(&format!("/explain?key={}&kind=service", key.id)).await;
    assert!(page.contains("A key of a service is needed, and this is one of a person."), "{page}");
}

#[tokio::test]
async fn the_end_of_a_key_is_told_with_its_reason() {
    let server = Server::start_with(|config| config.sessions.lifetime = 1_000 * DAY).await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 3).await;
    let expiring = server.account_key(&ada.session(), 3).await;
    server.delete(&format!("/v1/keys/{}", key.id), &ada.session()).await.expect(204);
    let admin = Visitor::admin(&server).await;
    let page = admin.page(&format!("/explain?key={}", key.id)).await;
    assert!(page.contains("The key is revoked. It was deleted.") && page.contains("<code>REVOKED</code>"), "{page}");
    server.advance(31 * DAY);
    let page = admin.page(&format!("/explain?key={}", expiring.id)).await;
    assert!(page.contains("The key has expired, on 31 Jan 2026"), "{page}");
    server.advance(60 * DAY);
    server.app.sweeper.sweep().await.unwrap();
    let page = admin.page(&format!("/explain?key={}", key.id)).await;
    assert!(page.contains("The key was revoked, for good. It was deleted.") && page.contains("<code>NOT_FOUND</code>"), "{page}");
    assert!(page.contains("Whoever presents it is told that there is no such key."), "{page}");
}

#[tokio::test]
async fn of_a_whole_key_only_the_id_reaches_the_address_and_the_page() {
    let server = Server::start().await;
    let key = server.service_key("till", &[]).await;
    let admin = Visitor::admin(&server).await;
    let there = format!("/explain?key={}&ask=level&level=4", key.id);
    for whole in [key.token.clone(), format!("{}:{}", key.id, key.secret), format!(" {}\n", key.token), key.id.clone()] {
        let answer = admin.fill("/explain", "/explain", &[("key", &whole), ("ask", "level"), ("level", "4"), ("kind", "account")]).await;
        assert_sent_to(&answer, &there);
    }
    let page = admin.page(&there).await;
    assert!(page.contains("Level 4 is needed, and keys of services have no level."), "{page}");
    // What is nearly a key is not shown again either: it has nearly all of the secret.
    let nearly = key.token.strip_suffix(|_: char| true).unwrap();
    let answer = admin.fill("/explain", "/explain", &[("key", nearly), ("ask", "any")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("This is neither the id of a key nor a whole key."), "{}", answer.text);
    assert!(answer.text.contains("aria-describedby=\"key-error key-hint\""), "{}", answer.text);
    assert!(!answer.text.contains(&nearly[..40]), "{}", answer.text);
    let answer = admin.get(&format!("/explain?key={nearly}")).await;
    assert!(answer.status == 422 && !answer.text.contains(&nearly[..40]), "{}", answer.text);
    // Nor does a key that was pasted into the other field.
    for pasted in [key.token.clone(), format!("{}:{}", key.id, key.secret)] {
        let fields = [("key", &*key.id), ("ask", "permissions"), ("match", "all"), ("more", &*pasted)];
        let answer = admin.fill("/explain", "/explain", &fields).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (422, ""), "{}", answer.text);
        assert!(answer.text.contains("id=\"more-error\"") && !answer.text.contains(&key.secret[..20]), "{}", answer.text);
    }
    let refused = admin.get(&format!("/explain?key={}", key.token)).await;
    assert!(refused.status == 400 && !refused.text.contains(&nearly[..40]), "{}", refused.text);
}

#[tokio::test]
async fn what_is_wrong_with_a_question_stands_beside_its_field() {
    let server = Server::start().await;
    let key = server.service_key("till", &[]).await;
    let admin = Visitor::admin(&server).await;
    let known = key.id.clone();
    for (query, status, error, text) in [
        (format!("key={known}&ask=level&level=9"), 422, "level-error", "Choose a level."),
        (format!("key={known}&ask=permissions"), 422, "permissions-error", "Choose at least one permission."),
        (format!("key={known}&ask=permissions&more=shop:read,%3Cb%3E"), 422, "more-error", "These are not: &#60;b&#62;"),
        ("key=hello".to_owned(), 422, "key-error", "This is neither the id of a key"),
        ("key=7ea12968-7758-40b6-8c73-75cc99be762b".to_owned(), 404, "key-error", "There is no such key"),
    ] {
        let answer = admin.get(&format!("/explain?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
        let (_, beside) = answer.text.split_once(&format!("id=\"{error}\"")).unwrap_or_else(|| panic!("{query}: {}", answer.text));
        assert!(beside.split_once("</p>").unwrap().0.contains(text), "{query}: {}", answer.text);
    }
}

#[tokio::test]
async fn people_ask_about_their_own_keys_and_no_others() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada", "user").await, server.person("bob", "user").await);
    let (own, other) = (server.account_key(&ada.session(), 3).await, server.account_key(&bob.session(), 3).await);
    let visitor = Visitor::of(&server, &ada);
    assert!(visitor.page("/account").await.contains(&format!("href=\"/explain?key={}\"", own.id)));
    let page = visitor.page(&format!("/explain?key={}&ask=level&level=3", own.id)).await;
    assert!(page.contains("Accepted") && page.contains("Level 3 is reached."), "{page}");
    assert!(page.contains("<bdi class=\"strong\">ada</bdi>") && !page.contains("/dashboard/"), "{page}");
    assert!(!page.contains(&other.id), "{page}");
    let answer = visitor.get(&format!("/explain?key={}", other.id)).await;
    assert_eq!(answer.status, 404);
    assert!(!answer.text.contains("class=\"card answer\""), "{}", answer.text);
}

#[tokio::test]
async fn an_explanation_is_told_in_german_too() {
    let server = Server::start().await;
    server.declare("shop", &["read"]).await;
    let key = server.service_key("Kasse", &["shop:read"]).await;
    let Cred::Bearer(token) = server.admin().await else { panic!("a session is a bearer token") };
    let path = format!("/explain?key={}&ask=permissions&more=shop:write", key.id);
    let answer = server.ask("GET", &path).header("cookie", format!("keybearer={token}")).header("accept-language", "de").send().await;
    for told in ["Abgewiesen", "Seine Richtlinie erteilt 1 Berechtigung:", "Nötig ist eine Berechtigung, die die Richtlinie nicht erteilt."]
    {
        assert!(answer.text.contains(told), "{told}: {}", answer.text);
    }
}
