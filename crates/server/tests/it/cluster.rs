//! Several nodes over one PostgreSQL, as clients meet them: what one has answered is in force on all.

use std::time::{Duration, Instant};

use keybearer_store::{Consistency, PostgresUrl};
use serde_json::json;

use crate::support::bouncer::Bouncer;
use crate::support::{Cred, Made, PASSWORD, Server, database, made};

/// Three nodes, the last of which asks the database each time.
async fn three() -> [Server; 3] {
    three_at(&database::fresh()).await
}

async fn three_at(url: &str) -> [Server; 3] {
    let first = Server::start_with(|config| {
        config.database = Some(PostgresUrl::parse(url).unwrap());
        config.node_name = Some("first".into());
    });
    let first = first.await;
    let second = first.join(|config| config.node_name = Some("second".into())).await;
    let third = first.join(|config| {
        config.node_name = Some("third".into());
        config.consistency = Consistency::Strict;
    });
    let third = third.await;
    [first, second, third]
}

/// What the gate that any valid key passes answers.
async fn gate(node: &Server, key: &Made) -> u16 {
    node.ask("GET", "/gate/any").with(&key.bearer()).send().await.status.as_u16()
}

async fn verdicts(nodes: &[Server; 3], token: &str) -> Vec<String> {
    let mut verdicts = Vec::new();
    for node in nodes {
        verdicts.push(node.verdict(token).await);
    }
    verdicts
}

#[tokio::test]
async fn keys_and_policies_are_the_same_on_every_node_at_once() {
    keys_and_policies(&three().await).await;
}

async fn keys_and_policies(nodes: &[Server; 3]) {
    let [first, second, third] = nodes;
    let admin = first.admin().await;
    first.declare("shop", &["read", "sell"]).await;
    for round in 0..5 {
        let policy = second.policy(&format!("policy {round}"), &["shop:read"]).await;
        let key = third.service_key_with(&format!("till {round}"), &policy).await;
        assert_eq!(verdicts(nodes, &key.token).await, ["VALID"; 3]);
        let may_sell = async |node: &Server| {
            let body = json!({"key": key.token, "any_of": ["shop:sell"]});
            node.post("/v1/verify", &admin, body).await.expect(200)["code"].as_str().unwrap().to_owned()
        };
        for (permissions, expected) in [(json!(["shop:sell"]), "VALID"), (json!([]), "INSUFFICIENT_PERMISSIONS")] {
            let body = json!({"name": format!("policy {round}"), "permissions": permissions});
            first.put(&format!("/v1/policies/{policy}"), &admin, body).await.expect(200);
            for node in nodes {
                assert_eq!(may_sell(node).await, expected);
            }
        }
        second.delete(&format!("/v1/policies/{policy}?cascade=true"), &admin).await.expect(204);
        assert_eq!(verdicts(nodes, &key.token).await, ["REVOKED"; 3]);
    }
}

#[tokio::test]
async fn people_their_sessions_and_their_keys_end_on_every_node_at_once() {
    people(&three().await).await;
}

async fn people(nodes: &[Server; 3]) {
    let [first, second, third] = nodes;
    let admin = first.admin().await;
    for round in 0..3 {
        let ada = second.person(&format!("ada {round}"), "support").await;
        let key = third.account_key(&ada.session(), 6).await;
        assert_eq!(verdicts(nodes, &key.token).await, ["VALID"; 3]);
        first.patch(&format!("/v1/accounts/{}", ada.id), &admin, json!({"role": "user"})).await.expect(200);
        assert_eq!(verdicts(nodes, &key.token).await, ["REVOKED"; 3]);
        for node in nodes {
            node.get("/v1/whoami", &ada.session()).await.expect(401);
            assert_eq!(gate(node, &key).await, 401);
        }
        let again = Cred::Bearer(third.sign_in(&ada.username, PASSWORD).await);
        for node in nodes {
            node.get("/v1/whoami", &again).await.expect(200);
        }
        second.delete("/v1/sessions/current", &again).await.expect(204);
        for node in nodes {
            node.get("/v1/whoami", &again).await.expect(401);
        }
    }
}

/// In transaction mode, with fewer connections than the nodes have: each statement may be carried by another one, and no hint arrives.
#[tokio::test]
async fn behind_pgbouncer_every_change_is_in_force_when_its_call_returns() {
    let bouncer = Bouncer::start(5).await;
    let nodes = three_at(&bouncer.url(&database::fresh())).await;
    keys_and_policies(&nodes).await;
    people(&nodes).await;
}

/// How often a node has looked at the database for a request.
async fn looks(node: &Server) -> u64 {
    let metrics = node.get("/metrics", &Cred::None).await.text;
    let looks = metrics.lines().find_map(|line| line.strip_prefix("keybearer_cluster_strong_reads_total ")).unwrap();
    looks.parse().unwrap()
}

/// It was told of before it is committed, and may be committed at any moment.
#[tokio::test]
async fn a_key_that_is_about_to_be_revoked_is_asked_about_and_no_other() {
    let url = database::fresh();
    let nodes = three_at(&url).await;
    let [first, second, _] = &nodes;
    let admin = first.admin().await;
    let made = async || made(&first.post("/v1/keys", &admin, json!({"name": "a key", "level": 4})).await.expect(201));
    let verdict = async |key: &Made| {
        let answer = second.post("/v1/verify", &admin, json!({"key": key.token})).await.expect(200);
        answer["code"].as_str().unwrap().to_owned()
    };
    let other = made().await;
    // Until both know where the other one hears messages, nothing is foretold.
    for _ in 0..20 {
        let key = made().await;
        let before = looks(second).await;
        let holder = database::hold_changes(&url);
        let meanwhile = async {
            let until = Instant::now() + Duration::from_secs(2);
            while looks(second).await == before && Instant::now() < until {
                assert_eq!(gate(second, &key).await, 200, "it is not revoked yet");
            }
            let then = looks(second).await;
            if then > before {
                assert_eq!((gate(second, &other).await, verdict(&other).await), (200, "VALID".into()));
                assert_eq!(looks(second).await, then, "nobody is about to revoke that one");
                assert_eq!(verdict(&key).await, "VALID");
                assert!(looks(second).await > then);
            }
            holder.let_go();
            then > before
        };
        let path = format!("/v1/keys/{}", key.id);
        let (revoked, was_foretold) = tokio::join!(first.delete(&path, &admin), meanwhile);
        revoked.expect(204);
        assert_eq!(verdicts(&nodes, &key.token).await, ["REVOKED"; 3]);
        if was_foretold {
            return;
        }
    }
    panic!("nothing was foretold");
}

#[tokio::test]
async fn a_form_of_one_node_is_taken_by_another() {
    let [first, second, _] = &three().await;
    let ada = first.person("ada", "user").await;
    let cookie = format!("keybearer={}", ada.token);
    let page = first.ask("GET", "/account/security").header("cookie", &cookie).send().await;
    let token = page.text.split("name=\"_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let sent = second.ask("POST", "/sign-out").header("cookie", &cookie).header("origin", second.url("").trim_end_matches('/'));
    let answer = sent.body("application/x-www-form-urlencoded", format!("_token={token}")).send().await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    first.get("/v1/whoami", &ada.session()).await.expect(401);
}

#[tokio::test]
async fn the_operator_sees_the_nodes_and_who_has_left() {
    let [first, second, third] = three().await;
    let admin = first.admin().await;
    let shown = second.get("/v1/cluster", &admin).await.expect(200);
    let column = |name: &str| shown["nodes"].as_array().unwrap().iter().map(|node| node[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("name"), ["first", "second", "third"]);
    assert_eq!(column("state"), ["serving"; 3]);
    assert_eq!(column("consistency"), ["lease", "lease", "strict"]);
    assert_eq!(column("is_self"), [false, true, false]);
    assert_eq!(column("lag"), [0, 0, 0], "{shown}");
    assert!(column("lease_ms")[0].as_i64().unwrap() > 0);
    let metrics = first.get("/metrics", &Cred::None).await.text;
    let changes = metrics.lines().find_map(|line| line.strip_prefix("keybearer_cluster_barrier_duration_seconds_count ")).unwrap();
    assert!(changes.parse::<u64>().unwrap() >= 2, "{changes}");
    let metrics = third.get("/metrics", &Cred::None).await.text;
    let reads = metrics.lines().find_map(|line| line.strip_prefix("keybearer_cluster_strong_reads_total ")).unwrap();
    third.get("/v1/whoami", &admin).await.expect(200);
    let after = third.get("/metrics", &Cred::None).await.text;
    assert!(!after.contains(&format!("keybearer_cluster_strong_reads_total {reads}\n")), "it asked nobody");

    second.stop().await;
    let began = Instant::now();
    first.person("ada", "user").await;
    assert!(began.elapsed() < Duration::from_secs(2), "a node that has left is waited for: {:?}", began.elapsed());
    let left = first.get("/v1/cluster", &admin).await.expect(200);
    assert_eq!(left["nodes"].as_array().unwrap().len(), 2, "{left}");
}

#[tokio::test]
async fn without_the_database_nobody_is_let_in_once_the_lease_is_over() {
    let nodes = three().await;
    let [first, _, third] = &nodes;
    let admin = first.admin().await;
    let key = made(&first.post("/v1/keys", &admin, json!({"name": "a key", "level": 4})).await.expect(201));
    let url = first.app.config.database.clone().unwrap();
    let name = url.to_string().rsplit('/').next().unwrap().to_owned();
    database::at_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    database::at_server(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    // Under its lease a node goes on, and after it nobody is let in: never an answer in doubt.
    let asked = Instant::now();
    assert_eq!(gate(third, &key).await, 503);
    let began = Instant::now();
    while gate(first, &key).await == 200 {
        assert!(began.elapsed() < Duration::from_secs(30), "it goes on without the database");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(asked.elapsed() < Duration::from_secs(30));
    let refused = first.post("/v1/verify", &admin, json!({"key": key.token})).await;
    refused.problem(503, "in_doubt");
    assert_eq!(refused.header("retry-after"), "1");
    first.get("/readyz", &Cred::None).await.expect(503);
    let page = first.ask("GET", "/account").header("cookie", format!("keybearer={}", "x")).send().await;
    assert_eq!(page.status, 503, "{}", page.text);
    database::at_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    let back = async {
        while gate(first, &key).await != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), back).await.expect("it serves again once the database is back");
    assert_eq!(verdicts(&nodes, &key.token).await, ["VALID"; 3]);
}
