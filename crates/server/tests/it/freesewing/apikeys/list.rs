//! `GET /apikeys/{jwt|key}`.

use serde_json::json;

use crate::freesewing::{create, delete, is_json, key, list, listed, read};
use crate::support::Server;

#[tokio::test]
async fn a_list_has_ones_own_keys_and_nobody_elses() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (ada, bob) = (server.person("Ada", "user").await.session(), server.person("Bob", "user").await.session());
    let answer = list(&server, &ada).await;
    assert_eq!(answer.expect(200), json!({"result": "success", "apikeys": []}));
    is_json(&answer);
    let first = key(&server, &ada, 4).await;
    server.advance(1);
    let second = key(&server, &ada, 1).await;
    let of_bob = key(&server, &bob, 4).await;
    let of_admin = key(&server, &admin, 8).await;
    server.service_key("storefront", &[]).await;

    for cred in [&ada, &first.pair()] {
        assert_eq!(listed(&server, cred).await, [second.id.clone(), first.id.clone()], "newest first");
    }
    for cred in [&bob, &of_bob.pair()] {
        assert_eq!(listed(&server, cred).await, [of_bob.id.as_str()]);
    }
    for cred in [&admin, &of_admin.pair()] {
        assert_eq!(listed(&server, cred).await, [of_admin.id.as_str()], "level 8 lists its own too");
    }
}

#[tokio::test]
async fn expired_keys_are_listed_and_revoked_ones_are_not() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let short = create(&server, &ada, json!({"name": "short", "level": 1, "expiresIn": 60})).await.expect(201);
    let short = short["apikey"]["key"].as_str().unwrap().to_owned();
    let gone = key(&server, &ada, 1).await;
    delete(&server, &ada, &gone.id).await.expect(204);
    server.advance(60_000);
    assert_eq!(listed(&server, &ada).await, [short.as_str()]);
    delete(&server, &ada, &short).await.expect(204);
    assert!(listed(&server, &ada).await.is_empty());
}

#[tokio::test]
async fn each_key_of_a_list_is_as_it_is_read() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    for level in 0..=4 {
        key(&server, &ada, level).await;
    }
    let body = list(&server, &ada).await.expect(200);
    for apikey in body["apikeys"].as_array().unwrap() {
        let one = read(&server, &ada, apikey["key"].as_str().unwrap()).await.expect(200);
        assert_eq!(&one["apikey"], apikey);
        assert!(apikey.get("secret").is_none());
    }
}
