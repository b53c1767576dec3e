//! What passes.

use super::client::{ask, statuses};
use super::proxy::{Kind, Proxy};
use super::site::Site;
use super::world::{World, lines};
use crate::support::Cred;

/// The headers that say whose key it is.
pub const NAMES: [&str; 4] = ["x-key-id", "x-owner-id", "x-key-level", "x-permissions"];

/// What the gate of a test says of everybody.
pub const SOMEBODY: &[(&str, &str)] = &[("x-key-id", "k"), ("x-owner-id", ""), ("x-key-level", "3"), ("x-permissions", "")];

pub async fn every_key_passes_and_the_application_learns_whose_it_is(kind: Kind) {
    let world = World::start(kind).await;
    let person = world.server.person("ada", "user").await;
    let own = world.server.account_key(&person.session(), 3).await;
    world.server.declare("shop", &["read"]).await;
    let service = world.server.service_key("storefront", &["shop:read"]).await;
    for (method, target) in [("GET", "/"), ("HEAD", "/"), ("POST", "/orders?limit=2&x=%20"), ("DELETE", "/orders/1"), ("OPTIONS", "/a/b/")]
    {
        for (cred, told) in [
            (own.bearer(), [&*own.id, &person.id.to_string(), "3", ""]),
            (own.pair(), [&*own.id, &person.id.to_string(), "3", ""]),
            (Cred::XApiKey(own.token.clone()), [&*own.id, &person.id.to_string(), "3", ""]),
            (service.catena(), [&*service.id, "", "", ""]),
        ] {
            let answer = world.ask(method, target, &format!("{}x-mine: 1\r\n", lines(&cred))).await;
            assert_eq!((answer.status, answer.text.contains("from the site")), (200, method != "HEAD"), "{method} {target}: {answer:?}");
            let seen = world.application.take_one();
            assert_eq!((&*seen.method, &*seen.target), (method, target));
            assert_eq!(NAMES.map(|name| seen.read_loosely(name).concat()), told);
            assert_eq!(seen.all("x-mine"), ["1"]);
            for carrier in ["authorization", "x-api-key", "catena-api-key"] {
                assert!(seen.all(carrier).is_empty(), "the key goes no further: {seen:?}");
            }
        }
    }
}

pub async fn a_big_body_reaches_the_application_and_no_body_the_gate(kind: Kind) {
    let (gate, application) = (Site::answering(200, SOMEBODY).await, Site::answering(200, &[]).await);
    let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
    let body = "0123456789abcdef".repeat(40_000);
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let chunks = "transfer-encoding: chunked\r\n";
    for (headers, sent) in [("", &body), ("expect: 100-continue\r\n", &body), (chunks, &chunked)] {
        let answer = ask(proxy.address, "POST", "/upload", headers, sent).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(application.take_one().body, body.len());
        let asked = gate.take_one();
        assert_eq!((asked.body, asked.all("transfer-encoding").len()), (0, 0), "{asked:?}");
        assert!(matches!(asked.all("content-length")[..], [] | ["0"]), "{asked:?}");
    }
    assert!(body.len() > 600_000);
}

pub async fn what_the_application_answers_is_left_as_it_is(kind: Kind) {
    for status in [201, 302, 401, 403, 404, 500, 502, 503] {
        let (gate, application) = (Site::answering(200, SOMEBODY).await, Site::answering(status, &[("x-mine", "1")]).await);
        let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
        let answer = ask(proxy.address, "GET", "/", "", "").await;
        assert_eq!((answer.status, answer.header("x-mine"), answer.text.contains("from the site")), (status, "1", true), "{answer:?}");
    }
}

pub async fn each_request_of_a_connection_is_asked_about(kind: Kind) {
    let world = World::start(kind).await;
    let key = lines(&world.key().await.bearer());
    let request = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
    let close = "connection: close\r\n";
    let requests = [
        request("/1", &key),
        request("/2", ""),
        request("/3", &key),
        request("/4", "x-key-id: k\r\nauthorization: Bearer kb_x\r\n"),
        request("/5", &format!("{key}{close}")),
    ];
    assert_eq!(statuses(world.proxy.address, &requests.concat()).await, [200, 401, 200, 401, 200]);
    let seen = world.application.take();
    assert_eq!(seen.iter().map(|seen| &*seen.target).collect::<Vec<_>>(), ["/1", "/3", "/5"]);
}

pub async fn the_longest_names_reach_the_application(kind: Kind) {
    let permissions: &'static str = format!("shop:{}", "read ".repeat(700)).leak().trim_end();
    let told = [("x-key-id", "k"), ("x-owner-id", "9007199254740991"), ("x-key-level", "8"), ("x-permissions", permissions)];
    let (gate, application) = (Site::answering(200, Box::leak(Box::new(told))).await, Site::answering(200, &[]).await);
    let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
    assert_eq!(ask(proxy.address, "GET", "/", "", "").await.status, 200);
    let seen = application.take_one();
    assert_eq!(NAMES.map(|name| seen.all(name).concat()), told.map(|(_, value)| value));
    assert!(permissions.len() > 3_072, "the most that a gate tells");
}
