//! How verifications were answered, in `GET /v1/stats`.

use keybearer::bookkeeper;
use serde_json::{Value, json};

use crate::support::{SECOND, Server};

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Those of a period that have any.
async fn verifications(server: &Server, query: &str) -> Vec<Value> {
    bookkeeper::flush(&server.app).await.unwrap();
    let stats = server.get(&format!("/v1/stats{query}"), &server.admin().await).await.expect(200);
    let steps = stats["verifications"].as_array().unwrap().clone();
    steps.into_iter().filter(|step| step["valid"] != 0 || step.get("refused").is_some()).collect()
}

#[tokio::test]
async fn verifications_are_counted_by_answer_and_step() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 4).await;
    let service = server.service_key("storefront", &[]).await;
    assert_eq!(verifications(&server, "").await, [] as [Value; 0]);
    for _ in 0..3 {
        assert_eq!(server.verdict(&key.token).await, "VALID");
    }
    assert_eq!(server.verdict("no key").await, "MALFORMED");
    server.get("/api/v1/api_keys/test", &service.catena()).await.expect(200);
    let first = json!({"at": "2026-01-01T00:00:00.000Z", "valid": 4, "refused": {"MALFORMED": 1}});
    assert_eq!(verifications(&server, "").await, vec![first.clone()]);
    assert_eq!(verifications(&server, "?period=hour").await, vec![first.clone()], "what was counted is not counted again");

    server.advance(MINUTE);
    server.post("/v1/verify", &admin, json!({"key": key.token, "level": 5})).await.expect(200);
    let second = json!({"at": "2026-01-01T00:01:00.000Z", "valid": 0, "refused": {"INSUFFICIENT_LEVEL": 1}});
    assert_eq!(verifications(&server, "?period=hour").await, [first, second]);
    let both = json!({"at": "2026-01-01T00:00:00.000Z", "valid": 4, "refused": {"INSUFFICIENT_LEVEL": 1, "MALFORMED": 1}});
    for period in ["?period=day", "?period=week", "?period=month"] {
        assert_eq!(verifications(&server, period).await, vec![both.clone()], "{period}");
    }
    server.advance(HOUR);
    assert_eq!(verifications(&server, "?period=hour").await, [] as [Value; 0]);
    assert_eq!(verifications(&server, "?period=day").await, vec![both.clone()]);
    let server = server.restart().await;
    assert_eq!(verifications(&server, "?period=day").await, [both]);
}

#[tokio::test]
async fn the_steps_of_a_period_reach_up_to_now() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.advance(10 * HOUR + 17 * MINUTE);
    for (period, steps, first, last) in [
        ("hour", 60, "2026-01-01T09:18:00.000Z", "2026-01-01T10:17:00.000Z"),
        ("day", 48, "2025-12-31T10:30:00.000Z", "2026-01-01T10:00:00.000Z"),
        ("week", 56, "2025-12-25T12:00:00.000Z", "2026-01-01T09:00:00.000Z"),
        ("month", 60, "2025-12-02T12:00:00.000Z", "2026-01-01T00:00:00.000Z"),
    ] {
        let stats = server.get(&format!("/v1/stats?period={period}"), &admin).await.expect(200);
        let told = stats["verifications"].as_array().unwrap();
        assert_eq!((told.len(), &told[0]["at"], &told[steps - 1]["at"]), (steps, &json!(first), &json!(last)), "{period}");
    }
    let refused = server.get("/v1/stats?period=year", &admin).await;
    assert_eq!(refused.expect(400)["errors"][0]["pointer"], "period");
}

#[tokio::test]
async fn numbers_are_kept_for_thirty_days() {
    let server = Server::start().await;
    let key = server.account_key(&server.admin().await, 4).await;
    assert_eq!(server.verdict(&key.token).await, "VALID");
    bookkeeper::flush(&server.app).await.unwrap();
    let kept = async || {
        let all = server.app.store.verifications(keybearer_core::time::UnixMillis(0), server.app.clock.now().plus(1), MINUTE).await;
        all.unwrap().len()
    };
    server.advance(30 * 24 * HOUR);
    server.app.sweeper.sweep().await.unwrap();
    assert_eq!(kept().await, 1);
    server.advance(MINUTE);
    server.app.sweeper.sweep().await.unwrap();
    assert_eq!(kept().await, 0);
}
