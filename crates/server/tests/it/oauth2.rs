//! `/oauth2`: introspection and revocation, as clients of OAuth 2.0 ask for them. Real libraries do so in `scripts/oauth2`.

mod client;
mod introspect;
mod revoke;

use serde_json::Value;

use crate::support::{Answer, Cred, Server};

/// The type of what is sent.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form, as they are sent.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Sends a form.
pub async fn post(server: &Server, path: &str, cred: &Cred, fields: &[(&str, &str)]) -> Answer {
    server.ask("POST", path).with(cred).body(FORM, form(fields)).send().await
}

/// What is told of a token.
async fn introspect(server: &Server, cred: &Cred, token: &str) -> Value {
    let answer = post(server, "/oauth2/introspect", cred, &[("token", token)]).await;
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.expect(200)
}

/// A refusal in the words of OAuth 2.0, and nothing besides.
#[track_caller]
pub fn assert_error(answer: &Answer, status: u16, error: &str) {
    let body = answer.expect(status);
    assert_eq!(body["error"], error, "{}: {}", answer.what, answer.text);
    let description = body["error_description"].as_str().unwrap();
    let in_grammar = description.chars().all(|c| matches!(c, ' '..='~') && c != '"' && c != '\\');
    assert!(in_grammar && !description.is_empty() && body.as_object().unwrap().len() == 2, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let challenge = answer.header("www-authenticate");
    let has_both = challenge.contains("Basic realm=") && challenge.contains("Bearer realm=");
    assert_eq!(status == 401, has_both, "{}: {challenge}", answer.what);
}
