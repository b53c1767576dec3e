//! 64 creators against one change that ends all that they make, 200 rounds each: no live key is left behind.

use std::pin::Pin;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Ask, Made, PASSWORD, Server, made};

const ROUNDS: usize = 200;
const CREATORS: usize = 64;
/// In every so many rounds the holder takes part by session. The others do without: each sign-in costs two password hashes.
const WITH_HOLDER: usize = 20;

/// In how many rounds some creators came before the change, and some after it.
#[derive(Default)]
struct Overlap(usize);

impl Overlap {
    fn count(&mut self, answers: &[Answer]) {
        let before = answers.iter().filter_map(created).count();
        self.0 += usize::from(before > 0 && before < answers.len());
    }

    /// Otherwise there would have been no race, and nothing shown.
    fn assert_real(&self) {
        println!("the change fell among the creators in {} rounds of {ROUNDS}", self.0);
        assert!(self.0 >= ROUNDS / 2, "only in {} rounds", self.0);
    }
}

/// The key that an answer of whatever face tells of, as it is verified.
fn created(answer: &Answer) -> Option<String> {
    if !answer.status.is_success() {
        return None;
    }
    let body = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some(match (body.get("apikey"), body.get("apiKey")) {
        (Some(pair), _) => format!("{}:{}", text(&pair["key"]), text(&pair["secret"])),
        (_, Some(key)) => text(&key["key"]),
        _ => text(&body["token"]),
    })
}

/// The status, and the code in the words of the face.
fn refused(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let code = body.get("error").unwrap_or(&body["code"]);
    (answer.status.as_u16(), code.as_str().map_or_else(|| code.to_string(), ToOwned::to_owned))
}

/// Sends all creators and, among them, the change. Returns the creators' answers and that to the change, once all have come.
async fn race(round: usize, creators: Vec<Ask>, change: Ask) -> (Vec<Answer>, Answer) {
    // Early, in the midst, late: never first, never last.
    let place = 4 + round * 7 % (creators.len() - 8);
    let mut asks: Vec<Pin<Box<dyn Future<Output = Answer> + Send>>> = Vec::with_capacity(creators.len() + 1);
    asks.extend(creators.into_iter().map(|ask| Box::pin(ask.send()) as _));
    asks.insert(place, Box::pin(change.send()));
    let mut answers = join_all(asks).await;
    let change = answers.remove(place);
    (answers, change)
}

/// All keys of these answers are dead, and so is all that the list of active keys could show.
async fn assert_no_life(server: &Server, before: &[Made], answers: &[Answer], refusals: &[(u16, &str)], list: &str, reason: &str) {
    let admin = server.admin().await;
    let mut tokens: Vec<String> = before.iter().map(|key| key.token.clone()).collect();
    for answer in answers {
        if let Some(token) = created(answer) {
            tokens.push(token);
            continue;
        }
        let (status, code) = refused(answer);
        assert!(refusals.contains(&(status, &*code)), "{}: {}", answer.what, answer.text);
    }
    let items: Vec<Value> = tokens.iter().map(|token| json!({"key": token})).collect();
    let batch = server.post("/v1/verify/batch", &admin, json!({"items": items})).await.expect(200);
    for verdict in batch["results"].as_array().unwrap() {
        assert_eq!(verdict["code"], "REVOKED", "{verdict}");
    }
    let active = server.get(&format!("/v1/keys?{list}&state=active"), &admin).await.expect(200);
    assert_eq!(active["items"], json!([]));
    let revoked = server.get(&format!("/v1/keys?{list}&state=revoked&limit=200"), &admin).await.expect(200);
    let revoked = revoked["items"].as_array().unwrap();
    assert_eq!(revoked.len(), tokens.len());
    assert!(revoked.iter().all(|key| key["reason"] == reason));
}

/// What ends all keys of an account here, and gives none of them a reason to be refused later but by itself.
struct AccountChange {
    body: Value,
    undo: Value,
    reason: &'static str,
}

/// The owner's sessions, keys and administrators all make keys of level 5, above the role after a downgrade.
async fn creators_against(change: AccountChange, by_holder: bool) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let refusals = [
        (401, "credential_revoked"),
        (401, "credential_invalid"),
        (403, "level_exceeded"),
        (409, "owner_unfit"),
        (403, "authenticationFailed"),
    ];
    let mut overlap = Overlap::default();
    for round in 0..ROUNDS {
        let with_holder = round % WITH_HOLDER == 0;
        let (id, session) = if with_holder {
            let person = server.person(&format!("person {round}"), "bughunter").await;
            (person.id, Some(person.session()))
        } else {
            let body = json!({"username": format!("person {round}"), "role": "bughunter"});
            (server.post("/v1/accounts", &admin, body).await.expect(201)["id"].as_i64().unwrap(), None)
        };
        let gift = json!({"name": "a gift", "level": 5, "owner": id});
        let first = made(&server.post("/v1/keys", &admin, gift.clone()).await.expect(201));
        let creators = (0..CREATORS)
            .map(|number| {
                let own = json!({"name": format!("key {number}"), "level": 5});
                let (path, cred, body) = match (number % 4, &session) {
                    (0, Some(session)) if number % 8 == 0 => ("/apikeys/jwt", session.clone(), own),
                    (0, Some(session)) => ("/v1/keys", session.clone(), own),
                    (1, _) => ("/v1/keys", first.bearer(), own),
                    (2, _) => ("/apikeys/key", first.pair(), own),
                    _ => ("/v1/keys", admin.clone(), gift.clone()),
                };
                server.ask("POST", path).with(&cred).json(&body)
            })
            .collect();
        let path = format!("/v1/accounts/{id}");
        let author = session.as_ref().filter(|_| by_holder).unwrap_or(&admin);
        let (answers, changed) = race(round, creators, server.ask("PATCH", &path).with(author).json(&change.body)).await;
        // Each that was made was there to be revoked: a creator after the change makes none.
        assert_eq!(changed.expect(200)["revoked_keys"], answers.iter().filter_map(created).count() + 1);
        overlap.count(&answers);
        let list = format!("owner={id}");
        assert_no_life(&server, std::slice::from_ref(&first), &answers, &refusals, &list, change.reason).await;
        if with_holder {
            // Nor is one alive once the account may have keys again.
            server.patch(&path, &admin, change.undo.clone()).await.expect(200);
            assert_no_life(&server, std::slice::from_ref(&first), &answers, &refusals, &list, change.reason).await;
            server.sign_in(&format!("person {round}"), PASSWORD).await;
        }
    }
    overlap.assert_real();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creators_against_a_lower_role() {
    let change = AccountChange { body: json!({"role": "user"}), undo: json!({"role": "bughunter"}), reason: "role_downgraded" };
    creators_against(change, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creators_against_a_block() {
    let change = AccountChange { body: json!({"status": "blocked"}), undo: json!({"status": "active"}), reason: "account_blocked" };
    creators_against(change, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creators_against_a_withdrawal_of_consent() {
    let change = AccountChange { body: json!({"consent": false}), undo: json!({"consent": true}), reason: "consent_revoked" };
    creators_against(change, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creators_against_the_deletion_of_the_policy() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["orders.read"]).await;
    let clerk = server.service_key("clerk", &["keybearer:keys.write", "shop:orders.read"]).await;
    let elsewhere = server.policy("elsewhere", &[]).await;
    let mut overlap = Overlap::default();
    for round in 0..ROUNDS {
        let policy = server.policy(&format!("policy {round}"), &["shop:orders.read"]).await;
        let first = server.service_key_with(&format!("first {round}"), &policy).await;
        let creators = (0..CREATORS)
            .map(|number| {
                let body = json!({"name": format!("key {round}.{number}"), "policy_id": policy});
                let (path, cred) = match number % 4 {
                    0 => ("/v1/keys", admin.clone()),
                    1 => ("/v1/keys", clerk.bearer()),
                    2 => ("/api/v1/api_keys", admin.clone()),
                    _ => ("/api/v1/api_keys", clerk.catena()),
                };
                server.ask("POST", path).with(&cred).json(&body)
            })
            .collect();
        let deletion = server.ask("DELETE", &format!("/v1/policies/{policy}?cascade=true")).with(&admin);
        let (answers, deleted) = race(round, creators, deletion).await;
        deleted.expect(204);
        overlap.count(&answers);
        let list = format!("policy={policy}");
        assert_no_life(&server, std::slice::from_ref(&first), &answers, &[(422, "invalid"), (400, "3")], &list, "policy_deleted").await;
    }
    overlap.assert_real();
    let spared = server.service_key_with("spared", &elsewhere).await;
    assert_eq!(server.verdict(&spared.token).await, "VALID");
}

/// Keys that are pointed at the policy while it is deleted end with it, or keep the policy that they had.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn re_pointing_against_the_deletion_of_the_policy() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let before = server.policy("before", &[]).await;
    let mut keys = Vec::new();
    let (mut stayed, mut ended) = (0, 0);
    for round in 0..20 {
        let policy = server.policy(&format!("policy {round}"), &[]).await;
        while keys.len() < 16 {
            let number = round * 100 + keys.len();
            keys.push(server.service_key_with(&format!("key {number}"), &before).await);
        }
        let point = |key: &Made| server.ask("PATCH", &format!("/v1/keys/{}", key.id)).with(&admin).json(&json!({"policy_id": policy}));
        let deletion = server.ask("DELETE", &format!("/v1/policies/{policy}?cascade=true")).with(&admin);
        let (answers, deleted) = race(round, keys.iter().map(point).collect(), deletion).await;
        deleted.expect(204);
        for (key, answer) in std::mem::take(&mut keys).into_iter().zip(answers) {
            if answer.status == 200 {
                assert_eq!(server.verdict(&key.token).await, "REVOKED");
                ended += 1;
            } else {
                answer.problem(422, "invalid");
                assert_eq!(server.verdict(&key.token).await, "VALID");
                stayed += 1;
                keys.push(key);
            }
        }
    }
    assert!(stayed > 0 && ended > 0, "stayed {stayed}, ended {ended}");
}
