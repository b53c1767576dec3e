//! `/dashboard`: counts, the chart, and what wants to be looked at.

use keybearer::bookkeeper;
use serde_json::json;

use super::visitor::Visitor;
use crate::support::{Cred, DAY, PASSWORD, Server};

async fn later(server: &Server) -> Visitor<'_> {
    Visitor::new(server, &Cred::Bearer(server.sign_in("admin", PASSWORD).await))
}

/// What stands between two texts on a page.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("{from:?} is not there: {page}"));
    rest.split_once(to).unwrap_or_else(|| panic!("{to:?} is not there: {rest}")).0
}

#[tokio::test]
async fn before_anything_happened_it_says_what_will_be_here() {
    let server = Server::start().await;
    let page = Visitor::admin(&server).await.page("/dashboard").await;
    for words in ["Nobody asked about a key", "No active key ends within a week.", "Every active key older than 30 days was used since."] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("chart-bars"), "an empty chart says nothing");
    let recent = between(&page, "id=\"recent\"", "</section>");
    assert_eq!((recent.matches("<li").count(), recent.contains("Account created")), (1, true), "signing in is no change: {recent}");
}

#[tokio::test]
async fn the_chart_shows_how_many_were_accepted_and_why_others_were_not() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    for _ in 0..3 {
        assert_eq!(server.verdict(&key.token).await, "VALID");
    }
    server.post("/v1/verify", &admin, json!({"key": key.token, "level": 5})).await.expect(200);
    bookkeeper::flush(&server.app).await.unwrap();
    let visitor = Visitor::admin(&server).await;
    for (path, chosen) in [("/dashboard", "24 hours"), ("/dashboard?period=month", "30 days"), ("/dashboard?period=x", "24 hours")] {
        let page = visitor.page(path).await;
        assert!(page.contains(&format!("aria-current=\"true\">{chosen}<")), "{path}: {page}");
        let chart = between(&page, "<figure class=\"chart\">", "</figure>");
        assert!(chart.contains("aria-label=\"3 accepted, 1 refused\"") && chart.contains("Level too low <strong>1</strong>"), "{chart}");
        // Three of four, on a scale up to four; the rest on top.
        assert!(chart.contains("y=\"25.00\" width=\"8\" height=\"75.00\"") && chart.contains("y=\"0.00\" width=\"8\" height=\"25.00\""));
        assert!(between(&page, "<tbody>", "</tbody>").contains("<td>3</td><td>1</td>"));
        let recent = between(&page, "id=\"recent\"", "</section>");
        assert!(recent.contains("Key created") && recent.contains("<bdi>a key</bdi>"), "{recent}");
    }
}

#[tokio::test]
async fn keys_that_end_soon_or_lie_idle_are_named() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.service_key("storefront", &[]).await;
    server.post("/v1/keys", &admin, json!({"name": "<i>forty</i>", "level": 1, "expires_in": 40 * DAY / 1_000})).await.expect(201);
    let listed = |page: &str, id: &str| between(page, &format!("id=\"{id}\""), "</section>").to_owned();
    let page = Visitor::admin(&server).await.page("/dashboard").await;
    assert!(!listed(&page, "expiring").contains("forty") && !listed(&page, "unused").contains("storefront"));
    server.advance(35 * DAY);
    let visitor = later(&server).await;
    let page = visitor.page("/dashboard").await;
    let (expiring, unused) = (listed(&page, "expiring"), listed(&page, "unused"));
    assert!(expiring.starts_with(">Expiring within 7 days: 1<") && expiring.contains("&#60;i&#62;forty&#60;/i&#62;"), "{expiring}");
    assert!(expiring.contains(">in 5 days<") && !expiring.contains("storefront"), "{expiring}");
    assert!(unused.starts_with(">Unused for 30 days: 2<") && unused.contains("storefront") && unused.contains("forty"), "{unused}");
    // Each leads to the whole list, which has just these keys.
    for (list, count) in [(expiring, 1), (unused, 2)] {
        let (_, link) = list.rsplit_once("<p><a href=\"").unwrap();
        let page = visitor.page(&link.split('"').next().unwrap().replace("&#38;", "&")).await;
        assert_eq!(between(&page, "<tbody", "</tbody>").matches("<tr").count(), count, "{page}");
    }
}

#[tokio::test]
async fn the_moments_below_the_chart_lie_equally_far_apart() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    assert_eq!(server.verdict(&key.token).await, "VALID");
    bookkeeper::flush(&server.app).await.unwrap();
    let page = Visitor::admin(&server).await.page("/dashboard").await;
    let ticks = between(&page, "<div class=\"chart-times\" aria-hidden=\"true\">", "</div>");
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':').unwrap();
        hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
    };
    let ticks: Vec<i64> = ticks.split("<span>").skip(1).map(|tick| minutes(tick.split('<').next().unwrap())).collect();
    let apart: Vec<i64> = ticks.windows(2).map(|pair| (pair[1] - pair[0]).rem_euclid(24 * 60)).collect();
    assert_eq!(apart, [6 * 60; 4], "{ticks:?}");
}
