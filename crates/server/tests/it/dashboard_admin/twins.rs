//! Whatever a person would do over `/v1` has a page, and whatever a page does can be done over `/v1`.

use std::collections::BTreeMap;

use keybearer::http::dashboard::ROUTES;

use self::Twin::{Done, Not};
use crate::matrix::assert_complete;

/// What does the same on the other side.
enum Twin {
    /// These.
    Done(&'static [&'static str]),
    /// Nothing, for this reason.
    Not(&'static str),
}

/// Each operation of the API, and the pages and forms that do it.
const OPERATIONS: &[(&str, Twin)] = &[
    ("POST /v1/sessions", Done(&["GET /sign-in", "POST /sign-in"])),
    ("GET /v1/sessions", Done(&["GET /account/security", "GET /dashboard/accounts/{id}/sessions"])),
    (
        "DELETE /v1/sessions/{id}",
        Done(&[
            "POST /sign-out",
            "POST /account/sessions/end",
            "POST /account/sessions/end-others",
            "POST /dashboard/accounts/{id}/sessions",
        ]),
    ),
    ("GET /v1/whoami", Done(&["GET /account/security"])),
    ("POST /v1/accounts", Done(&["GET /dashboard/accounts/new", "POST /dashboard/accounts/new"])),
    ("GET /v1/accounts", Done(&["GET /dashboard/accounts"])),
    ("GET /v1/accounts/{id}", Done(&["GET /dashboard/accounts/{id}"])),
    (
        "PATCH /v1/accounts/{id}",
        Done(&[
            "GET /dashboard/accounts/{id}/details",
            "POST /dashboard/accounts/{id}/details",
            "GET /dashboard/accounts/{id}/password",
            "POST /dashboard/accounts/{id}/password",
            "GET /dashboard/accounts/{id}/{step}",
            "POST /dashboard/accounts/{id}/{step}",
            "GET /account/email",
            "POST /account/email",
            "POST /account/password",
            "GET /account/standing/{what}",
            "POST /account/standing/{what}",
        ]),
    ),
    ("DELETE /v1/accounts/{id}", Done(&["POST /dashboard/accounts/{id}/{step}", "POST /account/standing/{what}"])),
    ("POST /v1/accounts/{id}/revoke-keys", Done(&["POST /dashboard/accounts/{id}/{step}"])),
    (
        "POST /v1/keys",
        Done(&[
            "GET /account/keys/new",
            "POST /account/keys/new",
            "GET /dashboard/keys/new",
            "POST /dashboard/keys/new",
            "GET /dashboard/accounts/{id}/keys/new",
            "POST /dashboard/accounts/{id}/keys/new",
        ]),
    ),
    ("GET /v1/keys", Done(&["GET /account", "GET /dashboard/keys"])),
    ("GET /v1/keys/{id}", Done(&["GET /account", "GET /dashboard/keys/{id}"])),
    ("PATCH /v1/keys/{id}", Done(&["GET /dashboard/keys/{id}", "POST /dashboard/keys/{id}"])),
    ("DELETE /v1/keys/{id}", Done(&["GET /dashboard/keys/{id}/revoke", "POST /dashboard/keys/{id}/revoke"])),
    (
        "POST /v1/keys/revoke",
        Done(&["GET /account/keys/delete", "POST /account/keys/delete", "GET /dashboard/keys/revoke", "POST /dashboard/keys/revoke"]),
    ),
    ("POST /v1/policies", Done(&["GET /dashboard/policies/new", "POST /dashboard/policies/new"])),
    ("GET /v1/policies", Done(&["GET /dashboard/policies"])),
    ("GET /v1/policies/{id}", Done(&["GET /dashboard/policies/{id}"])),
    ("PUT /v1/policies/{id}", Done(&["GET /dashboard/policies/{id}", "POST /dashboard/policies/{id}"])),
    ("DELETE /v1/policies/{id}", Done(&["GET /dashboard/policies/{id}/delete", "POST /dashboard/policies/{id}/delete"])),
    ("GET /v1/gates", Done(&["GET /dashboard/gates"])),
    ("GET /v1/gates/{name}", Done(&["GET /dashboard/gates/{name}"])),
    (
        "PUT /v1/gates/{name}",
        Done(&["GET /dashboard/gates/new", "POST /dashboard/gates/new", "GET /dashboard/gates/{name}", "POST /dashboard/gates/{name}"]),
    ),
    ("DELETE /v1/gates/{name}", Done(&["GET /dashboard/gates/{name}/delete", "POST /dashboard/gates/{name}/delete"])),
    ("GET /v1/permissions", Done(&["GET /dashboard/permissions", "GET /dashboard/policies/new"])),
    (
        "PUT /v1/services/{service}/permissions",
        Not("a service declares what it checks when it starts; what a person typed would be undone then"),
    ),
    ("POST /v1/verify", Not("a service asks it of the keys that it is shown; a person has no such key")),
    ("POST /v1/verify/batch", Not("as the one before, of many keys")),
    ("POST /v1/explain", Done(&["GET /explain", "POST /explain"])),
    ("GET /v1/events", Done(&["GET /dashboard", "GET /dashboard/audit", "GET /dashboard/audit/events.jsonl"])),
    ("GET /v1/cluster", Done(&["GET /dashboard/cluster"])),
    ("GET /v1/stats", Done(&["GET /dashboard"])),
    ("GET /livez", Not("a supervisor asks it")),
    ("GET /readyz", Not("a balancer asks it")),
    ("GET /metrics", Not("a collector asks it")),
    ("GET /openapi.json", Done(&["GET /docs", "GET /docs/{tag}"])),
];

/// Each form, and the operations that do what it does.
const FORMS: &[(&str, Twin)] = &[
    ("POST /preferences", Not("language and theme are cookies of the browser, and stored nowhere else")),
    ("POST /setup/{nonce}", Not("there is nobody yet who could call the API: the link is the operator's word")),
    ("POST /reset/{token}", Not("whoever uses the link cannot sign in: it is the operator's word")),
    ("POST /sign-in", Done(&["POST /v1/sessions"])),
    ("POST /sign-out", Done(&["DELETE /v1/sessions/{id}"])),
    ("POST /dashboard/policies/new", Done(&["POST /v1/policies"])),
    ("POST /dashboard/policies/{id}", Done(&["PUT /v1/policies/{id}"])),
    ("POST /dashboard/policies/{id}/delete", Done(&["DELETE /v1/policies/{id}"])),
    ("POST /dashboard/gates/new", Done(&["PUT /v1/gates/{name}"])),
    ("POST /dashboard/gates/{name}", Done(&["PUT /v1/gates/{name}"])),
    ("POST /dashboard/gates/{name}/delete", Done(&["DELETE /v1/gates/{name}"])),
    ("POST /dashboard/accounts/new", Done(&["POST /v1/accounts"])),
    ("POST /dashboard/accounts/{id}/details", Done(&["PATCH /v1/accounts/{id}"])),
    ("POST /dashboard/accounts/{id}/password", Done(&["PATCH /v1/accounts/{id}"])),
    ("POST /dashboard/accounts/{id}/sessions", Done(&["DELETE /v1/sessions/{id}"])),
    ("POST /dashboard/accounts/{id}/keys/new", Done(&["POST /v1/keys"])),
    (
        "POST /dashboard/accounts/{id}/{step}",
        Done(&["PATCH /v1/accounts/{id}", "DELETE /v1/accounts/{id}", "POST /v1/accounts/{id}/revoke-keys"]),
    ),
    ("POST /dashboard/keys/new", Done(&["POST /v1/keys"])),
    ("POST /dashboard/keys/revoke", Done(&["POST /v1/keys/revoke"])),
    ("POST /dashboard/keys/{id}", Done(&["PATCH /v1/keys/{id}"])),
    ("POST /dashboard/keys/{id}/revoke", Done(&["DELETE /v1/keys/{id}"])),
    ("POST /explain", Done(&["POST /v1/explain"])),
    ("POST /account/keys/new", Done(&["POST /v1/keys"])),
    ("POST /account/keys/delete", Done(&["POST /v1/keys/revoke"])),
    ("POST /account/email", Done(&["PATCH /v1/accounts/{id}"])),
    ("POST /account/password", Done(&["PATCH /v1/accounts/{id}"])),
    ("POST /account/sessions/end", Done(&["DELETE /v1/sessions/{id}"])),
    ("POST /account/sessions/end-others", Done(&["DELETE /v1/sessions/{id}"])),
    ("POST /account/standing/{what}", Done(&["PATCH /v1/accounts/{id}", "DELETE /v1/accounts/{id}"])),
];

/// By name, what each row names; those with a reason name nothing.
fn named(rows: &'static [(&str, Twin)]) -> BTreeMap<&'static str, Vec<&'static str>> {
    let twins = |twin: &Twin| match twin {
        Done(twins) => {
            assert!(!twins.is_empty(), "name a twin, or say why there is none");
            twins.to_vec()
        }
        Not(reason) => {
            assert!(reason.contains(' '), "{reason:?} is no reason");
            Vec::new()
        }
    };
    rows.iter().map(|(name, twin)| (*name, twins(twin))).collect()
}

fn operations() -> Vec<String> {
    let document = serde_json::to_value(keybearer::http::native::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = paths.map(|(path, methods)| (path, methods.as_object().unwrap().keys()));
    methods.flat_map(|(path, methods)| methods.map(move |method| format!("{} {path}", method.to_uppercase()))).collect()
}

#[test]
fn every_operation_and_every_form_has_a_twin_or_a_reason() {
    let forms = ROUTES.iter().filter(|(method, _)| *method == "POST").map(|(method, path)| format!("{method} {path}"));
    assert_complete(operations(), OPERATIONS.iter().map(|row| row.0.to_owned()));
    assert_complete(forms, FORMS.iter().map(|row| row.0.to_owned()));
}

#[test]
fn twins_exist_and_name_each_other() {
    let pages: Vec<String> = ROUTES.iter().map(|(method, path)| format!("{method} {path}")).collect();
    let (operations, forms) = (named(OPERATIONS), named(FORMS));
    let mut wrong = Vec::new();
    for (operation, twins) in &operations {
        for page in twins {
            if !pages.iter().any(|known| known == page) {
                wrong.push(format!("{operation}: there is no page {page}"));
            }
            if page.starts_with("POST ") && !forms.get(page).is_some_and(|back| back.contains(operation)) {
                wrong.push(format!("{page} does not name {operation}"));
            }
        }
    }
    for (form, twins) in &forms {
        for operation in twins {
            match operations.get(operation) {
                None => wrong.push(format!("{form}: there is no operation {operation}")),
                Some(back) if !back.contains(form) => wrong.push(format!("{operation} does not name {form}")),
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
