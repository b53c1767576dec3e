//! What does not pass, and how it is told.

use super::client::ask;
use super::passing::SOMEBODY;
use super::proxy::{Kind, Proxy};
use super::site::Site;
use super::world::{World, lines};
use crate::support::{Cred, Server};

pub async fn who_has_no_good_key_is_told_so_and_goes_no_further(kind: Kind) {
    let world = World::start(kind).await;
    let key = world.key().await;
    let Cred::Bearer(session) = world.server.admin().await else { panic!("a session") };
    let unknown = Cred::Basic(key.id.clone(), "0".repeat(64));
    for headers in [
        String::new(),
        lines(&Cred::Bearer("no key".into())),
        lines(&Cred::Bearer(session)),
        lines(&unknown),
        // Two of them, of whichever kinds: ambiguous, also if both are the same good key.
        lines(&key.bearer()) + &lines(&Cred::XApiKey(key.token.clone())),
        lines(&key.bearer()) + &lines(&key.bearer()),
        lines(&Cred::XApiKey(key.token.clone())).repeat(2),
        lines(&key.bearer()) + &lines(&Cred::CatenaSession("x".into())),
    ] {
        let answer = world.ask("GET", "/", &headers).await;
        assert!(is_refusal(kind, &headers, answer.status), "{headers}: {answer:?}");
        if answer.status == 401 {
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"keybearer\"", "{headers}: {answer:?}");
            // The reason in a word, where the proxy has no page of its own.
            assert!(kind == Kind::Nginx || answer.text.trim().chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{answer:?}");
        }
        assert!(world.application.take().is_empty(), "{headers}");
    }
}

/// nginx itself finds fault with two lines of `Authorization`, from version 1.23 on.
fn is_refusal(kind: Kind, headers: &str, status: u16) -> bool {
    status == 401 || (kind == Kind::Nginx && status == 400 && headers.matches("authorization:").count() > 1)
}

/// What a server answers by 200 although nobody may pass: a call of gRPC, and a question about other origins.
pub async fn what_is_answered_without_a_key_lets_nobody_pass(kind: Kind) {
    let server = Server::start_with(|config| config.cors_origins = vec!["https://a.example".parse().unwrap()]).await;
    let application = Site::answering(200, &[]).await;
    let proxy = Proxy::start(kind, server.address, "any", application.address).await;
    let preflight = "origin: https://a.example\r\naccess-control-request-method: GET\r\naccess-control-request-headers: x-api-key\r\n";
    for (method, headers) in [
        ("OPTIONS", preflight),
        ("GET", preflight),
        ("POST", "content-type: application/grpc\r\nte: trailers\r\n"),
        ("GET", "content-type: application/grpc+proto\r\n"),
        ("HEAD", ""),
    ] {
        assert_eq!(ask(proxy.address, method, "/", headers, "").await.status, 401, "{method} {headers}");
    }
    assert!(application.take().is_empty());
}

pub async fn what_the_gate_forbids_is_forbidden(kind: Kind) {
    let world = World::with_gate(kind, "there-is-none").await;
    let answer = world.ask("GET", "/", &lines(&world.key().await.bearer())).await;
    assert_eq!((answer.status, answer.header("www-authenticate")), (403, ""), "{answer:?}");
    assert!(world.application.take().is_empty());
}

pub async fn a_key_that_is_revoked_is_refused_at_once(kind: Kind) {
    let world = World::start(kind).await;
    let admin = world.server.admin().await;
    for _ in 0..5 {
        let key = world.key().await;
        let headers = lines(&key.bearer());
        for _ in 0..3 {
            assert_eq!(world.ask("GET", "/", &headers).await.status, 200);
        }
        world.server.delete(&format!("/v1/keys/{}", key.id), &admin).await.expect(204);
        assert_eq!(world.ask("GET", "/", &headers).await.status, 401);
        assert_eq!(world.application.take().len(), 3);
    }
}

pub async fn without_an_answer_of_the_gate_nobody_passes(kind: Kind) {
    let World { server, application, proxy } = World::start(kind).await;
    let key = lines(&server.account_key(&server.admin().await, 3).await.bearer());
    assert_eq!(ask(proxy.address, "GET", "/", &key, "").await.status, 200);
    assert_eq!(application.take().len(), 1);
    server.stop().await;
    // Its connections are gone, and its port is closed.
    for method in ["GET", "POST", "GET"] {
        let answer = ask(proxy.address, method, "/", &key, "").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    }
    for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\nx-key-id: 1", b"nonsense\r\n\r\n"] {
        let gate = Site::saying(bytes).await;
        let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
        let answer = ask(proxy.address, "GET", "/", &key, "").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    }
    assert!(application.take().is_empty());
}

pub async fn what_is_no_verdict_lets_nobody_pass(kind: Kind) {
    let application = Site::answering(200, &[]).await;
    for status in [302, 400, 404, 431, 500, 502, 503] {
        let gate = Site::answering(status, SOMEBODY).await;
        let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
        for method in ["GET", "POST"] {
            let answer = ask(proxy.address, method, "/", "", "").await;
            assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{status}: {answer:?}");
        }
        assert_eq!(gate.take().len(), 2);
    }
    assert!(application.take().is_empty());
}
