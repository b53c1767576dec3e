//! `/dashboard/keys/new` and `/dashboard/keys/{id}`: service keys made and changed.

use serde_json::json;

use crate::dashboard_admin::visitor::{Visitor, hidden};
use crate::support::{Cred, Server};

const NEW: &str = "/dashboard/keys/new";
/// What a name may hold, and how a page must show it.
const HOSTILE: (&str, &str) = ("<script>\"x\" & \u{202e}y", "&#60;script&#62;&#34;x&#34; &#38; \u{202e}y");

/// A text to be copied from a page that shows a secret.
fn copied(page: &str, field: &str) -> String {
    let (_, after) = page.split_once(&format!("id=\"{field}\" class=\"mono\" value=\"")).unwrap_or_else(|| panic!("no {field}: {page}"));
    after.split('"').next().unwrap().to_owned()
}

async fn count(server: &Server) -> usize {
    let keys = server.get("/v1/keys?kind=service", &server.admin().await).await.expect(200);
    keys["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn without_a_policy_the_page_leads_to_making_one() {
    let server = Server::start().await;
    let page = Visitor::admin(&server).await.page(NEW).await;
    assert!(page.contains("There is no policy yet") && page.contains("href=\"/dashboard/policies/new\""), "{page}");
    assert!(!page.contains("name=\"policy_id\""), "{page}");
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_works() {
    let server = Server::start().await;
    server.declare("files", &["read", "write"]).await;
    let policy = server.policy("readers", &["files:read"]).await;
    let admin = Visitor::admin(&server).await;
    let page = admin.page(NEW).await;
    assert!(page.contains("<option value=\"") && page.contains("<code>files:read</code>"), "{page}");

    let hidden = hidden(&page);
    let mut form: Vec<(&str, &str)> = vec![("name", HOSTILE.0), ("policy_id", &policy), ("expires_in", "30")];
    form.extend(hidden.iter().map(|(name, value)| (&**name, &**value)));
    let made = admin.post(NEW, &form).await;
    assert_eq!((made.status.as_u16(), made.header("cache-control")), (201, "no-store"), "{}", made.text);
    assert!(made.text.contains(HOSTILE.1), "{}", made.text);
    let [token, id, secret] = ["token", "pair-key", "pair-secret"].map(|field| copied(&made.text, field));
    let verdict = server.post("/v1/verify", &server.admin().await, json!({"key": token, "any_of": ["files:read"]})).await.expect(200);
    assert_eq!(verdict["valid"], true, "{verdict}");

    let again = admin.post(NEW, &form).await;
    assert_eq!((again.status.as_u16(), count(&server).await), (409, 1), "{}", again.text);
    for path in ["/dashboard/keys", NEW, &*format!("/dashboard/keys/{id}"), &*format!("/dashboard/keys/revoke?id={id}")] {
        let page = admin.page(path).await;
        assert!(!page.contains(&token) && !page.contains(&secret), "{path}");
        assert!(!page.contains("<script>\""), "{path}: {page}");
    }
    for path in ["/dashboard/keys".to_owned(), format!("/dashboard/keys/{id}")] {
        assert!(admin.page(&path).await.contains(HOSTILE.1), "{path}");
    }
}

#[tokio::test]
async fn a_form_that_lacks_something_comes_back_with_what_was_typed() {
    let server = Server::start().await;
    server.declare("files", &["read"]).await;
    let policy = server.policy("readers", &["files:read"]).await;
    server.service_key_with("reports", &policy).await;
    let admin = Visitor::admin(&server).await;
    let unknown = "0198c0de-0000-7000-8000-000000000001";
    for (name, id, lifetime, status, problem) in [
        ("", &*policy, "never", 422, "Enter a name."),
        ("backup", "", "never", 422, "Choose a policy."),
        ("backup", unknown, "never", 422, "Choose a policy."),
        ("backup", &policy, "", 422, "Choose when the key expires."),
        ("backup", &policy, "0", 422, "The lifetime must be greater than 0."),
        ("REPORTS", &policy, "never", 409, "This name is taken."),
    ] {
        let fields = [("name", name), ("policy_id", id), ("expires_in", lifetime)];
        let answer = admin.fill(NEW, NEW, &fields).await;
        assert_eq!(answer.status, status, "{problem}: {}", answer.text);
        assert!(answer.text.contains(problem) && answer.text.contains("aria-invalid") | answer.text.contains("-error\""), "{problem}");
        assert!(answer.text.contains(&format!("value=\"{name}\"")), "{problem}");
    }
    assert_eq!(count(&server).await, 1);
}

#[tokio::test]
async fn name_and_policy_change_at_once_and_the_page_says_so_before() {
    let server = Server::start().await;
    server.declare("files", &["read", "write"]).await;
    let writers = server.policy("writers", &["files:write"]).await;
    let key = server.service_key("reports", &["files:read"]).await;
    let admin = Visitor::admin(&server).await;
    let path = format!("/dashboard/keys/{}", key.id);
    let page = admin.page(&path).await;
    for told in [
        "takes effect immediately for every service that uses this key",
        "The key gains:</span> files:write",
        "The key loses:</span> files:read",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let done = admin.fill(&path, &path, &[("name", "uploads"), ("policy_id", &writers)]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, &*path), "{}", done.text);
    let verdict = server.post("/v1/verify", &server.admin().await, json!({"key": key.token, "any_of": ["files:write"]})).await.expect(200);
    assert_eq!(verdict["valid"], true, "{verdict}");
    assert!(admin.page(&path).await.contains("<h1><bdi>uploads</bdi></h1>"));

    let refused = admin.fill(&path, &path, &[("name", ""), ("policy_id", &writers)]).await;
    assert!(refused.status == 422 && refused.text.contains("Enter a name."), "{}", refused.text);
}

#[tokio::test]
async fn what_was_changed_since_the_page_was_shown_stays_unless_it_is_changed_here_too() {
    let server = Server::start().await;
    server.declare("files", &["read", "write"]).await;
    let (readers, writers) = (server.policy("readers", &["files:read"]).await, server.policy("writers", &["files:write"]).await);
    let key = server.service_key_with("reports", &writers).await;
    let admin = Visitor::admin(&server).await;
    let path = format!("/dashboard/keys/{}", key.id);
    let form = admin.form(&path, &path).await;
    let api = path.replace("/dashboard", "/v1");
    server.patch(&api, &server.admin().await, json!({"policy_id": readers})).await.expect(200);
    let now = async || {
        let key = server.get(&api, &server.admin().await).await.expect(200);
        (key["name"].as_str().unwrap().to_owned(), key["policy"]["id"].as_str().unwrap().to_owned())
    };
    // Only the name is another; the policy is as the page showed it.
    assert_eq!(admin.send(&form, &[("name", "uploads"), ("policy_id", &writers)]).await.status, 303);
    assert_eq!(now().await, ("uploads".to_owned(), readers));
    let form = admin.form(&path, &path).await;
    server.patch(&api, &server.admin().await, json!({"name": "exports"})).await.expect(200);
    // A form that comes back remembers what the page showed at first.
    let refused = admin.send(&form, &[("name", "uploads"), ("policy_id", "")]).await;
    assert!(refused.status == 422 && refused.text.contains("name=\"was_name\" value=\"uploads\""), "{}", refused.text);
    assert_eq!(admin.send(&form, &[("name", "uploads"), ("policy_id", &writers)]).await.status, 303);
    assert_eq!(now().await, ("exports".to_owned(), writers));
}

#[tokio::test]
async fn metadata_and_the_service_are_given_at_first_and_metadata_changed_later() {
    let server = Server::start().await;
    let policy = server.policy("declarers", &["keybearer:permissions.declare"]).await;
    let admin = Visitor::admin(&server).await;
    let fill = async |service, metadata| {
        let fields = [("name", "shop"), ("policy_id", &*policy), ("expires_in", "never"), ("service", service), ("metadata", metadata)];
        admin.fill(NEW, NEW, &fields).await
    };
    for (service, metadata, status, said) in [
        ("no service", "", 422, "This is not the name of a service"),
        ("keybearer", "", 403, "is reserved"),
        ("", "{\"team\"}", 422, "This is not a JSON object. Look at line 1."),
    ] {
        let refused = fill(service, metadata).await;
        assert!(refused.status == status && refused.text.contains(said), "{service} {metadata}: {} {}", refused.status, refused.text);
        assert!(refused.text.contains("<details class=\"more\" open>"), "what is wrong is not folded away: {}", refused.text);
    }
    let made = fill("shop", &json!({"team": HOSTILE.0}).to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let declared = server.put("/v1/services/shop/permissions", &Cred::Bearer(copied(&made.text, "token")), json!([])).await;
    assert_eq!(declared.status, 200, "{}", declared.text);

    let path = format!("/dashboard/keys/{}", copied(&made.text, "pair-key"));
    let page = admin.page(&path).await;
    assert!(page.contains("&#34;team&#34;: &#34;&#60;script&#62;") && page.contains("<code>shop</code>"), "{page}");
    assert!(!page.contains("<script>\\"), "{page}");
    let change = async |metadata| admin.fill(&path, &path, &[("name", "shop"), ("policy_id", &policy), ("metadata", metadata)]).await;
    let refused = change("nonsense").await;
    assert!(refused.status == 422 && refused.text.contains("This is not a JSON object."), "{}", refused.text);
    assert_eq!(change("{\"team\": \"sales\"}").await.status, 303);
    let key = path.replace("/dashboard", "/v1");
    let metadata = async || server.get(&key, &server.admin().await).await.expect(200)["metadata"].clone();
    assert_eq!(metadata().await, json!({"team": "sales"}));
    // What a program changed since the page was shown stays, unless the person changed it too.
    let form = admin.form(&path, &path).await;
    server.patch(&key, &server.admin().await, json!({"metadata": {"team": "ops"}})).await.expect(200);
    let rest = [("name", "shop 2"), ("policy_id", &*policy)];
    for (typed, kept) in
        [("{\r\n \"team\": \"sales\"}", json!({"team": "ops"})), ("{\"team\": \"it\"}", json!({"team": "it"})), ("", json!({}))]
    {
        assert_eq!(admin.send(&form, &[&rest[..], &[("metadata", typed)]].concat()).await.status, 303);
        assert_eq!(metadata().await, kept);
    }
    assert_eq!(server.get(&key, &server.admin().await).await.expect(200)["name"], "shop 2");
}

#[tokio::test]
async fn keys_of_people_and_dead_keys_offer_no_change() {
    let server = Server::start().await;
    server.declare("files", &["read"]).await;
    let dead = server.service_key("reports", &["files:read"]).await;
    server.delete(&format!("/v1/keys/{}", dead.id), &server.admin().await).await.expect(204);
    let person = server.person("ada", "user").await;
    let own = server.account_key(&person.session(), 3).await;
    let admin = Visitor::admin(&server).await;
    for (id, can_be_revoked) in [(&dead.id, false), (&own.id, true)] {
        let page = admin.page(&format!("/dashboard/keys/{id}")).await;
        assert!(!page.contains("name=\"policy_id\""), "{page}");
        assert_eq!(page.contains("/dashboard/keys/revoke?id="), can_be_revoked);
    }
    let policy = server.policy("readers", &["files:read"]).await;
    let path = format!("/dashboard/keys/{}", own.id);
    let refused = admin.fill(&path, &path, &[("name", "other"), ("policy_id", &policy)]).await;
    assert!(refused.status == 409 && refused.text.contains("Keys of people cannot be changed."), "{}", refused.text);
    assert_eq!(admin.get("/dashboard/keys/nonsense").await.status, 404);
    let stranger = server.ask("GET", &path).with(&Cred::None).send().await;
    assert_eq!((stranger.status.as_u16(), stranger.header("location").starts_with("/sign-in?next=")), (303, true));
}
