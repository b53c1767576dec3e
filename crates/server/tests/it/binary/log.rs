//! The log.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::child::Program;
use crate::support::{Cred, PASSWORD, made};

#[tokio::test]
async fn no_secret_reaches_the_log_at_any_level() {
    for level in ["debug", "trace"] {
        let dir = tempfile::tempdir().unwrap();
        let running = Program::on(dir.path()).arg("--log-level", level).arg("--log-format", "json").start().await;
        let link = running.setup_link.clone().unwrap();
        let nonce = link.rsplit('/').next().unwrap().to_owned();
        let form = format!("username=admin&password={}", PASSWORD.replace(' ', "+"));
        let path = format!("/setup/{nonce}");
        running.get(&path, &Cred::None).await;
        assert_eq!(running.ask("POST", &path).body("application/x-www-form-urlencoded", form.clone()).send().await.status, 201);

        let admin = running.admin().await;
        let Cred::Bearer(session) = &admin else { panic!("a session") };
        let key = made(&running.post("/v1/keys", &admin, json!({"name": "a key", "level": 4})).await.expect(201));
        let wrong = "a password that nobody has";
        running.post("/v1/sessions", &Cred::None, json!({"username": "admin", "password": wrong})).await.expect(401);
        for cred in [key.bearer(), key.pair(), Cred::XApiKey(key.token.clone()), key.catena(), Cred::CatenaSession(session.clone())] {
            running.get("/v1/whoami", &cred).await;
        }
        // Where no key belongs: in a body of another shape, in a path, in a query, in a header of another kind.
        running.post("/v1/verify", &admin, json!({"key": key.token})).await.expect(200);
        running.post("/v1/verify", &admin, json!({"kye": key.token, "level": key.secret})).await.expect(400);
        running.get(&format!("/v1/keys/{}", key.token), &admin).await.problem(400, "key_in_url");
        running.get(&format!("/v1/keys?name={}", key.token), &admin).await.problem(400, "key_in_url");
        running.get(&format!("/nowhere/{}", key.secret), &admin).await.expect(404);
        running.ask("GET", "/v1/whoami").header("authorization", format!("Token {}", key.token)).send().await.expect(401);
        running.ask("GET", "/v1/whoami").with(&key.bearer()).header("x-request-id", format!("{} ", key.token)).send().await;
        running.post("/v1/accounts", &admin, json!({"username": "Ada", "password": wrong, "role": "none"})).await.expect(422);

        let keyring: Value = serde_json::from_slice(&std::fs::read(dir.path().join("keyring.json")).unwrap()).unwrap();
        let ended = running.stop().await;
        assert!(ended.status.success());
        let log = ended.errors;
        assert!(log.lines().count() > 20, "requests are logged: {log}");
        assert!(log.contains("/v1/whoami") && log.contains("/setup/{nonce}"), "by the template of their route");
        for line in log.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        let basic = BASE64_STANDARD.encode(format!("{}:{}", key.id, key.secret));
        let (pepper, jwt_key) = (keyring["peppers"]["1"].as_str().unwrap(), keyring["jwt_key"].as_str().unwrap());
        let secrets =
            [&key.token, &key.secret, &key.token[key.token.len() - 50..], &basic, session, PASSWORD, wrong, &form, &nonce, pepper, jwt_key];
        for (place, secret) in secrets.iter().enumerate() {
            let found = log.lines().find(|line| line.contains(*secret));
            assert_eq!(found, None, "secret {place} in the log at level {level}");
        }
    }
}
