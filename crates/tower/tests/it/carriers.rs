//! Which headers carry a key, and what is asked about it.

use keybearer_tower::{KeyKind, Requirement, all_of, any_key, any_of, level};

use crate::stub::{Door, KEY, Manner, Stub, catalog, verdict, yes};

const ID: &str = "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11";
/// `id:secret` in base64.
const PAIR: &str = "aWQ6c2VjcmV0";

#[tokio::test]
async fn each_carrier_brings_its_key() {
    let stub = Stub::new(Manner::Say(yes(r#""catalog:items.read""#))).await;
    let door = Door::started(&stub).await;
    for (name, value, key) in [
        ("authorization", format!("Bearer {KEY}"), KEY),
        ("Authorization", format!("bEARER   {KEY}  "), KEY),
        ("authorization", format!("Basic {PAIR}"), "id:secret"),
        ("authorization", format!("basic {PAIR}"), "id:secret"),
        ("X-API-Key", KEY.to_owned(), KEY),
        ("x-api-key", format!(" {KEY}"), KEY),
    ] {
        door.knock(&[(name, &value)]).await.expect(200, "");
        let asked = stub.questions().pop().unwrap();
        assert_eq!(asked, format!(r#"{{"key":"{key}","any_of":["catalog:items.read"]}}"#), "{name}: {value}");
    }
}

#[tokio::test]
async fn what_carries_no_key_is_refused_without_a_question() {
    let stub = Stub::new(Manner::Say(yes(r#""catalog:items.read""#))).await;
    let door = Door::started(&stub).await;
    let (bearer, long) = (format!("Bearer {KEY}"), format!("Bearer {}", "a".repeat(8 * 1024)));
    let with_a_colon = format!("Bearer {ID}:secret");
    for (headers, status, code) in [
        (vec![], 401, "credential_missing"),
        (vec![("cookie", "session=1")], 401, "credential_missing"),
        (vec![("catena-api-key", KEY)], 401, "credential_missing"),
        (vec![("authorization", "")], 401, "credential_malformed"),
        (vec![("authorization", KEY)], 401, "credential_malformed"),
        (vec![("authorization", "Bearer ")], 401, "credential_malformed"),
        (vec![("authorization", "Bearer two words")], 401, "credential_malformed"),
        (vec![("authorization", "Bearer k\u{e4}se")], 401, "credential_malformed"),
        (vec![("authorization", "Digest username=a")], 401, "credential_malformed"),
        (vec![("authorization", with_a_colon.as_str())], 401, "credential_malformed"),
        (vec![("authorization", long.as_str())], 401, "credential_malformed"),
        (vec![("authorization", "Basic !")], 401, "credential_malformed"),
        (vec![("authorization", "Basic aWQ=")], 401, "credential_malformed"),
        (vec![("authorization", "Basic aWQ6")], 401, "credential_malformed"),
        (vec![("authorization", "Basic OnNlY3JldA==")], 401, "credential_malformed"),
        (vec![("authorization", "Basic aWQ6/w==")], 401, "credential_malformed"),
        (vec![("x-api-key", "")], 401, "credential_malformed"),
        (vec![("x-api-key", with_a_colon.trim_start_matches("Bearer "))], 401, "credential_malformed"),
        (vec![("authorization", bearer.as_str()), ("authorization", bearer.as_str())], 400, "ambiguous_credential"),
        (vec![("authorization", bearer.as_str()), ("x-api-key", KEY)], 400, "ambiguous_credential"),
        (vec![("x-api-key", KEY), ("x-api-key", KEY)], 400, "ambiguous_credential"),
        (vec![("x-api-key", KEY), ("catena-api-key", KEY)], 400, "ambiguous_credential"),
        (vec![("authorization", bearer.as_str()), ("catena-session-id", "a")], 400, "ambiguous_credential"),
        (vec![("authorization", ""), ("x-api-key", KEY)], 400, "ambiguous_credential"),
    ] {
        let answer = door.knock(&headers).await;
        answer.expect(status, code);
        let challenge = match code {
            "credential_missing" => r#"Bearer realm="catalog""#,
            "credential_malformed" => r#"Bearer realm="catalog", error="invalid_token""#,
            _ => "",
        };
        assert_eq!(answer.header("www-authenticate"), challenge, "{headers:?}");
    }
    assert_eq!((stub.questions().len(), door.entered()), (0, 0));
}

#[tokio::test]
async fn each_requirement_is_asked_in_full_names() {
    let person = r##"{"valid":true,"code":"VALID","key":{"id":"#","kind":"account","name":"ada","owner":7,"level":4,"metadata":{}}}"##;
    let person = verdict(&person.replace('#', ID));
    let service = yes(r#""catalog:items.read","catalog:items.write""#);
    let rows: [(Requirement, &str, &str); 8] = [
        (any_key(), "", &service),
        (any_of([]), "", &person),
        (any_of(["items.read", "items.write"]), r#","any_of":["catalog:items.read","catalog:items.write"]"#, &service),
        (all_of(["items.read", "items.write"]), r#","all_of":["catalog:items.read","catalog:items.write"]"#, &service),
        (
            any_of(["items.read"]).and_all_of(["items.write"]).of_kind(KeyKind::Service),
            r#","any_of":["catalog:items.read"],"all_of":["catalog:items.write"],"kind":"service""#,
            &service,
        ),
        (level(0), r#","level":0"#, &person),
        (level(4).of_kind(KeyKind::Account), r#","level":4,"kind":"account""#, &person),
        (any_key().of_kind(KeyKind::Account), r#","kind":"account""#, &person),
    ];
    for (requirement, asked, answer) in rows {
        let stub = Stub::new(Manner::Say(answer.to_owned())).await;
        let catalog = catalog();
        let door = Door::behind(catalog.require(requirement.clone()));
        drop(catalog.require(any_of(["items.read", "items.write"])));
        catalog.start(stub.keybearer()).await.unwrap();
        assert_eq!(door.knock_with_the_key().await.status, 200, "{requirement:?}");
        assert_eq!(stub.questions(), [format!(r#"{{"key":"{KEY}"{asked}}}"#)], "{requirement:?}");
        // A key that the server calls good, of the other kind: where something was asked of it, this cannot be.
        let other = if answer == person { &service } else { &person };
        stub.set(Manner::Say(other.clone()));
        let passes = requirement == any_key();
        let status = if passes { 200 } else { 503 };
        assert_eq!(door.knock_with_the_key().await.status, status, "{requirement:?}");
    }
}
