//! The JSON in `samples/payload`: what is sent there is taken, and what comes back looks so.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::support::{Server, made};

fn payload(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/payload").join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// The fields of a value and the kinds of what stands in them; of a list, those of the first item.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.iter().map(|(name, field)| (name.clone(), shape(field))).collect::<Map<_, _>>()),
        Value::Array(items) => json!([items.first().map(shape)]),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("yes or no"),
        Value::Null => Value::Null,
    }
}

#[tokio::test]
async fn what_is_sent_is_taken_and_what_comes_back_looks_so() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["orders.read"]).await;
    let policy = server.policy("front desk", &["shop:orders.read"]).await;

    let mut create = payload("create-key");
    create["policy_id"] = json!(policy);
    let created = server.post("/v1/keys", &admin, create).await.expect(201);
    let key = made(&created);
    let mut verify = payload("verify-key");
    verify["key"] = json!(key.token);
    assert_eq!(server.post("/v1/verify", &admin, verify).await.expect(200)["valid"], true);

    for (path, cred, name) in [
        ("/v1/policies", &admin, "list-policies"),
        ("/v1/permissions", &admin, "list-permissions"),
        ("/v1/whoami", &key.bearer(), "whoami"),
    ] {
        let mut answer = server.get(path, cred).await.expect(200);
        if let Some(fields) = answer.pointer_mut("/key").and_then(Value::as_object_mut) {
            // It was used just now; that of the sample was not.
            fields.remove("last_used_at");
        }
        assert_eq!(shape(&payload(name)), shape(&answer), "{name}");
    }
}

/// What of a value the schema does not describe, or asks for in vain. Formats and lengths are the server's to judge.
fn wrong(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return wrong(document, document.pointer(&reference[1..]).unwrap(), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        // What may be nothing is told what it is not, where it is something.
        let meant = choices.iter().filter(|choice| value.is_null() || choice["type"] != "null");
        return meant.map(|choice| wrong(document, choice, value, at)).min_by_key(Vec::len).unwrap();
    }
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    let mut found = Vec::new();
    if !kinds.contains(&json!(kind)) || schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        found.push(format!("{at} is not {schema}"));
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(wrong(document, &schema["items"], item, &format!("{at}/*")));
    }
    if let (Some(fields), Some(known)) = (value.as_object(), schema["properties"].as_object()) {
        let required = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
        found.extend(required.filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}/{name} is missing")));
        for (name, field) in fields {
            match known.get(name) {
                Some(schema) => found.extend(wrong(document, schema, field, &format!("{at}/{name}"))),
                None => found.push(format!("{at}/{name} is not described")),
            }
        }
    }
    found
}

#[test]
fn the_openapi_document_describes_them() {
    let document = serde_json::to_value(keybearer::http::native::document()).unwrap();
    let (sent, answered) = ("requestBody", "responses/200");
    for (name, path, method, part) in [
        ("list-policies", "policies", "get", answered),
        ("list-permissions", "permissions", "get", answered),
        ("create-key", "keys", "post", sent),
        ("verify-key", "verify", "post", sent),
        ("whoami", "whoami", "get", answered),
    ] {
        let place = format!("/paths/~1v1~1{path}/{method}/{part}/content/application~1json/schema");
        let schema = document.pointer(&place).unwrap_or_else(|| panic!("{place}"));
        let found = wrong(&document, schema, &payload(name), name);
        assert!(found.is_empty(), "{found:?}");
        let empty = wrong(&document, schema, &json!({"nonsense": 1}), name);
        assert!(empty.len() > 1, "{name}: {empty:?}");
    }
}

#[test]
fn the_samples_speak_of_one_shop() {
    let (policies, permissions, whoami) = (payload("list-policies"), payload("list-permissions"), payload("whoami"));
    let (create, verify) = (payload("create-key"), payload("verify-key"));
    assert_eq!(create["policy_id"], policies["items"][0]["id"]);
    assert_eq!(create["policy_id"], whoami["key"]["policy"]["id"]);
    assert_eq!(create["name"], whoami["key"]["name"]);
    assert_eq!(verify["any_of"], policies["items"][0]["permissions"]);
    assert_eq!(verify["any_of"][0], permissions["items"][0]["permission"]);
}
