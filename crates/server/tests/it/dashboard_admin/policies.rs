//! `/dashboard/policies`.

use serde_json::{Value, json};

use super::visitor::{Visitor, assert_sent_to};
use crate::support::{Cred, Server};

const LIST: &str = "/dashboard/policies";
const NEW: &str = "/dashboard/policies/new";

async fn policies(server: &Server) -> Vec<Value> {
    server.get("/v1/policies", &server.admin().await).await.expect(200)["items"].as_array().unwrap().clone()
}

async fn policy(server: &Server, id: &str) -> Value {
    server.get(&format!("/v1/policies/{id}"), &server.admin().await).await.expect(200)
}

#[tokio::test]
async fn a_policy_is_made_of_declared_permissions_changed_and_deleted() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    assert!(admin.page(LIST).await.contains("There are no policies"));
    server.declare("billing", &["read", "pay"]).await;
    let page = admin.page(NEW).await;
    assert!(page.contains("<legend class=\"mono\">billing</legend>") && page.contains("To pay"), "{page}");

    let form = admin.form(NEW, NEW).await;
    let made = admin.send(&form, &[("name", "Clerks"), ("permissions", "billing:read"), ("permissions", "billing:pay")]).await;
    assert_sent_to(&made, LIST);
    let id = policies(&server).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(policy(&server, &id).await["permissions"], json!(["billing:pay", "billing:read"]));
    let page = admin.page(LIST).await;
    assert!(page.contains("<bdi>Clerks</bdi>") && page.contains("billing:pay"), "{page}");

    let key = server.service_key_with("till", &id).await;
    let edit = format!("{LIST}/{id}");
    let page = admin.page(&edit).await;
    assert!(page.contains("Saving takes effect immediately, for the 1 key that uses this policy."), "{page}");
    assert!(page.contains("value=\"billing:pay\" checked"), "{page}");
    let form = admin.form(&edit, &edit).await;
    assert_sent_to(&admin.send(&form, &[("name", "Readers"), ("permissions", "billing:read")]).await, LIST);
    assert_eq!(policy(&server, &id).await["permissions"], json!(["billing:read"]));
    assert_eq!(policy(&server, &id).await["name"], "Readers");

    let delete = format!("{edit}/delete");
    let page = admin.page(&delete).await;
    assert!(page.contains("<bdi>till</bdi>") && page.contains(&key.id), "every key that dies is named: {page}");
    let form = admin.form(&delete, &delete).await;
    let wrong = admin.send(&form, &[("name", "Clerks")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("id=\"name-error\""), "{}", wrong.text);
    assert_eq!(server.verdict(&key.token).await, "VALID");
    assert_sent_to(&admin.send(&form, &[("name", "readers ")]).await, LIST);
    assert_eq!(policies(&server).await, [] as [Value; 0]);
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
}

#[tokio::test]
async fn a_policy_that_no_key_uses_is_deleted_without_its_name() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let id = server.policy("unused", &[]).await;
    let delete = format!("{LIST}/{id}/delete");
    let form = admin.form(&delete, &delete).await;
    assert_sent_to(&admin.send(&form, &[]).await, LIST);
    assert_eq!(admin.get(&delete).await.status, 404);
}

#[tokio::test]
async fn a_form_for_a_policy_without_its_token_does_nothing_and_a_replayed_one_nothing_more() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let form = admin.form(NEW, NEW).await;
    let name = [("name", "Clerks")];
    assert_eq!(admin.send(&form.without("_token"), &name).await.status, 403);
    assert_eq!(admin.send(&form.without("_once"), &name).await.status, 403);
    assert_eq!(policies(&server).await.len(), 0);
    assert_sent_to(&admin.send(&form, &name).await, LIST);
    assert_eq!(admin.send(&form, &[("name", "Others")]).await.status, 409);
    assert_eq!(policies(&server).await.len(), 1);

    let id = policies(&server).await[0]["id"].as_str().unwrap().to_owned();
    let edit = format!("{LIST}/{id}");
    let form = admin.form(&edit, &edit).await;
    assert_eq!(admin.send(&form.without("_token"), &[("name", "Others")]).await.status, 403);
    let delete = format!("{edit}/delete");
    let form = admin.form(&delete, &delete).await;
    assert_eq!(admin.send(&form.without("_token"), &name).await.status, 403);
    assert_eq!(policy(&server, &id).await["name"], "Clerks");
}

#[tokio::test]
async fn two_who_edit_a_policy_do_not_overwrite_each_other() {
    let server = Server::start().await;
    let (one, other) = (Visitor::admin(&server).await, Visitor::admin(&server).await);
    let id = server.policy("Clerks", &[]).await;
    let edit = format!("{LIST}/{id}");
    let (first, second) = (one.form(&edit, &edit).await, other.form(&edit, &edit).await);
    assert_sent_to(&one.send(&first, &[("name", "Till")]).await, LIST);
    let late = other.send(&second, &[("name", "Desk")]).await;
    assert_eq!(late.status, 412);
    assert!(late.text.contains("It was changed since you opened the page.") && late.text.contains("value=\"Till\""), "{}", late.text);
    assert_eq!(policy(&server, &id).await["name"], "Till");
    let versionless = other.send(&second.without("version"), &[("name", "Desk")]).await;
    assert_eq!(versionless.status, 412);

    let delete = format!("{edit}/delete");
    let form = other.form(&delete, &delete).await;
    let now = one.form(&edit, &edit).await;
    one.send(&now, &[("name", "Desk")]).await;
    assert_eq!(other.send(&form, &[]).await.status, 412);
    assert_eq!(policy(&server, &id).await["name"], "Desk");
}

#[tokio::test]
async fn no_key_dies_that_the_page_did_not_name() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let id = server.policy("Clerks", &[]).await;
    let delete = format!("{LIST}/{id}/delete");
    let form = admin.form(&delete, &delete).await;
    let key = server.service_key_with("latecomer", &id).await;
    let refused = admin.send(&form, &[("name", "Clerks")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("<bdi>latecomer</bdi>"), "the list is shown again as it is now: {}", refused.text);
    assert_eq!(server.verdict(&key.token).await, "VALID");
}

#[tokio::test]
async fn a_permission_that_is_no_longer_declared_is_marked_and_can_only_stay() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    server.declare("billing", &["read", "pay"]).await;
    let id = server.policy("Clerks", &["billing:pay"]).await;
    server.declare("billing", &["read"]).await;
    assert!(admin.page(LIST).await.contains("no longer declared"));
    let edit = format!("{LIST}/{id}");
    assert!(admin.page(&edit).await.contains("no longer declared"));
    assert!(!admin.page(NEW).await.contains("billing:pay"), "nothing new can have it");
    let form = admin.form(&edit, &edit).await;
    assert_sent_to(&admin.send(&form, &[("name", "Clerks"), ("permissions", "billing:pay")]).await, LIST);
    let form = admin.form(NEW, NEW).await;
    let refused = admin.send(&form, &[("name", "New ones"), ("permissions", "billing:pay")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("id=\"permissions-error\""), "{}", refused.text);
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_said_beside_its_field() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    server.declare("billing", &["read"]).await;
    server.policy("Clerks", &[]).await;
    for (name, status) in [("  ", 422), (" CLERKS", 409)] {
        let form = admin.form(NEW, NEW).await;
        let refused = admin.send(&form, &[("name", name), ("permissions", "billing:read")]).await;
        assert_eq!(refused.status.as_u16(), status, "{name}");
        assert!(refused.text.contains("id=\"name-error\"") && refused.text.contains("value=\"billing:read\" checked"), "{}", refused.text);
    }
}

#[tokio::test]
async fn below_level_8_nobody_sees_or_changes_policies() {
    let server = Server::start().await;
    let id = server.policy("Clerks", &[]).await;
    let admin = Visitor::admin(&server).await;
    let person = server.person("ada", "support").await;
    let ada = Visitor::of(&server, &person);
    for path in [LIST.to_owned(), NEW.to_owned(), format!("{LIST}/{id}"), format!("{LIST}/{id}/delete")] {
        let answer = ada.get(&path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(!answer.text.contains("Clerks"), "{path}: {}", answer.text);
    }
    // With a token of her own, so that only her level is in the way.
    let own = ada.form("/account/security", "/account/password").await;
    for path in [format!("{LIST}/{id}"), format!("{LIST}/{id}/delete")] {
        let mut form = admin.form(&path, &path).await;
        form.hidden.retain(|(name, _)| name != "_token");
        form.hidden.extend(own.hidden.clone());
        assert_eq!(ada.send(&form, &[("name", "Taken over")]).await.status, 403, "{path}");
    }
    assert_eq!(policy(&server, &id).await["name"], "Clerks");
    assert_eq!(server.get(LIST, &Cred::None).await.status, 303);
}

#[tokio::test]
async fn hostile_names_of_policies_and_keys_are_shown_as_text() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let name = "<script>alert(1)</script>\"'\u{202e}";
    let id = server.policy(name, &[]).await;
    server.service_key_with("<img src=x onerror=alert(2)>", &id).await;
    for path in [LIST.to_owned(), format!("{LIST}/{id}"), format!("{LIST}/{id}/delete")] {
        let page = admin.page(&path).await;
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{path}: {page}");
        assert!(page.contains("&#60;script&#62;alert(1)"), "{path}: {page}");
    }
    let delete = format!("{LIST}/{id}/delete");
    let form = admin.form(&delete, &delete).await;
    assert_sent_to(&admin.send(&form, &[("name", name)]).await, LIST);
}
