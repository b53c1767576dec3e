//! The session in a cookie: what browsers are told of it, and that no other face knows it.

use keybearer::config::TlsConfig;

use super::browser::{Browser, assert_goes_to};
use crate::support::{Answer, Cred, PASSWORD, Server};

const FILLED: [(&str, &str); 3] = [("username", "admin"), ("password", PASSWORD), ("next", "")];

fn set(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_session_cookie_is_bound_to_the_host_wherever_people_come_by_https() {
    let server = Server::start().await.restart_with(|config| config.public_url = Some("https://keys.example.com".into())).await;
    let mut browser = Browser::new(&server);
    let answer = browser.fill("/sign-in", "/sign-in", &FILLED).await;
    assert_goes_to(&answer, "/");
    let session = set(&answer).into_iter().find(|cookie| cookie.starts_with("__Host-keybearer=")).unwrap();
    for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(!session.contains("Domain") && !session.contains("Max-Age"), "{session}");
    assert_goes_to(&browser.get("/").await, "/dashboard");

    let token = browser.cookies["__Host-keybearer"].clone();
    let mut plain = Browser::with_session(&server, &token);
    assert_goes_to(&plain.get("/account").await, "/sign-in?next=%2Faccount");
}

#[tokio::test]
async fn over_plain_http_the_cookie_has_a_plain_name() {
    let server = Server::start().await;
    let mut browser = Browser::new(&server);
    let answer = browser.fill("/sign-in", "/sign-in", &FILLED).await;
    let session = set(&answer).into_iter().find(|cookie| cookie.starts_with("keybearer=")).unwrap();
    assert!(session.contains("; HttpOnly") && session.contains("; SameSite=Lax") && session.contains("; Path=/"), "{session}");
    assert!(!session.contains("Secure"), "{session}");
    assert_eq!(browser.get("/dashboard").await.status, 200);
}

#[tokio::test]
async fn a_server_that_speaks_tls_binds_the_cookie_and_knows_its_origin_over_http_2() {
    let files = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = TlsConfig { cert: files.path().join("cert.pem"), key: files.path().join("key.pem") };
    std::fs::write(&tls.cert, certified.cert.pem()).unwrap();
    std::fs::write(&tls.key, certified.signing_key.serialize_pem()).unwrap();
    let server = Server::start().await.restart_with(|config| config.tls = Some(tls)).await;
    let trusted = reqwest::Certificate::from_pem(certified.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).tls_certs_only([trusted]);
    let client = client.resolve("localhost", server.address).http2_prior_knowledge().build().unwrap();
    let origin = format!("https://localhost:{}", server.address.port());
    let page = client.get(format!("{origin}/sign-in")).send().await.unwrap();
    let visitor = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let token = super::browser::hidden(&page.text().await.unwrap(), "_token");
    let body = super::browser::urlencoded(&[("_token", &token), ("username", "admin"), ("password", PASSWORD)]);
    for (sent, status) in [(origin.as_str(), 303), ("https://localhost:1", 403), (&origin.replace("https", "http"), 403)] {
        let ask = client.post(format!("{origin}/sign-in")).header("cookie", &visitor).header("origin", sent);
        let answer = ask.header("content-type", super::browser::FORM).body(body.clone()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{sent}");
        let session = answer.headers().get_all("set-cookie").iter().any(|cookie| {
            let cookie = cookie.to_str().unwrap();
            cookie.starts_with("__Host-keybearer=") && cookie.contains("; Secure")
        });
        assert_eq!(session, status == 303, "{sent}");
    }
}

#[tokio::test]
async fn the_cookie_opens_no_other_face() {
    let server = Server::start().await;
    let token = server.sign_in("admin", PASSWORD).await;
    for path in ["/v1/whoami", "/v1/keys", "/apikeys/jwt", "/whoami/jwt", "/api/v1/api_keys/policies"] {
        let answer = server.ask("GET", path).header("cookie", format!("keybearer={token}; __Host-keybearer={token}")).send().await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text);
        assert_eq!(server.get(path, &Cred::Bearer(token.clone())).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn no_header_opens_a_page() {
    let server = Server::start().await;
    server.person("grace", "user").await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 8).await;
    for cred in [&admin, &key.bearer(), &key.pair(), &Cred::XApiKey(key.token.clone())] {
        assert_goes_to(&server.get("/account", cred).await, "/sign-in?next=%2Faccount");
    }
    // Beside the cookie it counts for nothing: the page is that of who signed in.
    let token = server.sign_in("grace", PASSWORD).await;
    let page = server.ask("GET", "/account").header("cookie", format!("keybearer={token}")).with(&admin).send().await;
    assert!(page.status == 200 && page.text.contains("<bdi>grace</bdi>") && !page.text.contains("/dashboard"), "{}", page.text);
    let refused = server.ask("GET", "/dashboard").header("cookie", format!("keybearer={token}")).with(&admin).send().await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_key_a_foreign_token_and_two_cookies_are_no_session() {
    let server = Server::start().await;
    let key = server.account_key(&server.admin().await, 8).await;
    let token = server.sign_in("admin", PASSWORD).await;
    for cookie in [
        format!("keybearer={}", key.token),
        format!("keybearer={token}x"),
        "keybearer=".to_owned(),
        "keybearer=%00; keybearer".to_owned(),
        format!("keybearer={token}; keybearer={token}"),
    ] {
        let answer = server.ask("GET", "/account").header("cookie", &cookie).send().await;
        assert_goes_to(&answer, "/sign-in?next=%2Faccount");
    }
}
