//! Whose failed logins they are, where proxies stand between.

use serde_json::json;

use crate::support::{Answer, PASSWORD, Server};

/// Failures that cost nothing.
const FREE: usize = 5;

/// Tries to sign in as the administrator, with these lines of X-Forwarded-For.
async fn sign_in(server: &Server, password: &str, lines: &[&str]) -> Answer {
    let mut ask = server.ask("POST", "/v1/sessions");
    for line in lines {
        ask = ask.header("x-forwarded-for", line);
    }
    ask.json(&json!({"username": "admin", "password": password})).send().await
}

/// Uses up what is free for whoever these lines speak of.
async fn exhaust(server: &Server, lines: &[&str]) {
    for _ in 0..FREE {
        sign_in(server, "a password that nobody has", lines).await.problem(401, "sign_in_failed");
    }
    sign_in(server, PASSWORD, lines).await.problem(429, "too_many_failed_logins");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_failures_of_its_own() {
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    exhaust(&server, &["198.51.100.7"]).await;
    // The same client, whatever it puts in front, in as many lines as it likes, and through one more proxy.
    for lines in
        [&["203.0.113.5, 198.51.100.7"][..], &["203.0.113.5", "198.51.100.7"], &["198.51.100.7, 127.0.0.2"], &["198.51.100.7:4711"]]
    {
        sign_in(&server, PASSWORD, lines).await.problem(429, "too_many_failed_logins");
    }
    for lines in [&["198.51.100.8"][..], &["198.51.100.7, 198.51.100.8"], &["198.51.100.7, nonsense"], &["2001:db8::1"], &[]] {
        sign_in(&server, PASSWORD, lines).await.expect(201);
    }
}

#[tokio::test]
async fn nobody_else_is_believed() {
    for trusted in [&[][..], &["192.0.2.0/24"]] {
        let server = Server::start_with(|config| config.trusted_proxies = trusted.iter().map(|text| text.parse().unwrap()).collect()).await;
        exhaust(&server, &["198.51.100.7"]).await;
        for lines in [&["198.51.100.8"][..], &["192.0.2.1"], &[]] {
            sign_in(&server, PASSWORD, lines).await.problem(429, "too_many_failed_logins");
        }
    }
}

#[tokio::test]
async fn the_header_forwarded_is_not_read() {
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    exhaust(&server, &[]).await;
    let ask = server.ask("POST", "/v1/sessions").header("forwarded", "for=198.51.100.8");
    ask.json(&json!({"username": "admin", "password": PASSWORD})).send().await.problem(429, "too_many_failed_logins");
}
