//! Lists that are longer than a page.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use keybearer::cli::Exit;
use serde_json::{Value, json};

use super::ask;
use crate::support::Server;

/// More than two pages of the greatest size.
const KEYS: usize = 405;

#[tokio::test]
async fn all_pages_are_listed_unless_fewer_are_asked_for() {
    let server = Server::start_with(|config| config.keys.max_per_account = 1_000).await;
    let admin = server.admin().await;
    let made = (0..KEYS).map(|number| server.post("/v1/keys", &admin, json!({"name": format!("key {number}"), "level": 1})));
    join_all(made).await.iter().for_each(|answer| drop(answer.expect(201)));

    let keys = ask(&server, &admin, "key list --json", &[]).await.json(Exit::Done);
    let ids: BTreeSet<&str> = keys.as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!((keys.as_array().unwrap().len(), ids.len()), (KEYS, KEYS));
    let ran = ask(&server, &admin, "key list", &[]).await;
    assert_eq!(ran.expect(Exit::Done).lines().count(), KEYS + 1);
    for limit in [0, 1, 200, 201, 400, 404] {
        let ran = ask(&server, &admin, "key list --limit", &[&limit.to_string()]).await;
        assert_eq!(ran.expect(Exit::Done).lines().count(), limit + 1);
    }

    let ran = ask(&server, &admin, "events --action key.created --json", &[]).await;
    let events: Vec<Value> = ran.expect(Exit::Done).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let revisions: Vec<i64> = events.iter().map(|event| event["revision"].as_i64().unwrap()).collect();
    assert_eq!(revisions.len(), KEYS);
    assert!(revisions.is_sorted_by(|newer, older| newer > older), "newest first, each once");

    // Many at once, in as many calls as it takes.
    let ids: Vec<&str> = ids.into_iter().collect();
    let revoked = ask(&server, &admin, "key revoke --json", &ids).await.json(Exit::Done);
    assert_eq!(revoked["results"].as_array().unwrap().len(), KEYS);
    let ran = ask(&server, &admin, "key list --state active", &[]).await;
    assert_eq!(ran.expect(Exit::Done).lines().count(), 1);
}
