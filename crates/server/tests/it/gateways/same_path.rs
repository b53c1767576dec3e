//! A gate with rules judges a path, and the application serves one: they must be the same, byte for byte.

use super::client::ask;
use super::forged::spellings;
use super::passing::SOMEBODY;
use super::proxy::{Kind, Proxy};
use super::site::Site;

/// Paths that somebody along the way may want to tidy.
const PATHS: [&str; 22] = [
    "/",
    "//",
    "/a//b",
    "//a/b",
    "/a/../b",
    "/a/./b",
    "/a/..%2fb",
    "/a/%2e%2e/b",
    "/a%2fb",
    "/%61",
    "/a%00b",
    "/a%0d%0ab",
    "/a\\b",
    "/a;x=1/../b",
    "/a?x=/../b",
    "/a/?",
    "/a??b",
    "/a/..",
    "/../a",
    "/a+b%20c",
    "/a%",
    "/_gate",
];

pub async fn gate_and_application_are_told_of_the_same_path(kind: Kind) {
    let (gate, application) = (Site::answering(200, SOMEBODY).await, Site::answering(200, &[]).await);
    let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
    let mut passed = 0;
    let absolute = ["http://app.example/a/b?c", "http://other.example/a"];
    for target in PATHS.into_iter().chain(absolute) {
        let answer = ask(proxy.address, "GET", target, "", "").await;
        let (asked, served) = (gate.take(), application.take());
        if let [served] = &served[..] {
            assert_eq!(answer.status, 200, "{target}");
            assert_eq!(asked[0].all("x-forwarded-uri"), [&*served.target], "{target}");
            passed += 1;
        } else {
            assert!(served.is_empty() && answer.status >= 400, "{target}: {answer:?}");
        }
    }
    assert!(passed >= 15, "the proxy refuses too much for this to tell anything: {passed}");
}

/// By these some applications take another method or path than that of the first line.
const OVERRIDES: [&str; 6] =
    ["x-original-url", "x-original-uri", "x-rewrite-url", "x-http-method-override", "x-http-method", "x-method-override"];

pub async fn no_header_has_the_application_serve_something_else(kind: Kind) {
    let (gate, application) = (Site::answering(200, SOMEBODY).await, Site::answering(200, &[]).await);
    let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
    let answer = ask(proxy.address, "GET", "/a", &OVERRIDES.map(spellings).concat(), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let served = application.take_one();
    for name in OVERRIDES {
        assert!(served.read_loosely(name).is_empty(), "{name}: {served:?}");
    }
}
