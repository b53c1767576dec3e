//! Web pages of other origins.

use crate::support::{Answer, Ask, Cred, Server};

const APP: &str = "https://app.example.com";

async fn server() -> Server {
    Server::start_with(|config| config.cors_origins = vec![APP.parse().unwrap(), "http://localhost:3000".parse().unwrap()]).await
}

/// What a browser asks before it lets a page ask.
fn preflight(server: &Server, path: &str, origin: &str) -> Ask {
    let ask = server.ask("OPTIONS", path).header("origin", origin).header("access-control-request-method", "PATCH");
    ask.header("access-control-request-headers", "authorization,content-type")
}

/// All headers of CORS that an answer has.
fn headers(answer: &Answer) -> Vec<&str> {
    answer.headers.keys().map(axum::http::HeaderName::as_str).filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn a_page_may_ask_beforehand_without_a_credential() {
    let server = server().await;
    for path in ["/v1/keys", "/whoami/key", "/api/v1/api_keys/keys", "/nowhere"] {
        for origin in [APP, "http://localhost:3000"] {
            let answer = preflight(&server, path, origin).send().await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert_eq!(answer.header("access-control-allow-methods"), "GET,POST,PUT,PATCH,DELETE");
            let allowed = answer.header("access-control-allow-headers");
            for header in ["authorization", "content-type", "x-api-key", "if-match", "x-request-id", "catena-api-key", "catena-session-id"]
            {
                assert!(allowed.split(',').any(|one| one == header), "{header} is not in {allowed}");
            }
            assert!(!answer.headers.contains_key("access-control-allow-credentials"));
            assert!(answer.header("vary").contains("origin"));
        }
    }
}

#[tokio::test]
async fn a_page_may_read_answers_and_errors() {
    let server = server().await;
    let admin = server.admin().await;
    for (path, cred, status) in [
        ("/v1/whoami", &admin, 200),
        ("/v1/whoami", &Cred::None, 401),
        ("/nowhere", &Cred::None, 404),
        ("/v1/verify", &admin, 405),
        ("/whoami/key", &Cred::None, 401),
        ("/livez", &Cred::None, 200),
    ] {
        let answer = server.ask("GET", path).with(cred).header("origin", APP).send().await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.header("access-control-allow-origin"), APP, "{path}");
        assert_eq!(answer.header("access-control-expose-headers"), "etag,x-request-id,retry-after,location");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        assert!(answer.header("vary").contains("origin"), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_told_nothing() {
    let server = server().await;
    for origin in
        ["https://evil.example.com", "https://app.example.com.evil.org", "http://app.example.com", "https://app.example.com:8443", "null"]
    {
        let answer = preflight(&server, "/v1/keys", origin).send().await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        let answer = server.ask("GET", "/livez").header("origin", origin).send().await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
        assert!(answer.header("vary").contains("origin"), "a cache must not give the answer for one origin to another");
    }
}

#[tokio::test]
async fn without_the_setting_there_is_no_cors() {
    let server = Server::start().await;
    let answer = preflight(&server, "/v1/keys", APP).send().await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(headers(&answer), Vec::<&str>::new());
    let answer = server.ask("GET", "/livez").header("origin", APP).send().await;
    assert_eq!((headers(&answer), answer.header("vary")), (Vec::new(), ""));
}
