//! `/dashboard/permissions`.

use serde_json::json;

use super::visitor::Visitor;
use crate::support::Server;

const PAGE: &str = "/dashboard/permissions";

/// The row of this permission.
#[track_caller]
fn row<'a>(page: &'a str, name: &str) -> &'a str {
    let rows: Vec<&str> =
        page.split("<tr role=\"row\">").filter(|row| row.contains(&format!("<span class=\"mono\">{name}</span>"))).collect();
    let [row] = rows.as_slice() else { panic!("not one row of {name}: {page}") };
    row.split("</tr>").next().unwrap()
}

#[tokio::test]
async fn where_nothing_is_declared_the_page_shows_how() {
    let server = Server::start().await;
    let page = Visitor::admin(&server).await.page(PAGE).await;
    assert!(page.contains("No service has declared anything"), "{page}");
    assert!(
        page.contains("curl -X PUT") && page.contains(&format!("&#39;{}&#39;", server.url("/v1/services/billing/permissions"))),
        "{page}"
    );
    assert!(row(&page, "policies.read").contains("No policy"), "{page}");
}

#[tokio::test]
async fn each_permission_is_told_with_its_meaning_its_policies_and_whether_it_is_left_over() {
    let server = Server::start().await;
    server.declare("billing", &["read", "pay", "void"]).await;
    let id = server.policy("Clerks", &["billing:pay", "billing:read"]).await;
    server.declare("billing", &["read", "void"]).await;
    let page = Visitor::admin(&server).await.page(PAGE).await;
    assert!(page.contains("<bdi>billing</bdi>") && !page.contains("curl"), "{page}");
    let link = format!("<a href=\"/dashboard/policies/{id}\"><bdi>Clerks</bdi></a>");
    let (read, pay, void) = (row(&page, "read"), row(&page, "pay"), row(&page, "void"));
    assert!(read.contains("To read") && read.contains(&link) && !read.contains("no longer declared"), "{read}");
    assert!(pay.contains(&link) && pay.contains("no longer declared"), "{pay}");
    assert!(void.contains("No policy") && !void.contains(&link), "{void}");
}

#[tokio::test]
async fn of_many_policies_a_few_are_named_and_the_rest_listed_on_a_page_of_their_own() {
    let server = Server::start().await;
    server.declare("billing", &["read", "pay"]).await;
    for number in 0..8 {
        server.policy(&format!("Clerks {number}"), &["billing:read"]).await;
    }
    server.policy("Payers", &["billing:pay"]).await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page(PAGE).await;
    let read = row(&page, "read");
    assert_eq!(read.matches("<bdi>Clerks").count(), 6, "{read}");
    let link = "/dashboard/policies?permission=billing%3Aread";
    assert!(read.contains(&format!("<a href=\"{link}\">and 2 more")), "{read}");
    let list = admin.page(link).await;
    assert!(list.matches("<bdi>Clerks").count() == 8 && !list.contains("Payers") && list.contains("Show all policies"), "{list}");
    let none = admin.page("/dashboard/policies?permission=billing:void").await;
    assert!(none.contains("No policy") && !none.contains("There are no policies"), "{none}");
    // What is no permission filters nothing.
    let all = admin.page("/dashboard/policies?permission=%3Cb%3E").await;
    assert!(all.contains("Payers") && all.contains("Clerks 0") && !all.contains("Show all policies"), "{all}");
}

#[tokio::test]
async fn permissions_are_shown_to_level_8_only_and_hostile_descriptions_as_text() {
    let server = Server::start().await;
    let manifest = json!([{"name": "read", "description": "<script>alert(1)</script>"}]);
    server.put("/v1/services/billing/permissions", &server.admin().await, manifest).await.expect(200);
    let page = Visitor::admin(&server).await.page(PAGE).await;
    assert!(page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"), "{page}");
    let person = server.person("ada", "support").await;
    let refused = Visitor::of(&server, &person).get(PAGE).await;
    assert_eq!(refused.status, 403);
    assert!(!refused.text.contains("billing"), "{}", refused.text);
}
