//! `/dashboard/keys`: found, ordered, selected and revoked.

use serde_json::json;

use crate::dashboard_admin::visitor::{Visitor, assert_sent_to, hidden};
use crate::support::{DAY, Server};

/// Which of these names stand in the table, in the order of the table.
fn listed(page: &str, names: &[&str]) -> Vec<String> {
    let mut found: Vec<(usize, String)> =
        names.iter().filter_map(|name| Some((page.find(&format!("<bdi>{name}</bdi></a><span"))?, (*name).to_owned()))).collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

const NAMES: [&str; 3] = ["a key", "reports", "uploads"];

async fn three_keys(server: &Server) -> (String, String, String) {
    server.declare("files", &["read", "write"]).await;
    let reports = server.service_key("reports", &["files:read"]).await;
    server.advance(1);
    let uploads = server.service_key("uploads", &["files:write"]).await;
    server.advance(1);
    let person = server.person("ada", "user").await;
    let own = server.account_key(&person.session(), 3).await;
    (reports.id, uploads.id, own.id)
}

#[tokio::test]
async fn one_table_shows_both_kinds_with_their_owner_or_policy() {
    let server = Server::start().await;
    let (reports, _, own) = three_keys(&server).await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page("/dashboard/keys").await;
    assert_eq!(listed(&page, &NAMES), ["a key", "uploads", "reports"], "the newest first");
    for shown in [&*reports, &own, "<bdi>ada</bdi>", "<bdi>policy of reports</bdi>", "Level 3"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[tokio::test]
async fn the_address_searches_filters_and_sorts() {
    let server = Server::start().await;
    three_keys(&server).await;
    let admin = Visitor::admin(&server).await;
    let policies = server.get("/v1/policies", &server.admin().await).await.expect(200);
    let uploads = policies["items"].as_array().unwrap().iter().find(|policy| policy["name"] == "policy of uploads").unwrap();
    let of_uploads = format!("policy={}", uploads["id"].as_str().unwrap());
    for (query, expected) in [
        ("name=PORT", vec!["reports"]),
        ("kind=service", vec!["uploads", "reports"]),
        ("kind=service&sort=name", vec!["reports", "uploads"]),
        ("sort=-name", vec!["uploads", "reports", "a key"]),
        ("owner=ADA", vec!["a key"]),
        ("owner=nobody", vec![]),
        (&*of_uploads, vec!["uploads"]),
        ("policy=Policy+of+UPLOADS", vec!["uploads"]),
        ("policy=nothing", vec![]),
        ("expires=90", vec!["a key"]),
        ("state=revoked", vec![]),
        ("state=all&unused=7", vec![]),
    ] {
        let page = admin.page(&format!("/dashboard/keys?{query}")).await;
        assert_eq!(listed(&page, &NAMES), expected, "{query}");
    }
    let page = admin.page("/dashboard/keys?owner=%3Cb%3E").await;
    assert!(page.contains("There is no account named &#60;b&#62;."), "{page}");
    let page = admin.page("/dashboard/keys?policy=%3Cb%3E").await;
    assert!(page.contains("There is no policy named &#60;b&#62;."), "{page}");
    let page = admin.page(&format!("/dashboard/keys?{of_uploads}")).await;
    assert!(page.contains("value=\"policy of uploads\" placeholder"), "an id is shown as the name that it stands for: {page}");
}

#[tokio::test]
async fn the_expired_and_the_revoked_are_hidden_until_they_are_asked_for() {
    let server = Server::start().await;
    let (reports, ..) = three_keys(&server).await;
    server.delete(&format!("/v1/keys/{reports}"), &server.admin().await).await.expect(204);
    server.advance(366 * DAY);
    let session = server.sign_in("admin", crate::support::PASSWORD).await;
    let admin = Visitor::new(&server, &crate::support::Cred::Bearer(session));
    for (state, expected) in
        [("", vec!["uploads"]), ("expired", vec!["a key"]), ("revoked", vec!["reports"]), ("all", vec!["a key", "uploads", "reports"])]
    {
        let page = admin.page(&format!("/dashboard/keys?state={state}")).await;
        assert_eq!(listed(&page, &NAMES), expected, "{state}");
    }
    assert_eq!(listed(&admin.page("/dashboard/keys?unused=7").await, &NAMES), ["uploads"]);
}

#[tokio::test]
async fn a_cursor_leads_through_all_keys_once() {
    let server = Server::start().await;
    server.declare("files", &["read"]).await;
    let policy = server.policy("readers", &["files:read"]).await;
    let names: Vec<String> = (0..40).map(|number| format!("key {number:02}")).collect();
    for name in &names {
        server.service_key_with(name, &policy).await;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let admin = Visitor::admin(&server).await;
    let first = admin.page("/dashboard/keys?sort=name&kind=service").await;
    let (_, after) = first.split_once("rel=\"next\" href=\"").unwrap();
    let next = after.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    assert!(next.contains("kind=service") && next.contains("sort=name"), "{next}");
    let mut seen = listed(&first, &names);
    assert_eq!(seen.len(), 25);
    seen.extend(listed(&admin.page(&next).await, &names));
    assert_eq!(seen, names);
}

#[tokio::test]
async fn selected_keys_are_revoked_after_a_page_that_names_them() {
    let server = Server::start().await;
    let (reports, uploads, own) = three_keys(&server).await;
    let admin = Visitor::admin(&server).await;
    let asked = format!("/dashboard/keys/revoke?back=sort%3Dname&id={reports}&id={own}&id=nonsense&id={own}");
    let page = admin.page(&asked).await;
    assert_eq!(listed(&page, &NAMES), ["reports", "a key"]);
    assert!(page.contains("Revoke 2 keys") && page.contains("one of these 2 keys"), "{page}");
    assert_eq!(listed(&admin.page("/dashboard/keys").await, &NAMES).len(), 3, "asking changes nothing");

    let ids = [("id", &*reports), ("id", &*own), ("back", "sort=name&evil=1")];
    let done = admin.fill(&asked, "/dashboard/keys/revoke", &ids).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/dashboard/keys?sort=name"));
    assert_eq!(listed(&admin.page("/dashboard/keys").await, &NAMES), ["uploads"]);
    let left = server.get(&format!("/v1/keys/{uploads}"), &server.admin().await).await.expect(200);
    assert_eq!(left["state"], "active");
    assert_eq!(admin.fill(&format!("/dashboard/keys/revoke?id={uploads}"), "/dashboard/keys/revoke", &ids).await.status, 404);
    assert!(admin.page("/dashboard/keys/revoke").await.contains("No key is selected"));
}

#[tokio::test]
async fn nothing_is_revoked_or_changed_by_a_form_that_is_not_ours() {
    let server = Server::start().await;
    let (reports, ..) = three_keys(&server).await;
    let admin = Visitor::admin(&server).await;
    let one = format!("/dashboard/keys/{reports}");
    let policy = server.get(&format!("/v1/keys/{reports}"), &server.admin().await).await.expect(200)["policy"]["id"].clone();
    for (path, fields) in [
        ("/dashboard/keys/revoke", vec![("id", &*reports)]),
        (&*one, vec![("name", "stolen"), ("policy_id", policy.as_str().unwrap())]),
        ("/dashboard/keys/new", vec![("name", "stolen"), ("policy_id", policy.as_str().unwrap()), ("expires_in", "never")]),
    ] {
        assert_eq!(admin.post(path, &fields).await.status, 403, "{path}");
        let other = server.person(&format!("other{}", path.len()), "admin").await;
        let foreign = hidden(&Visitor::new(&server, &other.session()).page("/dashboard/keys/new").await);
        let mut fields = fields;
        fields.extend(foreign.iter().map(|(name, value)| (&**name, &**value)));
        assert_eq!(admin.post(path, &fields).await.status, 403, "{path}");
    }
    assert_eq!(listed(&admin.page("/dashboard/keys?state=all").await, &["a key", "reports", "uploads", "stolen"]).len(), 3);
    let key = server.get(&format!("/v1/keys/{reports}"), &server.admin().await).await.expect(200);
    assert_eq!((&key["state"], &key["name"]), (&"active".into(), &"reports".into()));
}

#[tokio::test]
async fn whoever_is_below_level_8_gets_none_of_these_pages() {
    let server = Server::start().await;
    let (reports, _, own) = three_keys(&server).await;
    let support = server.person("grace", "support").await;
    let grace = Visitor::new(&server, &support.session());
    let paths = ["/dashboard/keys", "/dashboard/keys/new", "/dashboard/keys/revoke"].map(str::to_owned);
    for path in paths.into_iter().chain([format!("/dashboard/keys/{reports}"), format!("/dashboard/keys/{own}")]) {
        let refused = grace.get(&path).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(!refused.text.contains("reports"), "{path}: {}", refused.text);
    }
    for path in ["/dashboard/keys/new", "/dashboard/keys/revoke", &*format!("/dashboard/keys/{reports}")] {
        let token = hidden(&grace.page("/account").await);
        let mut fields: Vec<(&str, &str)> = vec![("id", &reports), ("name", "stolen"), ("policy_id", &reports), ("expires_in", "never")];
        let once = hidden(&grace.page("/account/keys/new").await);
        fields.extend(token.iter().take(1).chain(once.iter().skip(1)).map(|(name, value)| (&**name, &**value)));
        assert_eq!(grace.post(path, &fields).await.status, 403, "{path}");
    }
    let key = server.get(&format!("/v1/keys/{reports}"), &server.admin().await).await.expect(200);
    assert_eq!((&key["state"], &key["name"]), (&"active".into(), &"reports".into()));
}

#[tokio::test]
async fn a_full_page_is_small() {
    let server = Server::start().await;
    let session = server.admin().await;
    for number in 0..40 {
        let body = serde_json::json!({"name": format!("laptop in the office {number}"), "level": 4});
        server.post("/v1/keys", &session, body).await.expect(201);
    }
    let admin = Visitor::admin(&server).await;
    // Style, script and icons come to less than 10 kB as they are sent: see the test of `/docs`.
    for path in ["/dashboard", "/dashboard/keys", "/dashboard/audit", "/account", "/dashboard/accounts"] {
        let page = admin.page(path).await;
        assert!(page.len() < 50_000, "{path}: {} bytes", page.len());
    }
}

#[tokio::test]
async fn an_id_in_the_search_finds_that_key_whatever_its_state() {
    let server = Server::start().await;
    let (reports, uploads, _) = three_keys(&server).await;
    server.delete(&format!("/v1/keys/{uploads}"), &server.admin().await).await.expect(204);
    let admin = Visitor::admin(&server).await;
    for (text, expected) in [
        (reports.clone(), vec!["reports"]),
        (reports.replace('-', ""), vec!["reports"]),
        (format!("+{}", reports.to_uppercase()), vec!["reports"]),
        (uploads, vec!["uploads"]),
        ("0198c0de-0000-7000-8000-000000000001".to_owned(), vec![]),
    ] {
        let page = admin.page(&format!("/dashboard/keys?name={text}")).await;
        assert_eq!(listed(&page, &NAMES), expected, "{text}");
    }
}

#[tokio::test]
async fn a_key_leads_back_to_the_list_that_led_to_it() {
    let server = Server::start().await;
    let (reports, ..) = three_keys(&server).await;
    let admin = Visitor::admin(&server).await;
    let plain = format!("/dashboard/keys/{reports}");
    assert!(admin.page("/dashboard/keys").await.contains(&format!("href=\"{plain}\"")));
    let list = "/dashboard/keys?name=repo&amp;kind=service".replace("&amp;", "&");
    let there = format!("{plain}?back=name%3Drepo%26kind%3Dservice");
    assert!(admin.page(&list).await.contains(&format!("href=\"{there}\"")));
    let shown = list.replace('&', "&#38;");
    let page = admin.page(&there).await;
    assert!(page.contains(&format!("<a href=\"{shown}\">←")), "{page}");
    assert!(page.contains(&format!("revoke?id={reports}&#38;back=name%3Drepo%26kind%3Dservice")), "{page}");
    let form = admin.form(&there, &there).await;
    let policy = form.hidden.iter().find(|(name, _)| name == "was_policy").unwrap().1.clone();
    let saved = admin.send(&form, &[("name", "repository"), ("policy_id", &policy), ("metadata", "")]).await;
    assert_sent_to(&saved, &there);
    // What is no query of the list leads nowhere else.
    let page = admin.page(&format!("{plain}?back=//evil.example%2F%3Fname%3D%22%3E%3Cb%3E")).await;
    assert!(page.contains("<a href=\"/dashboard/keys\">←") && !page.contains("<a href=\"//"), "{page}");
}

#[tokio::test]
async fn what_revoked_a_key_is_a_link_away() {
    let server = Server::start().await;
    let (reports, uploads, own) = three_keys(&server).await;
    let session = server.admin().await;
    let account = server.get(&format!("/v1/keys/{own}"), &session).await.expect(200)["owner"].clone();
    let policy = server.get(&format!("/v1/keys/{reports}"), &session).await.expect(200)["policy"].clone();
    let (account, policy) = (account.as_i64().unwrap(), policy["id"].as_str().unwrap().to_owned());
    server.patch(&format!("/v1/accounts/{account}"), &session, json!({"status": "locked"})).await.expect(200);
    server.delete(&format!("/v1/policies/{policy}?cascade=true"), &session).await.expect(204);
    server.delete(&format!("/v1/keys/{uploads}"), &session).await.expect(204);
    let admin = Visitor::admin(&server).await;
    for (id, event) in [(own, "Account changed"), (reports, "Policy deleted")] {
        let page = admin.page(&format!("/dashboard/keys/{id}")).await;
        let (before, _) = page.split_once("\">The change that revoked it</a>").unwrap_or_else(|| panic!("{page}"));
        let link = before.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&");
        let log = admin.page(&link).await;
        assert!(log.contains(event), "{link}: {log}");
    }
    let page = admin.page(&format!("/dashboard/keys/{uploads}")).await;
    assert!(!page.contains("The change that revoked it"), "it was revoked by itself: {page}");
}
