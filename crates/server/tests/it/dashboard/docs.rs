//! `/docs`: the reference of the API, held against the document that the server answers with.

use std::collections::BTreeSet;

use serde_json::Value;

use super::browser::{Browser, assert_page};
use crate::support::{Cred, Server};

const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Method and path of every operation of the document.
async fn operations(server: &Server) -> BTreeSet<(String, String)> {
    let document = server.get("/openapi.json", &Cred::None).await.expect(200);
    let paths = document["paths"].as_object().unwrap().iter();
    let all =
        paths.flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone())));
    all.collect()
}

/// The pages of the reference: the overview first, then all to which its tabs lead.
async fn pages(server: &Server) -> Vec<(String, String)> {
    let overview = Browser::new(server).get("/docs").await.text;
    let tabs = overview.split("class=\"tabs\"").nth(1).unwrap().split("</nav>").next().unwrap();
    let paths: Vec<String> = tabs.split("href=\"").skip(2).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let mut pages = vec![("/docs".to_owned(), overview.clone())];
    for path in paths {
        let answer = Browser::new(server).get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        pages.push((path, answer.text));
    }
    pages
}

/// Text as it stands in a page, read back.
pub(super) fn unescaped(text: &str) -> String {
    let pairs = [("&#39;", "'"), ("&#34;", "\""), ("&quot;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&lt;", "<"), ("&gt;", ">")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&#38;", "&").replace("&amp;", "&")
}

/// Badge and path of each operation in what begins with this mark.
fn shown(page: &str, mark: &str) -> Vec<(String, String)> {
    let in_one = |text: &str| {
        let method = text.split("<span class=\"method ").nth(1)?.split_once("\">")?.1.split('<').next()?.to_owned();
        let path = text.split("<code>").nth(1)?.split("</code>").next()?;
        Some((method, unescaped(path)))
    };
    page.split(mark).skip(1).filter_map(in_one).collect()
}

#[tokio::test]
async fn every_operation_of_the_document_is_shown_once_with_method_and_path() {
    let server = Server::start().await;
    let known = operations(&server).await;
    let pages = pages(&server).await;
    let told: Vec<_> = pages.iter().flat_map(|(_, page)| shown(page, "<section class=\"operation\"")).collect();
    assert_eq!(told.len(), known.len(), "{told:?}");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), known);
    let index: BTreeSet<_> = shown(pages[0].1.split("class=\"index\"").collect::<String>().as_str(), "<li>").into_iter().collect();
    assert_eq!(index, known, "the index on the overview");
}

#[tokio::test]
async fn every_reference_is_followed_and_every_link_arrives() {
    let server = Server::start().await;
    let pages = pages(&server).await;
    let ids = |page: &str| page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>();
    for (path, page) in &pages {
        assert!(!page.contains("components/schemas") && !page.contains("$ref"), "{path}");
        // What an event changed may be of any shape; nothing else is.
        assert_eq!(page.matches("any JSON").count(), if path == "/docs/audit" { 2 } else { 0 }, "{path}");
        let own = ids(page);
        assert_eq!(own.iter().collect::<BTreeSet<_>>().len(), own.len(), "{path}: an id stands twice: {own:?}");
        for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).filter(|link| link.contains('#')) {
            let (to, anchor) = link.split_once('#').unwrap();
            let there = pages.iter().find(|(path, _)| path == to).map_or(page, |(_, page)| page);
            assert!(to.starts_with("/assets/") || ids(there).iter().any(|id| id == anchor), "{path}: {link} leads nowhere");
        }
    }
}

/// What a shell makes of a call: method, path and body.
fn call(server: &Server, command: &str) -> (String, String, Option<String>) {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, None);
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match (letter, quoted) {
            ('\'' | '"', None) => {
                quoted = Some(letter);
                word.get_or_insert_default();
            }
            (_, Some(quote)) if letter == quote => quoted = None,
            ('\\', None) => word.get_or_insert_default().extend(letters.next().filter(|next| *next != '\n')),
            (' ' | '\n', None) => words.extend(word.take().filter(|word| !word.is_empty())),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    assert_eq!((words[0].as_str(), quoted), ("curl", None), "{command}");
    let after = |flag: &str| words.iter().position(|word| word == flag).map(|place| words[place + 1].clone());
    let path = words.iter().find_map(|word| word.strip_prefix(&server.url(""))).unwrap_or_else(|| panic!("{command}"));
    (after("-X").unwrap_or_else(|| "GET".to_owned()), path.to_owned(), after("-d"))
}

#[tokio::test]
async fn every_call_that_is_shown_is_one_that_the_server_understands() {
    let server = Server::start().await;
    server.declare("shop", &["orders.read", "orders.refund"]).await;
    let mut calls = 0;
    for (_, page) in pages(&server).await {
        for block in page.split("\">curl ").skip(1) {
            let command = unescaped(&format!("curl {}", block.split("</pre>").next().unwrap()));
            let (method, path, body) = call(&server, &command);
            // One of the calls ends all sessions of the account, so each has its own.
            let session = server.sign_in("admin", crate::support::PASSWORD).await;
            let mut ask = server.ask(&method, &path);
            if command.contains("Bearer $KEYBEARER_TOKEN") {
                ask = ask.with(&Cred::Bearer(session));
            }
            if let Some(body) = body {
                serde_json::from_str::<Value>(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
                ask = ask.body("application/json", body);
            }
            let answer = ask.send().await;
            let status = answer.status.as_u16();
            // The things that it names need not be there, nor its password be right.
            let is_understood = [200, 201, 204, 403, 404, 409].contains(&status) || (status == 401 && path == "/v1/sessions");
            assert!(is_understood && (status != 404 || !answer.text.contains("no_such_path")), "{command}: {status} {}", answer.text);
            calls += 1;
        }
    }
    assert_eq!(calls, operations(&server).await.len());
}

/// Fails where an element is not closed, or in another order.
#[track_caller]
fn assert_well_formed(page: &str) {
    const EMPTY: [&str; 4] = ["meta", "link", "input", "br"];
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(2) {
        let (inside, _) = tag.split_once('>').unwrap_or_else(|| panic!("a tag that does not end: {tag}"));
        let name = inside.split([' ', '\n', '/']).next().unwrap();
        if let Some(closed) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{open:?}");
        } else if !inside.ends_with('/') && !EMPTY.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// How many bytes of a file go over the wire to a browser.
async fn packed(server: &Server, file: &str) -> usize {
    let answer = server.http.get(server.url(file)).header("accept-encoding", "gzip, deflate, br").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-encoding"].as_bytes()), (200, &b"gzip"[..]), "{file}");
    let (whole, packed) = (server.get(file, &Cred::None).await, answer.bytes().await.unwrap());
    assert!(!whole.headers.contains_key("content-encoding") && whole.header("vary").contains("accept-encoding"), "{file}");
    assert!(packed.len() < whole.text.len(), "{file}");
    packed.len()
}

#[tokio::test]
async fn the_pages_are_guarded_well_formed_and_small_for_anyone() {
    let server = Server::start().await;
    let first = Browser::new(&server).get("/docs").await;
    let mut files: Vec<&str> = first.text.split("=\"").filter_map(|rest| rest.split(['"', '#']).next()).collect();
    files.retain(|file| file.starts_with("/assets/"));
    let files: BTreeSet<&str> = files.into_iter().collect();
    assert_eq!(files.len(), 4, "{files:?}");
    let mut loaded = 0;
    for file in files {
        loaded += packed(&server, file).await;
    }
    for (path, page) in pages(&server).await {
        let answer = Browser::new(&server).get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-security-policy")), (200, POLICY), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        for forbidden in ["<style", " style=", " onclick", "javascript:", "<script>", "<nav class=\"side\""] {
            assert!(!page.contains(forbidden), "{path}: {forbidden}");
        }
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert_well_formed(&page);
        assert!(page.len() + loaded < 60_000, "{path}: {} and {loaded} bytes", page.len());
    }
    assert_page(&Browser::new(&server).get("/docs/nonsense").await, 404, "There is nothing here");
}

#[tokio::test]
async fn the_overview_tells_where_how_and_what_can_go_wrong() {
    let server = Server::start().await.restart_with(|config| config.public_url = Some("https://keys.example.org".to_owned())).await;
    let page = Browser::new(&server).get("/docs").await.text;
    for told in ["<code>https://keys.example.org</code>", "Authorization: Bearer TOKEN", "X-API-Key: TOKEN", "href=\"/openapi.json\""] {
        assert!(page.contains(told), "{told}: {page}");
    }
    for code in ["credential_missing", "insufficient_level", "policy_in_use", "storage_full"] {
        assert!(page.contains(&format!("<code>{code}</code>")), "{code}");
    }
    let keys = Browser::new(&server).get("/docs/keys").await.text;
    assert!(keys.contains("https://keys.example.org/v1/keys") && !keys.contains("127.0.0.1"), "{keys}");
}

#[tokio::test]
async fn who_is_signed_in_keeps_the_menu_and_who_reads_german_is_told_that_the_reference_is_english() {
    let server = Server::start().await;
    server.person("grace", "user").await;
    let mut browser = Browser::signed_in(&server, "grace").await;
    let page = browser.get("/docs/keys").await.text;
    assert!(page.contains("<a href=\"/docs\" aria-current=\"page\">") && page.contains("href=\"/account/security\""), "{page}");
    assert!(!page.contains("href=\"/dashboard/accounts\"") && !page.contains("is in English"), "{page}");
    browser.headers = vec![("accept-language", "de".to_owned())];
    let german = browser.get("/docs/keys").await.text;
    assert!(german.contains("Die Referenz selbst ist auf Englisch.") && german.contains("<h1 lang=\"en\">Keys</h1>"), "{german}");
}

#[tokio::test]
async fn every_tag_of_an_operation_is_explained() {
    let server = Server::start().await;
    let document = server.get("/openapi.json", &Cred::None).await.expect(200);
    let all = document["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values());
    let used: BTreeSet<&str> = all.map(|operation| operation["tags"][0].as_str().unwrap()).collect();
    let explained: BTreeSet<&str> = document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(used, explained);
}
