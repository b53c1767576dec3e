//! `/metrics`: what is counted, that it tells of nobody, and who may ask.

use keybearer::config::Access;
use keybearer_core::permission::OwnPermission;
use serde_json::json;

use crate::support::{Cred, DAY, PASSWORD, SECOND, Server, made};

async fn text(server: &Server) -> String {
    let answer = server.get("/metrics", &Cred::None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    answer.text
}

/// The value of a series, written as Prometheus writes it.
#[track_caller]
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

/// The series that are there, without their values.
fn series(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect()
}

#[tokio::test]
async fn verifications_are_counted_by_their_answer() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 3).await;
    let revoked = server.account_key(&admin, 3).await;
    server.delete(&format!("/v1/keys/{}", revoked.id), &admin).await.expect(204);
    let short = json!({"name": "short", "level": 3, "expires_in": 1});
    let expired = made(&server.post("/v1/keys", &admin, short).await.expect(201));
    server.advance(SECOND);
    let wrong = format!("{}:{}", key.id, "0".repeat(64));
    let questions = [
        ("VALID", json!({"key": key.token})),
        ("REVOKED", json!({"key": revoked.token})),
        ("EXPIRED", json!({"key": expired.token})),
        ("NOT_FOUND", json!({"key": wrong})),
        ("MALFORMED", json!({"key": "kb_"})),
        ("INSUFFICIENT_LEVEL", json!({"key": key.token, "level": 4})),
        ("INSUFFICIENT_PERMISSIONS", json!({"key": key.token, "any_of": ["shop:sell"]})),
    ];
    for (code, question) in &questions {
        assert_eq!(server.post("/v1/verify", &admin, question.clone()).await.expect(200)["code"], *code);
    }
    let batch: Vec<_> = questions.iter().map(|(_, question)| question).collect();
    server.post("/v1/verify/batch", &admin, json!({"items": batch})).await.expect(200);
    server.post("/v1/explain", &admin, json!({"key_id": key.id})).await.expect(200);
    let text = text(&server).await;
    for (code, _) in questions {
        assert_eq!(value(&text, &format!("keybearer_verifications_total{{kind=\"verify\",outcome=\"{code}\"}}")), 2.0, "{code}");
        assert_eq!(value(&text, &format!("keybearer_verifications_total{{kind=\"test\",outcome=\"{code}\"}}")), 0.0, "{code}");
    }
}

#[tokio::test]
async fn callers_and_logins_are_counted_by_what_they_were_worth() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let service = server.service_key("till", &[]).await;
    let person = server.account_key(&admin, 0).await;
    let before = text(&server).await;
    server.get("/api/v1/api_keys/test", &service.catena()).await.expect(200);
    server.get("/api/v1/api_keys/test", &person.catena()).await.expect(403);
    server.get("/api/v1/api_keys/test", &Cred::None).await.expect(401);
    server.delete(&format!("/v1/keys/{}", service.id), &admin).await.expect(204);
    server.get("/api/v1/api_keys/test", &service.catena()).await.expect(401);
    server.get("/v1/whoami", &Cred::Bearer("no.token".into())).await.expect(401);
    for _ in 0..6 {
        server.post("/v1/sessions", &Cred::None, json!({"username": "admin", "password": "wrong"})).await;
    }
    server.advance(DAY);
    server.get("/v1/whoami", &admin).await.expect(401);
    let after = text(&server).await;
    let grown = |series: &str| value(&after, series) - value(&before, series);
    let expected = [
        ("keybearer_verifications_total{kind=\"test\",outcome=\"VALID\"}", 1.0),
        ("keybearer_verifications_total{kind=\"test\",outcome=\"INSUFFICIENT_PERMISSIONS\"}", 1.0),
        ("keybearer_verifications_total{kind=\"test\",outcome=\"MALFORMED\"}", 1.0),
        ("keybearer_verifications_total{kind=\"test\",outcome=\"REVOKED\"}", 1.0),
        ("keybearer_authentications_total{credential=\"key\",outcome=\"VALID\"}", 2.0),
        ("keybearer_authentications_total{credential=\"key\",outcome=\"REVOKED\"}", 1.0),
        ("keybearer_authentications_total{credential=\"session\",outcome=\"VALID\"}", 1.0),
        ("keybearer_authentications_total{credential=\"session\",outcome=\"INVALID\"}", 1.0),
        ("keybearer_authentications_total{credential=\"session\",outcome=\"EXPIRED\"}", 1.0),
        ("keybearer_logins_total{outcome=\"failed\"}", 5.0),
        ("keybearer_logins_total{outcome=\"throttled\"}", 1.0),
        ("keybearer_logins_total{outcome=\"succeeded\"}", 0.0),
    ];
    for (series, number) in expected {
        assert_eq!(grown(series), number, "{series}");
    }
    assert_eq!(value(&before, "keybearer_logins_total{outcome=\"succeeded\"}"), 1.0);
}

#[tokio::test]
async fn requests_are_measured_by_method_template_and_status() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 3).await;
    for cred in [&admin, &admin, &Cred::None] {
        server.get(&format!("/v1/keys/{}", key.id), cred).await;
    }
    server.get("/nowhere", &admin).await.expect(404);
    server.ask("BREW", "/v1/whoami").send().await.expect(405);
    server.get("/whoami/key", &key.pair()).await.expect(200);
    server.ask("POST", "/keybearer.catena.v1.CatenaApiKeys/TestApiKey").body("application/grpc", vec![0; 5]).send().await;
    let text = text(&server).await;
    let count = |method: &str, route: &str, status: u16| {
        let labels = format!("http_request_method=\"{method}\",http_response_status_code=\"{status}\",http_route=\"{route}\"");
        assert!(value(&text, &format!("http_server_request_duration_seconds_sum{{{labels}}}")) > 0.0);
        assert!(text.contains(&format!("http_server_request_duration_seconds_bucket{{{labels},le=\"0.0005\"}}")));
        value(&text, &format!("http_server_request_duration_seconds_count{{{labels}}}"))
    };
    assert_eq!(count("GET", "/v1/keys/{id}", 200), 2.0);
    assert_eq!(count("GET", "/v1/keys/{id}", 401), 1.0, "a refusal belongs to its route");
    assert_eq!(count("GET", "none", 404), 1.0);
    assert_eq!(count("_OTHER", "/v1/whoami", 405), 1.0);
    assert_eq!(count("GET", "/whoami/key", 200), 1.0);
    assert_eq!(count("POST", "/keybearer.catena.v1.CatenaApiKeys/{*rest}", 505), 1.0, "over HTTP/1");
    assert_eq!(value(&text, "http_server_active_requests"), 1.0, "the one that asks");
}

#[tokio::test]
async fn the_state_of_index_and_store_is_told() {
    let (server, other) = (Server::start().await, Server::start().await);
    let admin = server.admin().await;
    server.person("Ada", "user").await;
    server.account_key(&admin, 3).await;
    server.service_key("till", &[]).await;
    server.advance(5 * SECOND);
    server.policy("another", &[]).await;
    let told = text(&server).await;
    let revision = server.get("/v1/stats", &admin).await.expect(200)["revision"].as_f64().unwrap();
    for (name, number) in [
        ("keybearer_index_accounts", 2.0),
        ("keybearer_index_sessions", 2.0),
        ("keybearer_index_keys", 2.0),
        ("keybearer_index_policies", 2.0),
        ("keybearer_index_revision", revision),
        ("keybearer_index_changed_timestamp_seconds", 1_767_225_605.0),
        ("keybearer_store_writer_queue", 0.0),
        ("keybearer_password_hashes_running", 0.0),
        ("keybearer_password_hashes_waiting", 0.0),
        ("keybearer_forgotten_total{what=\"keys\"}", 0.0),
        (concat!("keybearer_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        assert_eq!(value(&told, name), number, "{name}");
    }
    assert!(value(&told, "keybearer_store_writer_group_size_sum") >= revision);
    let (groups, commits) = ("keybearer_store_writer_group_size_count", "keybearer_store_commit_duration_seconds_count");
    // The server's own writing may fall between the two numbers.
    assert!((value(&told, groups) - value(&told, commits)).abs() <= 1.0, "each group is committed once");
    assert!(value(&told, "process_resident_memory_bytes") > 1e6);
    let told = text(&other).await;
    assert_eq!((value(&told, "keybearer_index_keys"), value(&told, "keybearer_index_accounts")), (0.0, 1.0), "each server has its own");
}

/// Whatever a client can choose bears the mark.
async fn leave_marks(server: &Server, mark: &str) -> Vec<String> {
    let admin = server.admin().await;
    let person = json!({"username": format!("{mark} person"), "password": PASSWORD, "email": format!("{mark}@example.com")});
    let person = server.post("/v1/accounts", &admin, person).await.expect(201);
    server.declare(&format!("{mark}.service"), &[&format!("{mark}.permission")]).await;
    let service = server.service_key(&format!("{mark} service"), &[&format!("{mark}.service:{mark}.permission")]).await;
    let body = json!({"name": format!("{mark} key"), "level": 4, "owner": person["id"], "metadata": {mark: mark}});
    let key = made(&server.post("/v1/keys", &admin, body).await.expect(201));
    for token in [&key.token, &service.token, mark] {
        server.verdict(token).await;
    }
    server.post("/v1/sessions", &Cred::None, json!({"username": mark, "password": mark})).await;
    for path in [format!("/{mark}"), format!("/v1/keys/{mark}"), format!("/v1/{mark}?{mark}={mark}"), format!("/apikeys/{mark}/jwt")] {
        server.get(&path, &Cred::None).await;
        server.ask(&mark.to_uppercase(), &path).send().await;
    }
    let grpc = format!("/keybearer.catena.v1.CatenaApiKeys/{mark}");
    server.ask("POST", &grpc).body("application/grpc", vec![0; 5]).send().await;
    let headed = server.ask("GET", "/v1/whoami").header("x-request-id", mark).header("user-agent", mark).header("traceparent", mark);
    headed.with(&key.pair()).send().await.expect(200);
    vec![mark.to_owned(), mark.to_uppercase(), key.id, key.secret, service.id, service.secret]
}

#[tokio::test]
async fn nothing_that_a_client_chose_is_told() {
    let server = Server::start().await;
    let mut marks = leave_marks(&server, "kanarie").await;
    text(&server).await; // This, too, is a request that makes a series.
    let first = text(&server).await;
    marks.extend(leave_marks(&server, "vogel").await);
    let second = text(&server).await;
    for mark in marks {
        assert!(!second.contains(&mark), "{mark} in\n{second}");
    }
    assert!(second.contains("_OTHER"), "the odd method was counted");
    let new: Vec<_> = series(&second).into_iter().filter(|one| !series(&first).contains(one)).collect();
    assert!(new.is_empty(), "the same requests with other names make no new series: {new:?}");
    assert!(series(&first).len() < 1_000, "{}", series(&first).len());
}

#[tokio::test]
async fn who_may_ask_is_a_setting() {
    let server = Server::start_with(|config| config.metrics.access = Access::Guarded).await;
    let admin = server.admin().await;
    let ada = server.person("Ada", "support").await;
    let may = server.service_key("collector", &[OwnPermission::AuditRead.full_name()]).await;
    let may_not = server.service_key("other", &[OwnPermission::Verify.full_name()]).await;
    for (cred, status) in [
        (Cred::None, 401),
        (Cred::Bearer("no token".into()), 401),
        (ada.session(), 403),
        (may_not.bearer(), 403),
        (server.account_key(&admin, 7).await.bearer(), 403),
        (server.account_key(&admin, 8).await.bearer(), 200),
        (admin, 200),
        (may.bearer(), 200),
        (may.pair(), 200),
    ] {
        let answer = server.get("/metrics", &cred).await;
        assert_eq!(answer.status, status, "{cred:?}: {}", answer.text);
    }
    let server = server.restart_with(|config| config.metrics.access = Access::Off).await;
    for cred in [Cred::None, server.admin().await] {
        server.get("/metrics", &cred).await.problem(404, "no_such_path");
    }
}
