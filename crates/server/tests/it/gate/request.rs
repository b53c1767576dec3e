//! Method and path of the request about which a proxy asks: who may tell them, and what is refused.

use serde_json::json;

use crate::support::{Ask, Made, Server};

const URIS: [&str; 3] = ["x-forwarded-uri", "x-original-uri", "x-original-url"];
const METHODS: [&str; 2] = ["x-forwarded-method", "x-original-method"];

/// A server that believes, or does not believe, who asks; with a gate `shop` and a key of level 4.
async fn server(trusted: &str) -> (Server, Made) {
    let server = Server::start_with(|config| config.trusted_proxies = vec![trusted.parse().unwrap()]).await;
    let admin = server.admin().await;
    let gate = json!({"kind": "account", "rules": [
        {"methods": ["GET", "HEAD"], "path": "/orders", "level": 1},
        {"path": "/orders/admin", "level": 8},
        {"methods": ["POST"], "path": "/orders", "level": 4},
        {"methods": ["PUT"], "level": 2},
    ]});
    server.put("/v1/gates/shop", &admin, gate).await.expect(201);
    let key = server.account_key(&admin, 4).await;
    (server, key)
}

fn ask(server: &Server, key: &Made, headers: &[(&str, &str)]) -> Ask {
    headers.iter().fold(server.ask("GET", "/gate/shop").with(&key.bearer()), |ask, (name, value)| ask.header(name, value))
}

#[tokio::test]
async fn the_first_rule_that_fits_decides() {
    let (server, key) = server("127.0.0.0/8").await;
    for (method, uri, why) in [
        ("GET", "/orders", ""),
        ("HEAD", "/orders/1?x=/other", ""),
        ("GET", "/orders/admin", ""),
        ("POST", "/orders/admin/1", "INSUFFICIENT_LEVEL"),
        ("POST", "/orders/", ""),
        ("POST", "/%6frders", ""),
        ("POST", "/ordersx", "NO_RULE"),
        ("POST", "/Orders", "NO_RULE"),
        ("POST", "/?/orders", "NO_RULE"),
        ("DELETE", "/orders", "NO_RULE"),
        ("get", "/orders", "NO_RULE"),
        ("PUT", "/anything", ""),
        ("GET", "/", "NO_RULE"),
    ] {
        let status = if why.is_empty() { 200 } else { 403 };
        let text = if why.is_empty() { String::new() } else { format!("{why}\n") };
        for uri_header in URIS {
            for method_header in METHODS {
                let answer = ask(&server, &key, &[(uri_header, uri), (method_header, method)]).send().await;
                assert_eq!((answer.status.as_u16(), &*answer.text), (status, &*text), "{method} {uri}");
            }
        }
        let url = format!("https://shop.example.com:8443{uri}");
        let answer = ask(&server, &key, &[("x-original-url", &url), ("x-original-method", method)]).send().await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (status, &*text), "{method} {url}");
        // As Envoy asks: the request itself, below the name of the gate.
        if method != "get" {
            let answer = server.ask(method, &format!("/gate/shop{uri}")).with(&key.bearer()).send().await;
            let text = if method == "HEAD" { "" } else { &*text };
            assert_eq!((answer.status.as_u16(), &*answer.text), (status, text), "{method} /gate/shop{uri}");
        }
    }
}

#[tokio::test]
async fn a_path_that_two_may_read_otherwise_is_refused() {
    let (server, key) = server("127.0.0.0/8").await;
    for path in [
        "/orders/../admin",
        "/orders/./1",
        "/orders/..",
        "/orders/%2e%2e/admin",
        "/orders/.%2E/x",
        "//orders",
        "/orders//1",
        "/orders/%2f/x",
        "/orders%2Fadmin",
        "/orders\\admin",
        "/orders%5cadmin",
        "/orders%00",
        "/orders/%",
        "/orders/%2",
        "/orders/%zz",
        "/orders/%c0%ae%c0%ae",
        "/orders/%252e%252e/x",
        "/orders;x",
        "/orders/..;/admin",
        "/orders#x",
        "/orders%23",
        "/orders%3f",
        "orders",
        "",
        "*",
        "shop.example.com/orders",
        "ftp://h/orders",
        "https://h",
        "/orders/\u{e4}",
    ] {
        for header in URIS {
            let answer = ask(&server, &key, &[(header, path), ("x-forwarded-method", "GET")]).send().await;
            assert_eq!((answer.status.as_u16(), &*answer.text), (403, "PATH_UNCLEAR\n"), "{header}: {path}");
        }
        // A rule that needs no path is not reached past one that does.
        ask(&server, &key, &[(URIS[0], path), (METHODS[0], "PUT")]).send().await.expect_text(403, "PATH_UNCLEAR\n");
    }
    for path in ["/orders/%2e%2e/x", "/orders//x", "/orders%2fx", "/orders;x", "//orders", "/orders%00", "/orders/%ff"] {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let request =
            format!("GET /gate/shop{path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n", key.token);
        let mut answer = String::new();
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("PATH_UNCLEAR\n"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn what_did_not_arrive_or_differs_is_a_no() {
    let (server, key) = server("127.0.0.0/8").await;
    let (uri, method) = (("x-forwarded-uri", "/orders"), ("x-forwarded-method", "GET"));
    for (headers, why) in [
        (&[][..], "METHOD_MISSING"),
        (&[uri], "METHOD_MISSING"),
        (&[method], "PATH_MISSING"),
        (&[uri, method, ("x-original-uri", "/orders/1")], "CONFLICTING"),
        (&[uri, method, ("x-original-url", "http://h/orders/")], "CONFLICTING"),
        (&[uri, method, ("x-forwarded-uri", "/other")], "CONFLICTING"),
        (&[uri, method, ("x-original-method", "POST")], "CONFLICTING"),
        (&[uri, method, ("x-forwarded-method", "get")], "CONFLICTING"),
    ] {
        ask(&server, &key, headers).send().await.expect_text(403, &format!("{why}\n"));
    }
    ask(&server, &key, &[uri, method, ("x-original-url", "http://h/orders?q"), ("x-original-method", "GET")])
        .send()
        .await
        .expect_text(200, "");
    // Envoy repeats the request below the gate: what headers say beside it must be the same.
    let below = |name: &str, value: &str| server.ask("GET", "/gate/shop/orders").with(&key.bearer()).header(name, value).send();
    below("x-forwarded-uri", "/orders?q").await.expect_text(200, "");
    below("x-forwarded-uri", "/orders/1").await.expect_text(403, "CONFLICTING\n");
    below("x-original-method", "POST").await.expect_text(403, "CONFLICTING\n");
    let metrics = server.get("/metrics", &server.admin().await).await.text;
    assert!(metrics.contains("keybearer_gate_stops_total{reason=\"CONFLICTING\"} 7"), "{metrics}");
}

#[tokio::test]
async fn nobody_else_is_believed_and_nothing_else_is_looked_at() {
    let (server, key) = server("192.0.2.0/24").await;
    for uri in URIS {
        for method in METHODS {
            ask(&server, &key, &[(uri, "/orders"), (method, "GET")]).send().await.expect_text(403, "METHOD_MISSING\n");
        }
    }
    for forwarded in ["x-forwarded-for", "x-real-ip", "forwarded"] {
        let headers = [("x-forwarded-uri", "/orders"), ("x-forwarded-method", "GET"), (forwarded, "192.0.2.1")];
        ask(&server, &key, &headers).send().await.expect_text(403, "METHOD_MISSING\n");
    }
    // The request itself counts below the gate, and what headers say beside it does not.
    let below = |path: &str| server.ask("POST", &format!("/gate/shop{path}")).with(&key.bearer());
    below("/orders/admin")
        .header("x-forwarded-uri", "/orders")
        .header("x-forwarded-method", "GET")
        .send()
        .await
        .expect_text(403, "INSUFFICIENT_LEVEL\n");
    for name in ["x-http-method-override", "x-method-override", "x-rewrite-url", "x-envoy-original-path", "referer"] {
        below("/orders/admin").header(name, "/orders").send().await.expect_text(403, "INSUFFICIENT_LEVEL\n");
    }
    for query in ["?level=0", "?path=/orders&method=GET", "?any_of=x", "?uri=/orders"] {
        below(&format!("/orders/admin{query}")).send().await.expect_text(403, "INSUFFICIENT_LEVEL\n");
    }
    below(&format!("/orders/{}", key.token)).send().await.expect_text(403, "KEY_IN_URL\n");
    below(&format!("/orders?token={}", key.token)).send().await.expect_text(403, "KEY_IN_URL\n");
}
