//! `/v1/keys`: limits, lists, and revoking what a key made.

use serde_json::{Value, json};

use crate::support::{Cred, DAY, PASSWORD, SECOND, Server, made};

async fn ids(server: &Server, path: &str, cred: &Cred) -> Vec<String> {
    let list = server.get(path, cred).await.expect(200);
    list["items"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn no_key_is_above_its_owner_or_its_maker() {
    let server = Server::start().await;
    let root = server.person("root", "admin").await;
    let ada = server.person("Ada", "user").await;
    let key = |level: u8| json!({"name": "a", "level": level});
    server.post("/v1/keys", &ada.session(), key(5)).await.problem(403, "level_exceeded");
    let five = server.account_key(&root.session(), 5).await;
    server.post("/v1/keys", &five.bearer(), key(6)).await.problem(403, "level_exceeded");
    server.post("/v1/keys", &five.bearer(), key(5)).await.expect(201);
    let three = server.account_key(&root.session(), 3).await;
    server.post("/v1/keys", &three.bearer(), key(0)).await.problem(403, "insufficient_level");
    // Another's key is bounded by the other's level, too.
    server.post("/v1/keys", &root.session(), json!({"name": "a", "level": 5, "owner": ada.id})).await.problem(403, "level_exceeded");
    server.post("/v1/keys", &five.bearer(), json!({"name": "a", "level": 1, "owner": ada.id})).await.problem(403, "insufficient_level");
}

#[tokio::test]
async fn a_service_key_gives_only_what_it_has() {
    let server = Server::start().await;
    server.declare("shop", &["read", "write"]).await;
    let maker = ["keybearer:keys.write", "keybearer:policies.write", "shop:read"];
    let key = server.service_key("maker", &maker).await.bearer();
    let (within, beyond) = (server.policy("within", &["shop:read"]).await, server.policy("beyond", &["shop:read", "shop:write"]).await);
    let body = |policy: &str, name: &str| json!({"name": name, "policy_id": policy});
    let child = made(&server.post("/v1/keys", &key, body(&within, "child")).await.expect(201));
    let refused = server.post("/v1/keys", &key, body(&beyond, "too much")).await.problem(403, "permissions_exceeded");
    assert!(refused["detail"].as_str().unwrap().ends_with("shop:write."), "{refused}");
    server.patch(&format!("/v1/keys/{}", child.id), &key, json!({"policy_id": beyond})).await.problem(403, "permissions_exceeded");
    server.post("/v1/policies", &key, json!({"name": "p", "permissions": ["shop:write"]})).await.problem(403, "permissions_exceeded");
    let put = |permissions: Value| json!({"name": "within", "permissions": permissions});
    server.put(&format!("/v1/policies/{within}"), &key, put(json!(["shop:write"]))).await.problem(403, "permissions_exceeded");
    server.put(&format!("/v1/policies/{beyond}"), &key, put(json!([]))).await.problem(403, "permissions_exceeded");
    server.delete(&format!("/v1/policies/{beyond}"), &key).await.problem(403, "permissions_exceeded");
    let service = json!({"name": "bound", "policy_id": within, "service": "shop"});
    server.post("/v1/keys", &key, service).await.problem(403, "foreign_service");
    let strong = server.service_key_with("strong", &beyond).await;
    server.delete(&format!("/v1/keys/{}", strong.id), &key).await.problem(403, "permissions_exceeded");
    server.delete(&format!("/v1/keys/{}", child.id), &key).await.expect(204);
}

#[tokio::test]
async fn an_account_has_so_many_live_keys() {
    let server = Server::start_with(|config| config.keys.max_per_account = 2).await;
    let ada = server.person("Ada", "user").await;
    let short = json!({"name": "short", "level": 1, "expires_in": 1});
    server.post("/v1/keys", &ada.session(), short).await.expect(201);
    let second = server.account_key(&ada.session(), 1).await;
    let body = json!({"name": "third", "level": 1});
    server.post("/v1/keys", &ada.session(), body.clone()).await.problem(409, "too_many_keys");
    server.advance(SECOND);
    server.post("/v1/keys", &ada.session(), body.clone()).await.expect(201);
    server.post("/v1/keys", &ada.session(), body.clone()).await.problem(409, "too_many_keys");
    server.delete(&format!("/v1/keys/{}", second.id), &ada.session()).await.expect(204);
    server.post("/v1/keys", &ada.session(), body).await.expect(201);
}

#[tokio::test]
async fn account_keys_are_immutable_and_expire() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let key = server.account_key(&ada.session(), 4).await;
    server.patch(&format!("/v1/keys/{}", key.id), &ada.session(), json!({"name": "new"})).await.problem(409, "immutable");
    server.patch(&format!("/v1/keys/{}", key.id), &server.admin().await, json!({"name": "new"})).await.problem(409, "immutable");
    server.advance(30 * DAY - 1);
    server.get("/v1/whoami", &key.bearer()).await.expect(200);
    server.advance(1);
    server.get("/v1/whoami", &key.bearer()).await.problem(401, "credential_expired");
    let admin = Cred::Bearer(server.sign_in("admin", PASSWORD).await);
    assert_eq!(server.post("/v1/verify", &admin, json!({"key": key.token})).await.expect(200)["code"], "EXPIRED");
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let eve = server.person("Eve", "user").await;
    let mut keys = Vec::new();
    for (name, seconds) in [("delta", 400), ("Alpha", 300), ("charlie", 200), ("Bravo", 100)] {
        server.advance(1);
        let body = json!({"name": name, "level": 1, "expires_in": seconds});
        keys.push(made(&server.post("/v1/keys", &ada.session(), body).await.expect(201)));
    }
    server.account_key(&eve.session(), 1).await;
    let [delta, alpha, charlie, bravo] = [0, 1, 2, 3].map(|place: usize| keys[place].id.clone());
    let me = ada.session();
    assert_eq!(ids(&server, "/v1/keys", &me).await, [&bravo, &charlie, &alpha, &delta].map(Clone::clone));
    assert_eq!(ids(&server, "/v1/keys?sort=name", &me).await, [&alpha, &bravo, &charlie, &delta].map(Clone::clone));
    assert_eq!(ids(&server, "/v1/keys?sort=-expires_at", &me).await, [&delta, &alpha, &charlie, &bravo].map(Clone::clone));
    assert_eq!(ids(&server, "/v1/keys?name=ALPH", &me).await, [alpha.as_str()]);
    assert_eq!(ids(&server, "/v1/keys?kind=service", &me).await, Vec::<String>::new());
    assert_eq!(ids(&server, &format!("/v1/keys?owner={}", eve.id), &me).await, Vec::<String>::new());
    assert_eq!(ids(&server, &format!("/v1/keys?owner={}", eve.id), &server.admin().await).await.len(), 1);
    assert_eq!(ids(&server, "/v1/keys", &server.admin().await).await.len(), 5);

    server.get("/v1/whoami", &keys[2].bearer()).await.expect(200);
    server.delete(&format!("/v1/keys/{alpha}"), &me).await.expect(204);
    server.advance(150 * SECOND);
    assert_eq!(ids(&server, "/v1/keys?state=expired", &me).await, [bravo.as_str()]);
    assert_eq!(ids(&server, "/v1/keys?state=revoked", &me).await, [alpha.as_str()]);
    assert_eq!(ids(&server, "/v1/keys?state=active&sort=created_at", &me).await, [delta.clone(), charlie.clone()]);
    assert_eq!(ids(&server, "/v1/keys?expires_before=2026-01-01T00:03:30Z&sort=name", &me).await, [bravo.clone(), charlie.clone()]);

    let first = server.get("/v1/keys?sort=name&limit=3", &me).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ids(&server, &format!("/v1/keys?sort=name&limit=3&cursor={cursor}"), &me).await;
    assert_eq!((first["items"].as_array().unwrap().len(), second), (3, vec![delta]));
    server.get(&format!("/v1/keys?sort=created_at&cursor={cursor}"), &me).await.problem(400, "malformed");
}

#[tokio::test]
async fn revoking_a_key_with_what_it_made() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let root = server.account_key(&ada.session(), 4).await;
    let child = server.account_key(&root.bearer(), 4).await;
    let grandchild = server.account_key(&child.bearer(), 4).await;
    let other = server.account_key(&ada.session(), 4).await;
    server.delete(&format!("/v1/keys/{}", root.id), &ada.session()).await.expect(204);
    server.get("/v1/whoami", &grandchild.bearer()).await.expect(200);
    // The key itself is dead already, what it made is not.
    server.delete(&format!("/v1/keys/{}?descendants=true", root.id), &ada.session()).await.expect(204);
    for key in [&root, &child, &grandchild] {
        server.get("/v1/whoami", &key.bearer()).await.problem(401, "credential_revoked");
    }
    server.get("/v1/whoami", &other.bearer()).await.expect(200);
    server.delete(&format!("/v1/keys/{}?descendants=true", root.id), &ada.session()).await.problem(404, "key_not_found");
}

#[tokio::test]
async fn revoking_many_answers_for_each() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let (one, two) = (server.account_key(&ada.session(), 4).await, server.account_key(&ada.session(), 4).await);
    let unknown = uuid::Uuid::nil().to_string();
    let body = json!({"ids": [one.id, unknown, two.id, one.id]});
    let results = server.post("/v1/keys/revoke", &ada.session(), body).await.expect(200);
    let outcomes: Vec<&str> = results["results"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["revoked", "not_found", "revoked", "not_found"]);
    let events = server.get("/v1/events?action=key.revoked", &server.admin().await).await.expect(200);
    assert_eq!(events["items"].as_array().unwrap().len(), 2);
    server.post("/v1/keys/revoke", &ada.session(), json!({"ids": []})).await.problem(422, "invalid");
    server.post("/v1/keys/revoke", &ada.session(), json!({"ids": vec![unknown; 201]})).await.problem(422, "invalid");
}
