//! When a service does not start, and what it says then.

use keybearer_tower::{Credential, Fault, KeyKind, Keybearer, Requirement, Service, StartError, all_of, any_key, any_of, level};

use crate::stub::{Door, Manner, OWN, Stub, catalog, problem, response, verdict};

/// The faults of a service with one permission `good`, and what else is done to it.
fn faults(declare: impl FnOnce(Service) -> Service, required: &[Requirement]) -> Vec<Fault> {
    let service = declare(Service::new("catalog").permission("good", "To be good"));
    drop(service.require(any_of(["good"])));
    required.iter().for_each(|requirement| drop(service.require(requirement.clone())));
    match service.check() {
        Ok(()) => Vec::new(),
        Err(faults) => {
            let text = faults.to_string();
            assert_eq!(text.lines().count(), faults.all().len() + 1, "a line for each: {text}");
            faults.all().to_vec()
        }
    }
}

#[test]
fn each_fault_of_a_declaration_is_named() {
    let none: [Fault; 0] = [];
    assert_eq!(faults(|service| service, &[any_key(), any_of([]), level(8), any_of(["good"]).of_kind(KeyKind::Service)]), none);
    let name = || "x".to_owned();
    assert_eq!(faults(|service| service.permission("x", "X"), &[]), [Fault::Unused(name())]);
    assert_eq!(faults(|service| service, &[any_of(["x", "good"])]), [Fault::Undeclared(name())]);
    assert_eq!(faults(|service| service, &[all_of(["x", "good"]), all_of(["x"])]), [Fault::Undeclared(name())]);
    assert_eq!(faults(|service| service.permission("x", ""), &[any_of(["x"])]), [Fault::Description(name())]);
    assert_eq!(faults(|service| service.permission("x", " \u{a0}"), &[any_of(["x"])]), [Fault::Description(name())]);
    assert_eq!(faults(|service| service.permission("x", "a\nb"), &[any_of(["x"])]), [Fault::Description(name())]);
    assert_eq!(faults(|service| service.permission("x", &"ä".repeat(1_000)), &[any_of(["x"])]), none);
    assert_eq!(faults(|service| service.permission("x", &"ä".repeat(1_001)), &[any_of(["x"])]), [Fault::Description(name())]);
    assert_eq!(faults(|service| service.permission("good", "Once more"), &[]), [Fault::Twice("good".to_owned())]);
    // Two names, though they differ in case only: the server takes them so.
    assert_eq!(faults(|service| service.permission("GOOD", "Loudly"), &[any_of(["GOOD"])]), none);
    assert_eq!(faults(|service| service, &[level(9)]), [Fault::Level(9)]);
    assert_eq!(faults(|service| service, &[all_of([]), all_of([])]), [Fault::AllOfNothing]);
    assert_eq!(faults(|service| service, &[any_of(["good"]).and_all_of([])]), [Fault::AllOfNothing]);
    assert_eq!(faults(|service| service, &[level(3).and_all_of(["good"])]), [Fault::LevelWithPermissions]);
    assert_eq!(faults(|service| service, &[level(3).of_kind(KeyKind::Service)]), [Fault::LevelOfService]);
    assert_eq!(faults(|service| service, &[any_of(["good"]).of_kind(KeyKind::Account)]), [Fault::PermissionsOfAccount]);
    let full = faults(|service| service, &[any_of(["catalog:good"])]);
    assert_eq!(full, [Fault::Undeclared("catalog:good".to_owned())]);
    assert!(full[0].to_string().ends_with("not declared: name it without the service"), "{}", full[0]);
    let many = |most: usize| {
        let names: Vec<String> = (1..most).map(|number| format!("p{number}")).collect();
        let all = any_of(names.iter().map(String::as_str));
        faults(|service| names.iter().fold(service, |service, name| service.permission(name, "One of many")), &[all])
    };
    assert_eq!(many(1_000), none);
    assert_eq!(many(1_001), [Fault::TooMany(1_001)]);
}

#[test]
fn names_are_those_that_the_server_takes() {
    let of_service = |name: &str| Service::new(name).check().err().map(|faults| faults.all().to_vec());
    for name in ["a", "Catalog", "a.b_c-d9", &"a".repeat(64)] {
        assert_eq!(of_service(name), None, "{name}");
    }
    for name in ["", "9a", "_a", "a b", "a:b", "ä", "a/b", "a\"", "a\n", &"a".repeat(65)] {
        assert_eq!(of_service(name), Some(vec![Fault::ServiceName(name.to_owned())]), "{name}");
    }
    for name in ["keybearer", "KeyBearer"] {
        assert_eq!(of_service(name), Some(vec![Fault::Reserved(name.to_owned())]));
    }
    for name in ["a", "9", "items.read", "a/b", "A_b-c", &"a".repeat(128)] {
        assert_eq!(faults(|service| service.permission(name, "X"), &[any_of([name])]), [], "{name}");
    }
    for name in ["", ".a", "/a", "a b", "a:b", "ä", "a*", &"a".repeat(129)] {
        let found = faults(|service| service.permission(name, "X"), &[any_of([name])]);
        assert_eq!(found, [Fault::PermissionName(name.to_owned())], "{name}");
    }
}

#[tokio::test]
async fn a_service_with_a_fault_asks_nobody_and_does_not_start() {
    let stub = Stub::new(Manner::Silence).await;
    let service = catalog();
    let door = Door::behind(service.require(any_of(["items.raed"])));
    let error = service.start(stub.keybearer()).await.unwrap_err();
    let expected = "the declaration is not right:\n\
        - the permission \"items.raed\" is required, but not declared\n\
        - the permission \"items.read\" is declared, but never required\n\
        - the permission \"items.write\" is declared, but never required";
    assert_eq!(error.to_string(), expected);
    assert!(matches!(error, StartError::Faults(faults) if faults.all().len() == 3));
    assert!(stub.asked.lock().unwrap().is_empty());
    door.knock_with_the_key().await.expect(503, "in_doubt");
}

/// A server that gives one answer to `POST /v1/verify` and another to `PUT`, and what became of the start.
async fn start_beside(to_verify: &str, to_manifest: &str) -> (StartError, usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = [to_verify.to_owned(), to_manifest.to_owned()];
    let server = tokio::spawn(async move {
        for (number, answer) in answers.iter().enumerate() {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            let expected = ["POST /v1/verify", "PUT /v1/services/catalog/permissions"][number];
            assert!(piece[..read].starts_with(expected.as_bytes()));
            let answer = answer.replace("content-length", "connection: close\r\ncontent-length");
            stream.write_all(answer.as_bytes()).await.unwrap();
            // The body may still be on its way; to close now would reset the connection.
            while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {}
        }
    });
    let Err(error) = Door::started_at(Keybearer::at(&url, Credential::bearer(OWN).unwrap())).await else {
        panic!("it started");
    };
    server.abort();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(OWN), "{text}");
    (error, text.len())
}

#[tokio::test]
async fn a_server_that_refuses_keeps_the_service_from_starting() {
    let yes = verdict(r#"{"valid":false,"code":"MALFORMED"}"#);
    let fields = r#","errors":[{"pointer":"/0/name","message":"is declared twice"},{"pointer":"/1/description","message":"must say"}]"#;
    let item = |name: &str| format!(r#"{{"permission":"","service":"catalog","name":"{name}","description":"","declared":true}}"#);
    let items = format!(r#"{{"items":[{},{}]}}"#, item("items.read"), item("items.write"));
    for (to_verify, to_manifest, words) in [
        (problem(401, ""), yes.clone(), "Keybearer verifies no keys for this service: The stub says 401."),
        (problem(403, ""), yes.clone(), "Keybearer verifies no keys for this service: The stub says 403."),
        (problem(503, ""), yes.clone(), "Keybearer verifies no keys for this service: The stub says 503."),
        (response("200 OK", "text/html", "<h1>"), yes.clone(), "Keybearer verifies no keys for this service: the answer"),
        (verdict(r#"{"valid":true,"code":"VALID"}"#), yes.clone(), "it takes any text for a key"),
        (verdict(r#"{"valid":false,"code":"NOT_FOUND"}"#), yes.clone(), "it takes any text for a key"),
        (yes.clone(), problem(403, ""), "Keybearer does not take the manifest of this service: The stub says 403."),
        (yes.clone(), problem(422, fields), "says 422.\n- /0/name: is declared twice\n- /1/description: must say"),
        (yes.clone(), verdict("{}"), "Keybearer does not take the manifest of this service: the answer"),
        (yes.clone(), verdict(r#"{"items":[]}"#), "it took the manifest, and does not have the permissions"),
        (yes.clone(), verdict(&items.replace("true", "false")), "it took the manifest, and does not have the permissions"),
        (yes.clone(), verdict(&items.replace("catalog", "market")), "it took the manifest, and does not have the permissions"),
    ] {
        let (error, _) = start_beside(&to_verify, &to_manifest).await;
        assert!(error.to_string().contains(words), "{words:?} is not in {error}");
    }
}

#[tokio::test]
async fn a_url_without_a_server_keeps_the_service_from_starting() {
    let stub = Stub::new(Manner::Silence).await;
    let credential = || Credential::bearer(OWN).unwrap();
    let url = stub.url.clone();
    drop(stub);
    for (keybearer, words) in [
        (Keybearer::at(&url, credential()), "the server cannot be reached"),
        (Keybearer::at("keys.example.com", credential()), "the URL of the server cannot be read"),
        (Keybearer::at("https://kb_theServicesOwnSecret@a", credential()), "must not hold a user name or password"),
        (Keybearer::at("https://a", credential()).authorities(b"none".to_vec()), "no certificate can be read"),
    ] {
        let Err(error) = Door::started_at(keybearer).await else { panic!("it started: {words}") };
        assert!(error.to_string().contains(words), "{words:?} is not in {error}");
        assert!(!format!("{error} {error:?}").contains(OWN));
    }
}
