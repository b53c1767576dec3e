//! Two who want the same: one gets it.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Ask, Cred, PASSWORD, Server};

/// How many ask at once.
const RIVALS: usize = 16;

/// How many answers of each status there are.
fn count(answers: &[Answer]) -> HashMap<u16, usize> {
    answers.iter().fold(HashMap::new(), |mut counts, answer| {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
        counts
    })
}

/// Spellings that differ, and are one name.
fn spelling(number: usize, round: usize) -> String {
    match number % 4 {
        0 => format!("store {round}"),
        1 => format!("STORE {round}"),
        2 => format!("  Store {round} "),
        _ => format!("ｓｔｏｒｅ {round}"),
    }
}

/// Asks for the same name in many spellings at once. Returns the one that was made.
async fn one_of(server: &Server, round: usize, path: &str, body: impl Fn(String) -> Value) -> Value {
    let admin = server.admin().await;
    let ask = |number| server.ask("POST", path).with(&admin).json(&body(spelling(number, round))).send();
    let answers = join_all((0..RIVALS).map(ask)).await;
    assert_eq!(count(&answers), HashMap::from([(201, 1), (409, RIVALS - 1)]), "{path}");
    for answer in answers.iter().filter(|answer| answer.status == 409) {
        answer.problem(409, "name_taken");
    }
    answers.iter().find(|answer| answer.status == 201).unwrap().json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_given_once() {
    let server = Server::start().await;
    for round in 0..20 {
        one_of(&server, round, "/v1/accounts", |username| json!({"username": username})).await;
        let policy = one_of(&server, round, "/v1/policies", |name| json!({"name": name, "permissions": []})).await;
        one_of(&server, round, "/v1/keys", |name| json!({"name": name, "policy_id": policy["id"]})).await;
    }
    let stats = server.get("/v1/stats", &server.admin().await).await.expect(200);
    assert_eq!((&stats["accounts_active"], &stats["policies"]), (&json!(21), &json!(20)));
    assert_eq!(stats["service_keys"]["active"], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_never_has_more_keys_than_it_may() {
    let server = Server::start_with(|config| config.keys.max_per_account = 5).await;
    let admin = server.admin().await;
    for round in 0..20 {
        let account = server.post("/v1/accounts", &admin, json!({"username": format!("person {round}")})).await.expect(201);
        let body = json!({"name": "a key", "level": 1, "owner": account["id"]});
        let answers = join_all((0..RIVALS).map(|_| server.post("/v1/keys", &admin, body.clone()))).await;
        assert_eq!(count(&answers), HashMap::from([(201, 5), (409, RIVALS - 5)]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_revoked_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for _ in 0..20 {
        let key = server.account_key(&admin, 4).await;
        let path = format!("/v1/keys/{}", key.id);
        let answers = join_all((0..RIVALS).map(|_| server.delete(&path, &admin))).await;
        assert_eq!(count(&answers), HashMap::from([(204, 1), (404, RIVALS - 1)]));
        let events = server.get(&format!("/v1/events?target=key:{}&action=key.revoked", key.id), &admin).await.expect(200);
        assert_eq!(events["items"].as_array().unwrap().len(), 1);
    }
}

/// Of two administrators who end each other at once, one stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_administrator_stays() {
    let server = Server::start().await;
    let one = server.person("one", "admin").await;
    let mut other = server.person("other", "admin").await;
    server.delete("/v1/accounts/1", &one.session()).await.expect(204);
    let change = |of: i64, by: &Cred| server.ask("PATCH", &format!("/v1/accounts/{of}")).with(by).json(&json!({"role": "user"}));
    let mut one = one;
    for round in 0..10 {
        let (first, second) = (change(other.id, &one.session()), change(one.id, &other.session()));
        let send = |ask: Ask| ask.send();
        let (first, second) = if round % 2 == 0 {
            tokio::join!(send(first), send(second))
        } else {
            let (second, first) = tokio::join!(send(second), send(first));
            (first, second)
        };
        let counts = count(&[first, second]);
        assert_eq!(counts[&200], 1, "{counts:?}");
        if server.get("/v1/whoami", &one.session()).await.status != 200 {
            std::mem::swap(&mut one, &mut other);
        }
        server.patch(&format!("/v1/accounts/{}", other.id), &one.session(), json!({"role": "admin"})).await.expect(200);
        other.token = server.sign_in(&other.username, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_follow_the_setup_link_one_becomes_the_administrator() {
    for round in 0..10 {
        let server = Server::start_bare(|_| {}).await;
        let path = setup_path(&server);
        let fill = |username: &str| {
            let form = format!("username={username}&password={}", PASSWORD.replace(' ', "+"));
            server.ask("POST", &path).body("application/x-www-form-urlencoded", form).send()
        };
        let (ada, grace) = tokio::join!(fill("ada"), fill("grace"));
        let counts = count(&[ada, grace]);
        assert_eq!(counts, HashMap::from([(201, 1), (410, 1)]), "round {round}");
        let mut signed_in = 0;
        for username in ["ada", "grace"] {
            let body = json!({"username": username, "password": PASSWORD});
            let answer = server.post("/v1/sessions", &Cred::None, body).await;
            signed_in += usize::from(answer.status == 201);
        }
        assert_eq!(signed_in, 1);
        assert_eq!(fill("third").await.status, 410);
    }
}

fn setup_path(server: &Server) -> String {
    let link = server.setup_link.as_deref().unwrap();
    link.strip_prefix(&server.url("")).unwrap().to_owned()
}
