//! `/dashboard/audit`: events found, told in words, and downloaded.

use serde_json::{Value, json};

use crate::dashboard_admin::visitor::Visitor;
use crate::support::{DAY, Server};

/// The labels of the events on a page, in its order.
fn told(page: &str) -> Vec<String> {
    let events = page.split("<div class=\"event\">").skip(1);
    let badge =
        |event: &str| event.split("class=\"badge").nth(1).unwrap().split("</svg>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    events.map(badge).collect()
}

async fn some_events(server: &Server) -> (String, String) {
    server.declare("shop", &["read", "write"]).await;
    let policy = server.policy("Readers", &["shop:read"]).await;
    let key = server.service_key_with("till", &policy).await;
    let change = json!({"name": "Readers", "permissions": ["shop:write"]});
    let ask = server.ask("PUT", &format!("/v1/policies/{policy}")).with(&server.admin().await);
    ask.header("x-request-id", "the-change.1").json(&change).send().await.expect(200);
    server.delete(&format!("/v1/keys/{}", key.id), &server.admin().await).await.expect(204);
    (policy, key.id)
}

#[tokio::test]
async fn each_change_is_told_with_who_and_what_and_both_sides() {
    let server = Server::start().await;
    let (policy, key) = some_events(&server).await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page("/dashboard/audit?action=policy").await;
    assert_eq!(told(&page), ["Policy changed", "Policy created"]);
    let changed = page.split("<div class=\"event\">").nth(1).unwrap();
    for shown in [
        format!("<a href=\"/dashboard/policies/{policy}\"><bdi>Readers</bdi></a>"),
        "<bdi>admin</bdi></a>".to_owned(),
        "the-change.1".to_owned(),
        "<ul class=\"lost\"><li><code>shop:read</code></li></ul>".to_owned(),
        "<ul class=\"gained\"><li><code>shop:write</code></li></ul>".to_owned(),
        "datetime=\"2026-01-01T00:00:00.000Z\"".to_owned(),
    ] {
        assert!(changed.contains(&shown), "{shown}: {changed}");
    }
    assert!(!changed.contains("<th scope=\"row\">Name"), "what stayed is not told: {changed}");
    let page = admin.page(&format!("/dashboard/audit?target={key}")).await;
    assert_eq!(told(&page), ["Key revoked", "Key created"]);
    assert!(page.contains("<bdi>It was deleted</bdi>"), "{page}");
}

#[tokio::test]
async fn the_address_filters_by_actor_action_target_and_day() {
    let server = Server::start_with(|config| config.sessions.lifetime = 2 * DAY).await;
    let ada = server.person("Ada", "user").await;
    some_events(&server).await;
    server.advance(DAY);
    let key = server.account_key(&ada.session(), 3).await;
    let admin = Visitor::admin(&server).await;
    for (query, expected) in [
        ("actor=ada".to_owned(), vec!["Key created", "Signed in"]),
        (format!("actor=account:{}&action=key", ada.id), vec!["Key created"]),
        ("actor=operator".to_owned(), vec!["Account created"]),
        (format!("target=key:{}", key.id), vec!["Key created"]),
        ("target=readers".to_owned(), vec!["Policy changed", "Policy created"]),
        ("target=ada&action=account.created".to_owned(), vec!["Account created"]),
        ("since=2026-01-02&action=key".to_owned(), vec!["Key created"]),
        ("until=2026-01-01&action=key".to_owned(), vec!["Key revoked", "Key created"]),
        ("since=2026-01-01&until=2026-01-02&action=key".to_owned(), vec!["Key created", "Key revoked", "Key created"]),
        ("target=service:none".to_owned(), vec![]),
    ] {
        let page = admin.page(&format!("/dashboard/audit?{query}")).await;
        assert_eq!(told(&page), expected, "{query}");
        assert_eq!(page.contains("No such events"), expected.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_filtered_by_is_said_beside_its_field_and_nothing_is_shown_or_downloaded() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    for (query, error, text) in [
        ("actor=%3Cb%3E", "actor-error", "There is no account, key or policy “&#60;b&#62;”."),
        ("target=7ea12968-7758-40b6-8c73-75cc99be762b", "target-error", "There is no account, key or policy"),
        ("since=yesterday", "since-error", "This is not a day."),
        ("until=2026-02-30", "until-error", "This is not a day."),
        ("since=-009999-01-01", "since-error", "This is not a day."),
        ("until=9999-12-31", "until-error", "This is not a day."),
    ] {
        for path in ["/dashboard/audit", "/dashboard/audit/events.jsonl"] {
            let answer = admin.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{path}?{query}");
            let (_, beside) = answer.text.split_once(&format!("id=\"{error}\"")).unwrap_or_else(|| panic!("{query}: {}", answer.text));
            assert!(beside.split_once("</p>").unwrap().0.contains(text), "{query}: {}", answer.text);
            assert!(told(&answer.text).is_empty());
        }
    }
}

#[tokio::test]
async fn a_cursor_leads_through_all_events_and_the_download_has_them_at_once() {
    let server = Server::start().await;
    for number in 0..1_020 {
        server.policy(&format!("policy {number:04}"), &[]).await;
    }
    let admin = Visitor::admin(&server).await;
    let first = admin.page("/dashboard/audit?action=policy").await;
    let next = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let second = admin.page(&next).await;
    assert_eq!((told(&first).len(), told(&second).len()), (15, 15));
    assert!(first.contains("<bdi>policy 1019</bdi>") && first.contains("<bdi>policy 1005</bdi>"), "{first}");
    assert!(second.contains("<bdi>policy 1004</bdi>") && !second.contains("<bdi>policy 1005</bdi>"), "{second}");

    let lines = admin.get("/dashboard/audit/events.jsonl?action=policy").await;
    assert_eq!(lines.status, 200);
    assert_eq!(lines.header("content-type"), "application/jsonl; charset=utf-8");
    assert_eq!(lines.header("content-disposition"), "attachment; filename=\"keybearer-events.jsonl\"");
    let events: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["after"]["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names.first(), names.last()), (1_020, Some(&"policy 1019"), Some(&"policy 0000")));
    let api = server.get("/v1/events?action=policy&limit=1", &server.admin().await).await.expect(200);
    assert_eq!(events[0], api["items"][0], "a line is what the API says");
}

#[tokio::test]
async fn who_and_what_is_deleted_is_told_so() {
    let server = Server::start().await;
    let (policy, _) = some_events(&server).await;
    let bob = server.person("Bob", "admin").await;
    server.post("/v1/policies", &bob.session(), json!({"name": "of Bob", "permissions": []})).await.expect(201);
    server.delete(&format!("/v1/policies/{policy}"), &server.admin().await).await.expect(204);
    server.delete(&format!("/v1/accounts/{}", bob.id), &server.admin().await).await.expect(204);
    let admin = Visitor::admin(&server).await;
    let page = admin.page("/dashboard/audit?action=policy").await;
    assert_eq!(told(&page).first().map(String::as_str), Some("Policy deleted"));
    assert!(page.contains("<bdi>Readers</bdi> <span class=\"quiet\">(deleted policy)</span>"), "{page}");
    assert!(page.contains(&format!("deleted account {}", bob.id)), "{page}");
    let page = admin.page("/dashboard/audit?action=account.deleted").await;
    assert!(page.contains(&format!("<bdi>Bob</bdi> <span class=\"quiet\">(deleted account {})</span>", bob.id)), "{page}");
}

#[tokio::test]
async fn what_was_pruned_is_told_so() {
    let server = Server::start_with(|config| config.sessions.lifetime = 1_000 * DAY).await;
    let (policy, _) = some_events(&server).await;
    let admin = Visitor::admin(&server).await;
    let (path, pruned) = (format!("/dashboard/audit?target=policy:{policy}"), "older than events.payload_retention");
    let page = admin.page(&path).await;
    assert!(page.contains("<code>shop:write</code>") && !page.contains(pruned), "{page}");
    server.advance(366 * DAY);
    server.app.sweeper.sweep().await.unwrap();
    let page = admin.page(&path).await;
    assert_eq!(told(&page), ["Policy changed", "Policy created"]);
    assert!(page.matches(pruned).count() == 2 && !page.contains("shop:write"), "{page}");
}

#[tokio::test]
async fn keys_and_accounts_lead_to_their_history() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 3).await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page(&format!("/dashboard/keys/{}", key.id)).await;
    for link in [format!("/explain?key={}", key.id), format!("/dashboard/audit?target=key:{}", key.id)] {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}: {page}");
        admin.page(&link).await;
    }
    let page = admin.page(&format!("/dashboard/accounts/{}", ada.id)).await;
    for link in [format!("/dashboard/audit?target=account:{}", ada.id), format!("/dashboard/audit?actor=account:{}", ada.id)] {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}: {page}");
        assert!(!told(&admin.page(&link).await).is_empty(), "{link}");
    }
}
