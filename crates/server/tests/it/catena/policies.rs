//! `/api/v1/api_keys/policies`.

use serde_json::json;

use super::{NOBODY, POLICIES, ROOT, create_key, create_policy, names, refusal, text};
use crate::support::Server;

#[tokio::test]
async fn the_example_of_the_seed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    assert_eq!(server.get(POLICIES, &admin).await.expect(200), json!({"policies": []}));
    server.declare("shop", &["read"]).await;
    let body = server.post(POLICIES, &admin, json!({"name": "reader", "permissions": ["shop:read"]})).await.expect(200);
    let id = text(&body["policy"]["id"]);
    let policy = json!({"id": id, "name": "reader", "permissions": ["shop:read"], "createdBy": "account:1"});
    assert_eq!(body, json!({"policy": policy}));
    assert_eq!(server.get(POLICIES, &admin).await.expect(200), json!({"policies": [policy]}));
}

#[tokio::test]
async fn a_policy_may_be_empty() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let body = server.post(POLICIES, &admin, json!({"name": "nothing"})).await.expect(200);
    assert_eq!(body["policy"]["permissions"], json!([]));
}

#[tokio::test]
async fn an_edit_changes_the_rights_of_every_key_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = create_policy(&server, &admin, "p", &["keybearer:keys.read"]).await;
    let (one, two) = (create_key(&server, &admin, "one", &policy).await, create_key(&server, &admin, "two", &policy).await);
    server.get(ROOT, &one.catena()).await.expect(200);
    server.get(ROOT, &two.catena()).await.expect(200);

    let body = server.put(&format!("{POLICIES}/{policy}"), &admin, json!({"permissions": ["keybearer:policies.read"]})).await.expect(200);
    assert_eq!(body["policy"]["name"], "p");
    for key in [one, two] {
        refusal(&server.get(ROOT, &key.catena()).await, 403, 7);
        server.get(POLICIES, &key.catena()).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_absent_stays_and_what_is_empty_empties() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "write"]).await;
    let policy = create_policy(&server, &admin, "p", &["shop:read"]).await;
    let path = format!("{POLICIES}/{policy}");
    let put = async |body| {
        let body = server.put(&path, &admin, body).await.expect(200);
        (text(&body["policy"]["name"]), body["policy"]["permissions"].clone())
    };
    assert_eq!(put(json!({})).await, ("p".into(), json!(["shop:read"])));
    assert_eq!(put(json!({"name": null, "permissions": null})).await, ("p".into(), json!(["shop:read"])));
    assert_eq!(put(json!({"name": "q"})).await, ("q".into(), json!(["shop:read"])));
    assert_eq!(put(json!({"permissions": ["shop:write"]})).await, ("q".into(), json!(["shop:write"])));
    assert_eq!(put(json!({"permissions": []})).await, ("q".into(), json!([])));
    refusal(&server.put(&path, &admin, json!({"name": ""})).await, 400, 3);
    refusal(&server.put(&path, &admin, json!({"permissions": ["read"], "clearPermissions": true})).await, 400, 3);
}

#[tokio::test]
async fn the_id_in_the_path_wins_over_the_body() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (one, two) = (create_policy(&server, &admin, "one", &[]).await, create_policy(&server, &admin, "two", &[]).await);
    let body = server.put(&format!("{POLICIES}/{one}"), &admin, json!({"id": two, "name": "uno"})).await.expect(200);
    assert_eq!(body["policy"]["id"], one);
}

#[tokio::test]
async fn names_are_unique_in_any_case_and_width() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = create_policy(&server, &admin, "Reader", &[]).await;
    for name in ["Reader", "reader", " READER ", "Ｒｅａｄｅｒ"] {
        refusal(&server.post(POLICIES, &admin, json!({"name": name})).await, 409, 6);
    }
    let other = create_policy(&server, &admin, "other", &[]).await;
    refusal(&server.put(&format!("{POLICIES}/{other}"), &admin, json!({"name": "rEADER"})).await, 409, 6);
    let body = server.put(&format!("{POLICIES}/{policy}"), &admin, json!({"name": "READER"})).await.expect(200);
    assert_eq!(body["policy"]["name"], "READER");
}

#[tokio::test]
async fn deletion_takes_the_keys_with_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (doomed, kept) = (create_policy(&server, &admin, "doomed", &[]).await, create_policy(&server, &admin, "kept", &[]).await);
    let one = create_key(&server, &admin, "one", &doomed).await;
    let two = create_key(&server, &admin, "two", &kept).await;
    let path = format!("{POLICIES}/{doomed}");
    assert_eq!(server.delete(&path, &admin).await.expect(200), json!({"policyDeleted": true}));
    let message = refusal(&server.get("/api/v1/api_keys/test", &one.catena()).await, 401, 16);
    assert!(message.contains("policy_deleted"), "{message}");
    server.get("/api/v1/api_keys/test", &two.catena()).await.expect(200);
    assert_eq!(names(&server, &admin).await, ["two"]);

    assert_eq!(server.delete(&path, &admin).await.expect(200), json!({"policyDeleted": false}));
    assert_eq!(server.delete(&format!("{ROOT}/{}", one.id), &admin).await.expect(200), json!({"apiKeyDeleted": false}));
    refusal(&server.put(&path, &admin, json!({"name": "again"})).await, 404, 5);
    // Its name and those of its keys are free again.
    let again = create_policy(&server, &admin, "doomed", &[]).await;
    create_key(&server, &admin, "one", &again).await;
    let server = server.restart().await;
    refusal(&server.get("/api/v1/api_keys/test", &one.catena()).await, 401, 16);
}

#[tokio::test]
async fn what_is_not_there() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for id in [NOBODY, "1", "policy", "%20", "..%2F"] {
        assert_eq!(server.delete(&format!("{POLICIES}/{id}"), &admin).await.expect(200), json!({"policyDeleted": false}));
        refusal(&server.put(&format!("{POLICIES}/{id}"), &admin, json!({"name": "p"})).await, 404, 5);
    }
}

#[tokio::test]
async fn a_service_key_makes_no_more_than_it_has() {
    let server = Server::start().await;
    server.declare("shop", &["read", "write"]).await;
    let key = server.service_key("deployer", &["keybearer:policies.write", "shop:read"]).await.catena();
    let message = refusal(&server.post(POLICIES, &key, json!({"name": "p", "permissions": ["shop:write"]})).await, 403, 7);
    assert!(message.contains("shop:write"), "{message}");
    let own = create_policy(&server, &key, "p", &["shop:read"]).await;
    let path = format!("{POLICIES}/{own}");
    refusal(&server.put(&path, &key, json!({"permissions": ["shop:read", "shop:write"]})).await, 403, 7);

    // Deleting a policy with its keys is also a matter of keys.
    create_key(&server, &server.admin().await, "user of p", &own).await;
    let message = refusal(&server.delete(&path, &key).await, 403, 7);
    assert!(message.contains("keybearer:keys.write"), "{message}");
    assert_eq!(names(&server, &server.admin().await).await, ["deployer", "user of p"]);
}
