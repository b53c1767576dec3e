//! `POST /apikeys/{jwt|key}`.

use serde_json::{Value, json};

use crate::freesewing::{create, delete, fails, key, list, listed};
use crate::support::{DAY, Server};

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_in_a_fixed_order() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let revision = server.app.index.revision();
    let name = |name: Value| json!({"name": name, "level": "x", "expiresIn": "y"});
    let level = |level: Value| json!({"name": "n", "level": level, "expiresIn": "y"});
    let expires = |expires: Value| json!({"name": "n", "level": 8, "expiresIn": expires});
    let rows = [
        (json!({}), "postBodyMissing"),
        (json!({"level": "x", "expiresIn": "y"}), "nameMissing"),
        (json!({"unknown": 1}), "nameMissing"),
        (name(Value::Null), "nameMissing"),
        (name(json!("")), "nameMissing"),
        (name(json!(12)), "nameInvalid"),
        (name(json!(false)), "nameInvalid"),
        (name(json!({"a": 1})), "nameInvalid"),
        (name(json!(" \u{3000}\t")), "nameInvalid"),
        (name(json!("  ")), "nameInvalid"),
        (name(json!("a\nb")), "nameInvalid"),
        (name(json!("a\0b")), "nameInvalid"),
        (name(json!("a".repeat(201))), "nameInvalid"),
        (json!({"name": "n", "expiresIn": "y"}), "levelMissing"),
        (level(Value::Null), "levelMissing"),
        (level(json!("3")), "levelNotNumeric"),
        (level(json!("")), "levelNotNumeric"),
        (level(json!(true)), "levelNotNumeric"),
        (level(json!([3])), "levelNotNumeric"),
        (level(json!(-1)), "invalidLevel"),
        (level(json!(9)), "invalidLevel"),
        (level(json!(2.5)), "invalidLevel"),
        (level(json!(-0.5)), "invalidLevel"),
        (level(json!(1e300)), "invalidLevel"),
        (level(json!(u64::MAX)), "invalidLevel"),
        (expires(json!("60")), "expiresInNotNumeric"),
        (expires(json!("")), "expiresInNotNumeric"),
        (expires(json!(false)), "expiresInNotNumeric"),
        (expires(json!({})), "expiresInNotNumeric"),
        (expires(json!(0)), "expiresInNotPositive"),
        (expires(json!(-1)), "expiresInNotPositive"),
        (expires(json!(0.0009)), "expiresInNotPositive"),
        (expires(json!(i64::MIN)), "expiresInNotPositive"),
        (expires(json!(-1e300)), "expiresInNotPositive"),
        (expires(json!(31_536_000.001)), "expiresInHigherThanMaximum"),
        (expires(json!(1e15)), "expiresInHigherThanMaximum"),
        (expires(json!(1_000_000_000_000_000_i64)), "expiresInHigherThanMaximum"),
        (expires(json!(u64::MAX)), "expiresInHigherThanMaximum"),
        (expires(json!(1e300)), "expiresInHigherThanMaximum"),
    ];
    for (body, code) in rows {
        let answer = create(&server, &ada, body.clone()).await;
        assert_eq!(answer.json(), json!({"result": "error", "error": code}), "{body}");
        fails(&answer, 400, code);
    }
    let empty = server.ask("POST", "/apikeys/jwt").with(&ada).send().await;
    fails(&empty, 400, "postBodyMissing");
    fails(&create(&server, &ada, json!({"name": "n", "level": 5})).await, 403, "keyLevelExceedsRoleLevel");
    assert_eq!(list(&server, &ada).await.expect(200), json!({"result": "success", "apikeys": []}));
    assert_eq!(server.app.index.revision(), revision, "nothing was written");
}

#[tokio::test]
async fn what_is_unusual_but_right_is_accepted() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let rows = [
        (json!({"name": "n", "level": 0, "expiresIn": 60}), 0, "2026-01-01T00:01:00.000Z"),
        (json!({"name": "n", "level": 3.0, "expiresIn": 60.0}), 3, "2026-01-01T00:01:00.000Z"),
        (json!({"name": "n", "level": 0, "expiresIn": null}), 0, "2026-01-31T00:00:00.000Z"),
        (json!({"name": "n", "level": 1, "expiresIn": 1.5}), 1, "2026-01-01T00:00:01.500Z"),
        (json!({"name": "n", "level": 1, "expiresIn": 0.0019}), 1, "2026-01-01T00:00:00.001Z"),
        (json!({"name": "n", "level": 1, "expiresIn": 31_536_000.000_5}), 1, "2027-01-01T00:00:00.000Z"),
        (json!({"name": "n", "level": 4, "expiresIn": 60, "userId": 1, "secret": "mine", "createdAt": 0}), 4, "2026-01-01T00:01:00.000Z"),
        (json!({"name": "𝔞".repeat(200), "level": 4, "expiresIn": 60}), 4, "2026-01-01T00:01:00.000Z"),
    ];
    for (body, level, expires) in rows {
        let created = create(&server, &ada, body.clone()).await.expect(201);
        let apikey = &created["apikey"];
        assert_eq!((&apikey["level"], &apikey["expiresAt"]), (&json!(level), &json!(expires)), "{body}");
        assert_eq!(apikey["name"], body["name"]);
    }
}

#[tokio::test]
async fn two_keys_may_have_one_name() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    for name in ["backup", "backup", "BACKUP", "ｂackup"] {
        create(&server, &ada, json!({"name": name, "level": 1})).await.expect(201);
    }
    assert_eq!(listed(&server, &ada).await.len(), 4);
}

#[tokio::test]
async fn an_account_has_so_many_live_keys_and_no_more() {
    let server = Server::start_with(|config| config.keys.max_per_account = 3).await;
    let ada = server.person("Ada", "user").await.session();
    let first = key(&server, &ada, 4).await;
    key(&server, &ada, 1).await;
    create(&server, &ada, json!({"name": "short", "level": 1, "expiresIn": 60})).await.expect(201);
    let another = json!({"name": "another", "level": 4});
    for cred in [&ada, &first.pair()] {
        fails(&create(&server, cred, another.clone()).await, 409, "tooManyKeys");
        fails(&create(&server, cred, json!({"name": "another", "level": 5})).await, 403, "keyLevelExceedsRoleLevel");
    }
    server.advance(60_000);
    let second = create(&server, &ada, another.clone()).await.expect(201);
    fails(&create(&server, &ada, another.clone()).await, 409, "tooManyKeys");
    delete(&server, &ada, second["apikey"]["key"].as_str().unwrap()).await.expect(204);
    create(&server, &ada, another).await.expect(201);
}

#[tokio::test]
async fn the_lifetime_is_as_the_operator_set_it() {
    let server = Server::start_with(|config| {
        config.keys.default_lifetime = 2 * DAY;
        config.keys.max_lifetime = 3 * DAY;
    })
    .await;
    let ada = server.person("Ada", "user").await.session();
    let created = create(&server, &ada, json!({"name": "n", "level": 0})).await.expect(201);
    assert_eq!(created["apikey"]["expiresAt"], "2026-01-03T00:00:00.000Z");
    fails(&create(&server, &ada, json!({"name": "n", "level": 0, "expiresIn": 259_201})).await, 400, "expiresInHigherThanMaximum");
}
