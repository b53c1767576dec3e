//! What is done to keys and policies themselves.

use keybearer_core::token::KeyId;
use serde_json::json;

use super::{Held, assert_accepted, assert_refused, assert_touched, last_event};
use crate::support::slow::SlowPost;
use crate::support::{Cred, Made, NOW, Server, made};

async fn revoke(server: &Server, key: &Made, cred: &Cred) {
    server.delete(&format!("/v1/keys/{}", key.id), cred).await.expect(204);
}

#[tokio::test]
async fn a_deleted_key_is_dead_whoever_deletes_it() {
    let server = Server::start().await;
    let (admin, ada) = (server.admin().await, server.person("Ada", "user").await);
    let by_owner = server.account_key(&ada.session(), 4).await;
    let by_admin = server.account_key(&ada.session(), 4).await;
    let by_itself = server.account_key(&ada.session(), 4).await;
    let spared = Held::Account(server.account_key(&ada.session(), 4).await);
    let [by_other_face, by_itself_there] = [server.account_key(&ada.session(), 4).await, server.account_key(&ada.session(), 4).await];
    let of_service = server.service_key("storefront", &[]).await;
    let of_service_there = server.service_key("warehouse", &[]).await;

    revoke(&server, &by_owner, &ada.session()).await;
    revoke(&server, &by_admin, &admin).await;
    revoke(&server, &by_itself, &by_itself.bearer()).await;
    revoke(&server, &of_service, &admin).await;
    server.delete(&format!("/apikeys/{}/jwt", by_other_face.id), &ada.session()).await.expect(204);
    server.delete(&format!("/apikeys/{}/key", by_itself_there.id), &by_itself_there.pair()).await.expect(204);
    server.delete(&format!("/api/v1/api_keys/{}", of_service_there.id), &admin).await.expect(200);
    let event = last_event(&server, &format!("key:{}", by_itself.id)).await;
    assert_eq!((&event["action"], &event["actor"]), (&json!("key.revoked"), &json!(format!("key:{}", by_itself.id))));

    let of_people = [by_owner, by_admin, by_itself, by_other_face, by_itself_there].map(Held::Account);
    let of_services = [of_service, of_service_there].map(Held::Service);
    let dead: Vec<Held> = of_people.into_iter().chain(of_services).collect();
    for key in &dead {
        assert_refused(&server, key, "deleted").await;
    }
    // Its name is free again: what bears it is another key.
    let policy = server.policy("nothing", &[]).await;
    let namesake = Held::Service(server.service_key_with("storefront", &policy).await);
    let server = server.restart().await;
    for key in &dead {
        assert_refused(&server, key, "deleted").await;
    }
    for key in [&spared, &namesake] {
        assert_accepted(&server, key).await;
    }
}

#[tokio::test]
async fn a_deleted_policy_takes_its_keys_along_for_good() {
    policy_deleted(|policy| format!("/v1/policies/{policy}?cascade=true"), 204).await;
}

#[tokio::test]
async fn a_policy_deleted_by_the_catena_face_takes_its_keys_along_too() {
    policy_deleted(|policy| format!("/api/v1/api_keys/policies/{policy}"), 200).await;
}

async fn policy_deleted(path: impl FnOnce(&str) -> String, status: u16) {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["orders.read"]).await;
    let policy = server.policy("reader", &["shop:orders.read"]).await;
    let keys = [server.service_key_with("one", &policy).await, server.service_key_with("two", &policy).await].map(Held::Service);
    let moved = Held::Service(server.service_key_with("three", &policy).await);
    let other = server.policy("other", &[]).await;
    server.patch(&format!("/v1/keys/{}", moved.made().id), &admin, json!({"policy_id": other})).await.expect(200);
    for key in keys.iter().chain([&moved]) {
        assert_accepted(&server, key).await;
    }

    server.delete(&path(&policy), &admin).await.expect(status);
    for key in &keys {
        key.assert_dead_at_once(&server, "the very next request").await;
    }
    for key in &keys {
        assert_refused(&server, key, "policy_deleted").await;
        let change = json!({"policy_id": other});
        server.patch(&format!("/v1/keys/{}", key.made().id), &admin, change).await.problem(404, "key_not_found");
    }
    let event = last_event(&server, &format!("policy:{policy}")).await;
    assert_eq!(event["action"], "policy.deleted");
    assert_touched(&event, keys.iter().map(|key| format!("key:{}", key.made().id)).chain([format!("policy:{policy}")]).collect());

    let again = server.policy("reader", &["shop:orders.read"]).await;
    let fresh = Held::Service(server.service_key_with("one", &again).await);
    let server = server.restart().await;
    for key in &keys {
        assert_refused(&server, key, "policy_deleted").await;
    }
    for key in [&fresh, &moved] {
        assert_accepted(&server, key).await;
    }
}

#[tokio::test]
async fn many_revoked_at_once_are_dead_at_once() {
    let server = Server::start().await;
    let (admin, ada) = (server.admin().await, server.person("Ada", "user").await);
    let mut keys = vec![Held::Service(server.service_key("storefront", &[]).await)];
    for _ in 0..3 {
        keys.push(Held::Account(server.account_key(&ada.session(), 4).await));
    }
    let gone = server.account_key(&ada.session(), 4).await;
    revoke(&server, &gone, &admin).await;

    let unknown = KeyId::new(NOW, &[7; 10]).to_string();
    let mut ids: Vec<&str> = keys.iter().map(|key| &*key.made().id).collect();
    ids.extend([&*gone.id, &*unknown]);
    let answer = server.ask("POST", "/v1/keys/revoke").with(&admin).header("x-request-id", "clean-up").json(&json!({"ids": ids}));
    let results = answer.send().await.expect(200);
    for (place, id) in ids.iter().enumerate() {
        let outcome = if place < keys.len() { "revoked" } else { "not_found" };
        assert_eq!(results["results"][place], json!({"id": id, "outcome": outcome}));
    }
    for key in &keys {
        assert_refused(&server, key, "deleted").await;
        let event = last_event(&server, &format!("key:{}", key.made().id)).await;
        assert_eq!((&event["action"], &event["request_id"]), (&json!("key.revoked"), &json!("clean-up")), "one event each");
    }
    let server = server.restart().await;
    for key in &keys {
        assert_refused(&server, key, "deleted").await;
    }
}

#[tokio::test]
async fn a_key_takes_along_what_it_made_if_asked_to() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = server.policy("maker", &["keybearer:keys.write"]).await;
    let service_key =
        async |name: &str, cred: &Cred| made(&server.post("/v1/keys", cred, json!({"name": name, "policy_id": policy})).await.expect(201));
    let root = server.account_key(&admin, 8).await;
    let child = service_key("child", &root.bearer()).await;
    let grandchild = service_key("grandchild", &child.bearer()).await;
    let sibling = Held::Service(service_key("sibling", &admin).await);
    let heir = server.account_key(&root.pair(), 0).await;

    server.delete(&format!("/v1/keys/{}?descendants=true", root.id), &admin).await.expect(204);
    let dead = [Held::Account(root.clone()), Held::Service(child), Held::Service(grandchild), Held::Account(heir)];
    for key in &dead {
        key.assert_dead_at_once(&server, "the very next request").await;
    }
    for key in &dead {
        assert_refused(&server, key, "deleted").await;
    }
    let event = last_event(&server, &format!("key:{}", root.id)).await;
    assert_eq!(event["after"]["revoked_keys"], 4);
    assert_touched(&event, dead.iter().map(|key| format!("key:{}", key.made().id)).collect());
    let server = server.restart().await;
    for key in &dead {
        assert_refused(&server, key, "deleted").await;
    }
    assert_accepted(&server, &sibling).await;
}

#[tokio::test]
async fn nobody_keeps_a_right_by_sending_slowly() {
    let server = Server::start().await;
    let (admin, ada) = (server.admin().await, server.person("Ada", "user").await);
    let key = server.account_key(&ada.session(), 4).await;
    let body = json!({"name": "an heir", "level": 4});
    let by_key = SlowPost::begin(server.address, "/v1/keys", &key.token, &body).await;
    let by_session = SlowPost::begin(server.address, "/v1/keys", &ada.token, &body).await;
    let by_other = SlowPost::begin(server.address, "/v1/keys", admin_token(&admin), &body).await;
    server.patch(&format!("/v1/accounts/{}", ada.id), &admin, json!({"status": "blocked"})).await.expect(200);
    assert_eq!(by_key.finish().await.0, 401);
    assert_eq!(by_session.finish().await.0, 401);
    assert_eq!(by_other.finish().await.0, 201);
    let keys = server.get(&format!("/v1/keys?owner={}&state=active", ada.id), &admin).await.expect(200);
    assert_eq!(keys["items"], json!([]));
}

fn admin_token(cred: &Cred) -> &str {
    match cred {
        Cred::Bearer(token) => token,
        other => panic!("not a session: {other:?}"),
    }
}
