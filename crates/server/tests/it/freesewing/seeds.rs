//! What the seeds show and promise, as they show it.

use serde_json::{Value, json};

use super::{create, fails, is_json, key, list, read, whoami};
use crate::support::{Cred, DAY, PASSWORD, SECOND, Server};

/// The example of seed 002. It asks for level 2 and shows level 3, a slip.
fn example() -> Value {
    json!({"name": "My first API key", "level": 2, "expiresIn": 3600})
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn create_and_read_answer_as_in_seeds_002_and_003() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let ada_by_key = key(&server, &ada.session(), 4).await.pair();
    for cred in [ada.session(), ada_by_key] {
        let answer = create(&server, &cred, example()).await;
        let created = answer.expect(201);
        is_json(&answer);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.text.starts_with(r#"{"result":"success","apikey":{"key":""#), "in the order of the seed: {}", answer.text);
        assert_eq!(fields(&created), ["apikey", "result"]);
        assert_eq!(created["result"], "success");
        let apikey = &created["apikey"];
        assert_eq!(fields(apikey), ["createdAt", "expiresAt", "key", "level", "name", "secret", "userId"]);
        let (id, secret) = (apikey["key"].as_str().unwrap(), apikey["secret"].as_str().unwrap());
        assert!(uuid::Uuid::parse_str(id).is_ok_and(|uuid| uuid.to_string() == id), "{id}");
        assert!(secret.len() == 64 && secret.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)));
        assert_eq!(apikey["level"], 2);
        assert_eq!(apikey["expiresAt"], "2026-01-01T01:00:00.000Z");
        assert_eq!(apikey["createdAt"], "2026-01-01T00:00:00.000Z");
        assert_eq!(apikey["name"], "My first API key");
        assert_eq!(apikey["userId"], json!(ada.id));

        let mut shown = created.clone();
        shown["apikey"].as_object_mut().unwrap().remove("secret");
        let answer = read(&server, &cred, id).await;
        assert_eq!(answer.expect(200), shown);
        is_json(&answer);
        let listed = list(&server, &cred).await.expect(200);
        assert!(listed["apikeys"].as_array().unwrap().contains(&shown["apikey"]));
        let pair = Cred::Basic(id.to_owned(), secret.to_owned());
        assert_eq!(whoami(&server, &pair).await.expect(200), shown);
    }
}

#[tokio::test]
async fn a_key_expires_after_one_month_unless_asked_otherwise_and_after_one_year_at_most() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    for name in ["Production backend", "GitLab runner", "Local development on my laptop"] {
        let created = create(&server, &ada, json!({"name": name, "level": 0})).await.expect(201);
        assert_eq!(created["apikey"]["name"], name);
        assert_eq!(created["apikey"]["expiresAt"], "2026-01-31T00:00:00.000Z");
    }
    let year = json!({"name": "a year", "level": 0, "expiresIn": 31_536_000});
    assert_eq!(create(&server, &ada, year).await.expect(201)["apikey"]["expiresAt"], "2027-01-01T00:00:00.000Z");
    let longer = json!({"name": "longer", "level": 0, "expiresIn": 31_536_001});
    fails(&create(&server, &ada, longer).await, 400, "expiresInHigherThanMaximum");
}

#[tokio::test]
async fn an_expired_key_stops_working_at_that_moment_and_is_still_shown() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let key = key(&server, &ada, 4).await;
    let shown = read(&server, &ada, &key.id).await.expect(200);
    server.advance(30 * DAY - 1);
    whoami(&server, &key.pair()).await.expect(200);
    server.advance(1);
    fails(&whoami(&server, &key.pair()).await, 403, "authenticationFailed");
    let ada = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    assert_eq!(read(&server, &ada, &key.id).await.expect(200), shown);
    assert_eq!(list(&server, &ada).await.expect(200)["apikeys"], json!([shown["apikey"]]));
    server.advance(SECOND);
    assert_eq!(read(&server, &ada, &key.id).await.expect(200), shown, "the same text every time");
}

#[tokio::test]
async fn a_key_cannot_be_changed() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let key = key(&server, &ada, 4).await;
    let before = read(&server, &ada, &key.id).await.expect(200);
    for method in ["PUT", "PATCH", "POST"] {
        for (segment, cred) in [("jwt", &ada), ("key", &key.pair())] {
            let path = format!("/apikeys/{}/{segment}", key.id);
            let answer = server.ask(method, &path).with(cred).json(&json!({"name": "new", "level": 0, "expiresIn": 60})).send().await;
            fails(&answer, 405, "methodNotAllowed");
            let mut allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed, ["DELETE", "GET", "HEAD"]);
        }
    }
    assert_eq!(read(&server, &ada, &key.id).await.expect(200), before);
}
