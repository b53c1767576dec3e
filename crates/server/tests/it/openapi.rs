//! The committed OpenAPI document is the one that the route table makes, and every answer of `/openapi.json` is that document.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{Cred, Server};

fn committed() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json")
}

#[test]
fn the_committed_document_has_not_drifted() {
    let mut made = keybearer::http::native::document().to_pretty_json().unwrap();
    made.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(committed(), &made).unwrap();
    }
    let kept = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(kept == made, "openapi.json does not agree with the route table: run UPDATE=1 cargo test -p keybearer openapi");
}

#[tokio::test]
async fn the_server_serves_it() {
    let server = Server::start_bare(|_| {}).await;
    let served = server.get("/openapi.json", &Cred::None).await.expect(200);
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(committed()).unwrap()).unwrap();
    assert_eq!(served, kept);
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(keybearer::http::native::document()).unwrap();
    let text = document.to_string();
    let references: BTreeSet<&str> = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 10, "{references:?}");
    let lost: Vec<_> = references.iter().filter(|reference| document.pointer(reference).is_none()).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = serde_json::to_value(keybearer::http::native::document()).unwrap();
    let mut names = BTreeSet::new();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values()) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name), "{name} stands twice");
    }
}
