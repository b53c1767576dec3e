//! `/api/v1/api_keys`: the Catena face over HTTP+JSON.

mod bad_input;
mod credentials;
mod healthz;
mod keys;
mod permissions;
mod policies;
mod rpc;
mod test;

use serde_json::{Value, json};

use crate::support::{Answer, Cred, Made, Server};

const ROOT: &str = "/api/v1/api_keys";
const POLICIES: &str = "/api/v1/api_keys/policies";
/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// The message of a `google.rpc.Status` with this code, under this HTTP status.
#[track_caller]
fn refusal(answer: &Answer, http: u16, code: i32) -> String {
    let body = answer.expect(http);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8", "{}", answer.what);
    assert_eq!((&body["code"], &body["details"]), (&json!(code), &json!([])), "{}: {}", answer.what, answer.text);
    assert_eq!(body.as_object().unwrap().len(), 3, "{}: {}", answer.what, answer.text);
    if http == 401 {
        assert!(!answer.header("www-authenticate").is_empty(), "{}", answer.what);
    }
    body["message"].as_str().unwrap().to_owned()
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Makes a policy by this face; its id.
async fn create_policy(server: &Server, cred: &Cred, name: &str, permissions: &[&str]) -> String {
    let body = server.post(POLICIES, cred, json!({"name": name, "permissions": permissions})).await.expect(200);
    text(&body["policy"]["id"])
}

/// Makes a key by this face.
async fn create_key(server: &Server, cred: &Cred, name: &str, policy: &str) -> Made {
    let body = server.post(ROOT, cred, json!({"name": name, "policyId": policy})).await.expect(200);
    Made { id: text(&body["apiKey"]["id"]), token: text(&body["apiKey"]["key"]), secret: String::new() }
}

/// The names of the keys in the list, sorted.
async fn names(server: &Server, cred: &Cred) -> Vec<String> {
    let body = server.get(ROOT, cred).await.expect(200);
    let mut names: Vec<String> = body["apiKeys"].as_array().unwrap().iter().map(|key| text(&key["name"])).collect();
    names.sort();
    names
}
