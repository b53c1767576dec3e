//! Keys made for others, keys that made keys, and who made what.

use serde_json::json;

use super::visitor::{Visitor, assert_sent_to};
use crate::support::{Cred, Server};

/// A text to be copied from a page that shows a secret.
fn copied(page: &str, field: &str) -> String {
    let (_, after) = page.split_once(&format!("id=\"{field}\" class=\"mono\" value=\"")).unwrap_or_else(|| panic!("no {field}: {page}"));
    after.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_administrator_makes_a_key_for_somebody_once_and_says_whose_it_is() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("<b>ada", "user").await;
    let (home, path) = (format!("/dashboard/accounts/{}", ada.id), format!("/dashboard/accounts/{}/keys/new", ada.id));
    assert!(admin.page(&home).await.contains(&format!("href=\"{path}\"")));
    let page = admin.page(&path).await;
    assert!(page.contains("The key belongs to &#60;b&#62;ada") && !page.contains("<b>ada"), "{page}");
    assert!(page.contains("name=\"level\" value=\"4\"") && !page.contains("name=\"level\" value=\"5\""), "up to the level of her role");

    let form = admin.form(&path, &path).await;
    let filled = [("name", "laptop"), ("level", "3"), ("expires_in", "30"), ("metadata", "{\"desk\": 7}")];
    assert_eq!(admin.send(&form.without("_token"), &filled).await.status, 403);
    let made = admin.send(&form, &filled).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    assert!(
        made.text.contains("It belongs to &#60;b&#62;ada") && made.text.contains(&format!("href=\"{home}\" data-leave")),
        "{}",
        made.text
    );
    let [token, id, secret] = ["token", "pair-key", "pair-secret"].map(|field| copied(&made.text, field));
    let whoami = server.get("/v1/whoami", &Cred::Bearer(token.clone())).await.expect(200);
    assert_eq!(whoami["level"], 3);
    let key = server.get(&format!("/v1/keys/{id}"), &ada.session()).await.expect(200);
    assert_eq!((&key["owner"], &key["metadata"]), (&json!(ada.id), &json!({"desk": 7})));

    assert_eq!(admin.send(&form, &filled).await.status, 409, "a form makes one key");
    for path in [home, path, format!("/dashboard/keys/{id}")] {
        let page = admin.page(&path).await;
        assert!(!page.contains(&token) && !page.contains(&secret), "{path}");
    }
    let own = Visitor::of(&server, &ada).page("/account").await;
    assert!(own.contains("<bdi>laptop</bdi>") && own.contains("&#34;desk&#34;: 7"), "{own}");
}

#[tokio::test]
async fn what_is_wrong_with_a_key_for_somebody_is_said_and_who_can_have_none_is_told_of() {
    let server = Server::start_with(|config| config.keys.max_per_account = 1).await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let path = format!("/dashboard/accounts/{}/keys/new", ada.id);
    let send = async |level, metadata| {
        let filled = [("name", "laptop"), ("level", level), ("expires_in", "30"), ("metadata", metadata)];
        let answer = admin.send(&admin.form(&path, &path).await, &filled).await;
        (answer.status.as_u16(), answer.text)
    };
    for (level, metadata, status, said) in [
        ("", "", 422, "Choose a level."),
        ("5", "", 403, "Level 5 is above level 4, which is that of the role of the account."),
        ("1", "7", 422, "This is not a JSON object."),
        ("1", "", 201, "New key for ada"),
        ("1", "", 409, "The account has 1 live keys, the most that one may have."),
    ] {
        let (answered, text) = send(level, metadata).await;
        assert!(answered == status && text.contains(said), "{level} {metadata}: {answered} {text}");
    }
    let lock = json!({"status": "locked"});
    server.patch(&format!("/v1/accounts/{}", ada.id), &server.admin().await, lock).await.expect(200);
    let refused = admin.get(&path).await;
    assert!(refused.status == 409 && refused.text.contains("The account cannot have keys now"), "{}", refused.text);
    assert!(!admin.page(&format!("/dashboard/accounts/{}", ada.id)).await.contains("/keys/new\""));
}

#[tokio::test]
async fn a_key_is_revoked_with_all_that_it_made_and_no_other() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let ada = server.person("ada", "user").await;
    let root = server.account_key(&ada.session(), 4).await;
    let child = server.account_key(&root.bearer(), 4).await;
    let aside = server.account_key(&ada.session(), 4).await;
    let (home, path) = (format!("/dashboard/keys/{}", root.id), format!("/dashboard/keys/{}/revoke", root.id));
    assert!(admin.page(&home).await.contains("1 key that is not revoked was made with this one."));
    assert!(!admin.page(&format!("/dashboard/keys/{}", aside.id)).await.contains("/revoke\""), "it made none");

    let stale = admin.form(&path, &path).await;
    assert_eq!(admin.send(&stale.without("_token"), &[]).await.status, 403);
    let grandchild = server.account_key(&child.bearer(), 1).await;
    let refused = admin.send(&stale, &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("Another key was made") && refused.text.contains(&grandchild.id), "{}", refused.text);
    assert_eq!(server.verdict(&root.token).await, "VALID");

    let page = admin.page(&path).await;
    assert!(page.contains("Revoke 3 keys") && !page.contains(&aside.id), "{page}");
    assert_sent_to(&admin.send(&admin.form(&path, &path).await, &[]).await, &home);
    for (key, verdict) in [(&root, "REVOKED"), (&child, "REVOKED"), (&grandchild, "REVOKED"), (&aside, "VALID")] {
        assert_eq!(server.verdict(&key.token).await, verdict);
    }
    assert!(admin.page(&path).await.contains("Nothing is left to revoke"));
    assert_eq!(admin.get("/dashboard/keys/nonsense/revoke").await.status, 404);
}

#[tokio::test]
async fn below_level_8_nobody_makes_keys_for_others_or_revokes_families() {
    let server = Server::start().await;
    let (ada, eve) = (server.person("ada", "support").await, server.person("eve", "user").await);
    let key = server.account_key(&ada.session(), 4).await;
    let visitor = Visitor::of(&server, &ada);
    let hidden = visitor.form("/account/keys/new", "/account/keys/new").await.hidden;
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend([("name", "x"), ("level", "1"), ("expires_in", "30"), ("id", key.id.as_str())]);
    for path in [format!("/dashboard/accounts/{}/keys/new", eve.id), format!("/dashboard/keys/{}/revoke", key.id)] {
        assert_eq!(visitor.get(&path).await.status, 403, "{path}");
        assert_eq!(visitor.post(&path, &fields).await.status, 403, "{path}");
    }
    let of_eve = server.get(&format!("/v1/keys?owner={}", eve.id), &server.admin().await).await.expect(200);
    assert_eq!((of_eve["items"].as_array().unwrap().len(), server.verdict(&key.token).await), (0, "VALID".to_owned()));
}

#[tokio::test]
async fn who_made_a_thing_is_told_by_name_with_the_way_there() {
    let server = Server::start().await;
    let admin = Visitor::admin(&server).await;
    let boss = server.person("<i>boss", "admin").await;
    let policy = json!({"name": "makers", "permissions": ["keybearer:keys.write"]});
    let policy = server.post("/v1/policies", &boss.session(), policy).await.expect(201)["id"].as_str().unwrap().to_owned();
    let body = |name: &str| json!({"name": name, "policy_id": policy});
    let maker = server.post("/v1/keys", &boss.session(), body("maker")).await.expect(201);
    let (maker_id, maker_token) = (maker["id"].as_str().unwrap(), maker["token"].as_str().unwrap().to_owned());
    let made = server.post("/v1/keys", &Cred::Bearer(maker_token), body("made")).await.expect(201)["id"].as_str().unwrap().to_owned();

    let by_boss = format!("by <a href=\"/dashboard/accounts/{}\"><bdi>&#60;i&#62;boss</bdi></a>", boss.id);
    for path in [format!("/dashboard/keys/{maker_id}"), format!("/dashboard/policies/{policy}")] {
        let page = admin.page(&path).await;
        assert!(page.contains(&by_boss), "{path}: {page}");
    }
    let page = admin.page(&format!("/dashboard/keys/{made}")).await;
    assert!(page.contains(&format!("by <a href=\"/dashboard/keys/{maker_id}\"><bdi>the key maker</bdi></a>")), "{page}");
    server.delete(&format!("/v1/accounts/{}", boss.id), &server.admin().await).await.expect(204);
    let page = admin.page(&format!("/dashboard/policies/{policy}")).await;
    assert!(page.contains(&format!("by deleted account {}", boss.id)) && !page.contains("boss"), "{page}");
}

#[tokio::test]
async fn counts_of_keys_lead_to_these_keys() {
    let server = Server::start().await;
    server.declare("files", &["read"]).await;
    let policy = server.policy("readers", &["files:read"]).await;
    server.service_key_with("reports", &policy).await;
    let ada = server.person("ada", "user").await;
    let key = server.account_key(&ada.session(), 1).await;
    server.advance(40 * crate::support::DAY);
    let admin = Visitor::new(&server, &Cred::Bearer(server.sign_in("admin", crate::support::PASSWORD).await));
    let list = format!("/dashboard/keys?policy={policy}&#38;state=unrevoked");
    for path in ["/dashboard/policies", "/dashboard/permissions"] {
        assert!(admin.page(path).await.contains(&list), "{path}");
    }
    assert!(admin.page(&list.replace("&#38;", "&")).await.contains("<bdi>reports</bdi>"));
    let account = admin.page(&format!("/dashboard/accounts/{}", ada.id)).await;
    assert!(account.contains("<a href=\"/dashboard/keys?owner=ada&#38;state=unrevoked\">1 key</a>"), "{account}");
    let list = admin.page("/dashboard/keys?owner=ada&state=unrevoked").await;
    assert!(list.contains(&key.id) && list.contains("Expired"), "{list}");
}
