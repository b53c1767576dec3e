//! `keybearer verify`, `explain`, `events`, `stats` and `healthcheck`.

use keybearer::cli::Exit;
use serde_json::{Value, json};

use super::{Walk, lines};

pub(super) async fn walk(walk: &mut Walk) {
    let desk = walk.server.service_key("desk 2", &["shop:orders.read"]).await;
    verify(walk, &desk.token, &format!("{}:{}", desk.id, desk.secret)).await;

    let yes = walk.json("explain", &[&desk.id, "--any-of", "shop:orders.refund", "--any-of", "shop:orders.read"]).await;
    assert_eq!((&yes["valid"], &yes["granted_by"]), (&json!(true), &json!("shop:orders.read")));
    let no = walk.ask("explain", &[&desk.id, "--kind", "account"]).await;
    let told = lines(no.expect(Exit::Denied));
    assert!(told.contains(&"needs kind account".to_owned()) && told.iter().any(|line| line.starts_with("why ")), "{told:?}");

    events(walk, &desk.id).await;

    let cluster = walk.json("cluster", &[]).await;
    assert_eq!((&cluster["nodes"][0]["state"], &cluster["nodes"][0]["consistency"]), (&"serving".into(), &"single".into()));
    assert!(walk.table("cluster", &[]).await[1].contains("serving single"));
    let stats = walk.json("stats", &[]).await;
    assert_eq!(stats["accounts_active"], 3);
    assert!(walk.table("stats", &[]).await.contains(&"accounts 3 active, 0 locked, 0 blocked".to_owned()));
    keybearer::bookkeeper::flush(&walk.server.app).await.unwrap();
    let hour = walk.table("stats", &["--period", "hour"]).await;
    assert!(hour.iter().any(|line| line == "verifications 7 accepted, 8 refused"), "{hour:?}");

    assert_eq!(walk.ask("healthcheck", &[]).await.expect(Exit::Done), "ready\n");
}

async fn verify(walk: &mut Walk, token: &str, pair: &str) {
    for key in [token, pair] {
        let verdict = walk.asked("verify", &["--all-of", "shop:orders.read", "--json"]).given(&[key]).run().await.json(Exit::Done);
        assert_eq!((&verdict["code"], &verdict["key"]["name"]), (&json!("VALID"), &json!("desk 2")));
    }
    let denied = walk.asked("verify", &["--any-of", "shop:orders.refund"]).given(&[token]).run().await;
    let told = lines(denied.expect(Exit::Denied));
    for line in ["valid false", "code INSUFFICIENT_PERMISSIONS", "lacks one of shop:orders.refund", "policy policy of desk 2"] {
        assert!(told.iter().any(|found| found == line), "{line}: {told:?}");
    }
    let denied = walk.asked("verify", &["--level", "4"]).given(&[token]).run().await;
    assert!(lines(denied.expect(Exit::Denied)).contains(&"needs level 4".to_owned()), "{}", denied.out);
    let denied = walk.asked("verify", &["--kind", "account", "--json"]).given(&[token]).run().await.json(Exit::Denied);
    assert_eq!(denied["valid"], false);
    assert!(walk.asked("verify", &[]).given(&["no key"]).run().await.expect(Exit::Denied).contains("MALFORMED"));

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key.txt"), format!("{token}\nand a note\n")).unwrap();
    walk.asked("verify", &["--file", "key.txt"]).within(dir.path()).run().await.expect(Exit::Done);
    // The credential comes first where both are on standard input.
    let crate::support::Cred::Bearer(admin) = walk.admin.clone() else { unreachable!() };
    walk.asked("verify", &["--token-stdin"]).given(&[&admin, token]).run().await.expect(Exit::Done);
}

async fn events(walk: &mut Walk, key: &str) {
    let target = format!("key:{key}");
    let printed = walk.ask("events", &["--target", &target, "--action", "key.created", "--actor", "account:1", "--json"]).await;
    let [line] = *printed.expect(Exit::Done).lines().collect::<Vec<_>>() else { panic!("{}", printed.out) };
    let event: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&event["target"], &event["after"]["name"]), (&json!(target), &json!("desk 2")));

    let table = walk.table("events", &["--since", "2026-01-01T00:00:00.500Z", "--limit", "1"]).await;
    assert_eq!(table[0], "REVISION AT ACTOR ACTION TARGET");
    assert_eq!(table[1], format!("{} 2026-01-01T00:00:01.000Z account:1 key.created {target}", event["revision"]));
    assert_eq!(walk.table("events", &["--until", "2025-12-31T00:00:00Z"]).await.len(), 1);
    // Durations count from the wall clock, which is far beyond the clock of this server.
    assert_eq!(walk.table("events", &["--since", "1h"]).await.len(), 1);
}
