//! Gates as Envoy asks them, over gRPC.

use std::collections::HashMap;

use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse, HeaderAppendAction, HeaderValue, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::HeaderMap;
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::json;
use tonic::transport::Channel;

use crate::support::{Made, Server};

/// Envoy.
struct Envoy(AuthorizationClient<Channel>);

impl Envoy {
    async fn of(server: &Server) -> Self {
        Self(AuthorizationClient::connect(format!("http://{}", server.address)).await.unwrap())
    }

    async fn check(&mut self, gate: &str, http: HttpRequest) -> (u16, String, Vec<(String, String)>) {
        let attributes = AttributeContext {
            request: Some(Request { http: Some(http), ..Request::default() }),
            context_extensions: HashMap::from([("gate".to_owned(), gate.to_owned())]),
            ..AttributeContext::default()
        };
        self.ask(CheckRequest { attributes: Some(attributes) }).await
    }

    /// Status, body and headers of the answer to the client, or those that the application gets.
    async fn ask(&mut self, request: CheckRequest) -> (u16, String, Vec<(String, String)>) {
        let CheckResponse { status, http_response, .. } = self.0.check(request).await.unwrap().into_inner();
        let code = status.unwrap().code;
        let (answered, body, headers) = match http_response.unwrap() {
            HttpResponse::OkResponse(ok) => {
                assert!(ok.headers_to_remove.is_empty() && ok.query_parameters_to_set.is_empty());
                (200, String::new(), ok.headers)
            }
            HttpResponse::DeniedResponse(denied) => {
                (u16::try_from(denied.status.unwrap().code).unwrap(), denied.body.trim_end().to_owned(), denied.headers)
            }
            HttpResponse::ErrorResponse(error) => panic!("no verdict: {error:?}"),
        };
        assert_eq!(code == 0, answered == 200, "Envoy goes by the status {code}");
        let headers = headers.into_iter().map(|option| {
            assert_eq!(option.append_action(), HeaderAppendAction::OverwriteIfExistsOrAdd);
            let HeaderValue { key, value, .. } = option.header.unwrap();
            (key, value)
        });
        (answered, body, headers.collect())
    }
}

fn http(method: &str, path: &str, headers: &[(&str, &str)]) -> HttpRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpRequest { method: method.into(), path: path.into(), headers, ..HttpRequest::default() }
}

fn with(key: &Made) -> HttpRequest {
    http("GET", "/", &[("x-api-key", &key.token)])
}

fn bearer(key: &Made) -> String {
    format!("Bearer {}", key.token)
}

#[tokio::test]
async fn a_good_key_passes_and_all_identity_headers_are_set() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["read", "sell"]).await;
    server.put("/v1/gates/shop", &admin, json!({"any_of": ["shop:read"]})).await.expect(201);
    let till = server.service_key("till", &["shop:read", "shop:sell"]).await;
    let mine = server.account_key(&admin, 4).await;
    let mut envoy = Envoy::of(&server).await;

    let headers = [(":path", "/"), (":method", "GET"), ("authorization", &*bearer(&till)), ("x-key-id", "forged"), ("x-owner-id", "1")];
    let (status, _, told) = envoy.check("shop", http("GET", "/", &headers)).await;
    let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(status, 200);
    assert_eq!(told, [("x-key-id", &*till.id), ("x-owner-id", ""), ("x-key-level", ""), ("x-permissions", "shop:read")]);

    let (status, _, told) = envoy.check("any", with(&mine)).await;
    assert_eq!((status, &*told[2].1, &*told[3].1), (200, "4", ""));
    assert!(server.get(&format!("/v1/keys/{}", mine.id), &admin).await.expect(200)["last_used_at"].is_string());

    let raw = HeaderValue { key: "x-api-key".into(), value: String::new(), raw_value: till.token.clone().into_bytes() };
    let raw = HttpRequest { header_map: Some(HeaderMap { headers: vec![raw] }), ..http("GET", "/", &[]) };
    assert_eq!(envoy.check("shop", raw).await.0, 200);
}

#[tokio::test]
async fn whatever_is_no_good_key_is_refused_as_over_http() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.put("/v1/gates/high", &admin, json!({"level": 8, "carriers": ["x-api-key"]})).await.expect(201);
    let key = server.account_key(&admin, 4).await;
    let dead = server.account_key(&admin, 4).await;
    server.delete(&format!("/v1/keys/{}", dead.id), &admin).await.expect(204);
    let session = server.person("ada", "user").await.token;
    let mut envoy = Envoy::of(&server).await;
    let twice = format!("{0},{0}", bearer(&key));
    for (gate, headers, status, why) in [
        ("any", vec![], 401, "MISSING"),
        ("any", vec![("x-api-key", "kb_nonsense")], 401, "MALFORMED"),
        ("any", vec![("x-api-key", &*dead.token)], 401, "REVOKED"),
        ("any", vec![("x-api-key", &*key.token), ("catena-api-key", &*key.token)], 401, "AMBIGUOUS"),
        ("any", vec![("authorization", &*twice)], 401, "MALFORMED"),
        ("any", vec![("authorization", &*format!("Bearer {session}"))], 401, "MALFORMED"),
        ("high", vec![("authorization", &*bearer(&key))], 401, "MISSING"),
        ("high", vec![("x-api-key", &*key.token)], 403, "INSUFFICIENT_LEVEL"),
        ("nowhere", vec![("x-api-key", &*key.token)], 403, "NO_SUCH_GATE"),
        ("", vec![("x-api-key", &*key.token)], 403, "NO_SUCH_GATE"),
    ] {
        let (answered, told, headers) = envoy.check(gate, http("GET", "/", &headers)).await;
        assert_eq!((answered, &*told), (status, why), "{gate}");
        assert_eq!(headers.iter().any(|(name, _)| name == "www-authenticate"), status == 401, "{gate}");
    }
    let nothing = AttributeContext { context_extensions: HashMap::from([("gate".into(), "any".into())]), ..AttributeContext::default() };
    let unnamed =
        AttributeContext { request: Some(Request { http: Some(with(&key)), ..Request::default() }), ..AttributeContext::default() };
    for attributes in [None, Some(nothing), Some(unnamed)] {
        assert_eq!(envoy.ask(CheckRequest { attributes }).await.0, 403);
    }
}

#[tokio::test]
async fn rules_go_by_method_and_path_of_those_who_are_believed() {
    for (trusted, status) in [("127.0.0.1/32", 200), ("192.0.2.0/24", 403)] {
        let server = Server::start_with(|config| config.trusted_proxies = vec![trusted.parse().unwrap()]).await;
        let admin = server.admin().await;
        let rules = json!({"rules": [{"path": "/admin", "level": 8}, {"methods": ["GET"], "path": "/", "level": 1}]});
        server.put("/v1/gates/shop", &admin, rules).await.expect(201);
        let key = server.account_key(&admin, 4).await;
        let mut envoy = Envoy::of(&server).await;
        let mut ask = async |method: &str, path: &str| {
            // What a client says of itself never counts.
            let headers = [("x-api-key", &*key.token), ("x-forwarded-uri", "/orders"), ("x-forwarded-method", "GET")];
            envoy.check("shop", http(method, path, &headers)).await.0
        };
        assert_eq!(ask("GET", "/orders?x=/admin").await, status);
        for (method, path) in
            [("GET", "/admin/x"), ("GET", "/%61dmin"), ("POST", "/orders"), ("GET", "/a/../admin"), ("GET", "//admin"), ("GET", "")]
        {
            assert_eq!(ask(method, path).await, 403, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_change_counts_from_the_next_question_on() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.put("/v1/gates/shop", &admin, json!({"level": 1})).await.expect(201);
    let key = server.account_key(&admin, 4).await;
    let mut envoy = Envoy::of(&server).await;
    assert_eq!(envoy.check("shop", with(&key)).await.0, 200);
    server.put("/v1/gates/shop", &admin, json!({"level": 5})).await.expect(200);
    assert_eq!(envoy.check("shop", with(&key)).await.0, 403);
    assert_eq!(envoy.check("any", with(&key)).await.0, 200);
    server.delete(&format!("/v1/keys/{}", key.id), &admin).await.expect(204);
    assert_eq!(envoy.check("any", with(&key)).await.0, 401);
}

/// Codes and verdicts of many questions, and how many of them the metrics tell of, by the label of their route.
async fn verdicts(server: &Server, questions: &[CheckRequest]) -> (Vec<String>, Vec<String>) {
    let mut envoy = Envoy::of(server).await;
    let mut answers = Vec::new();
    for question in questions {
        let answer = envoy.0.check(question.clone()).await;
        answers.push(
            answer.map_or_else(|status| format!("{:?}: {}", status.code(), status.message()), |one| format!("{:?}", one.into_inner())),
        );
    }
    let metrics = server.get("/metrics", &server.admin().await).await.text;
    let counted = metrics.lines().filter(|line| line.starts_with("http_server_request_duration_seconds_count") && line.contains("envoy"));
    (answers, counted.map(str::to_owned).collect())
}

#[tokio::test]
async fn the_short_way_and_the_router_answer_alike() {
    let server = Server::start_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let admin = server.admin().await;
    server.put("/v1/gates/ruled", &admin, json!({"level": 4, "rules": [{"path": "/orders"}], "carriers": ["bearer"]})).await.expect(201);
    let key = server.account_key(&admin, 4).await;
    let mut questions = vec![CheckRequest::default()];
    for gate in ["any", "ruled", "nowhere"] {
        for headers in [
            vec![("x-api-key", &*key.token)],
            vec![("X-Api-Key", &*key.token)],
            vec![("authorization", &*bearer(&key)), ("accept", "*/*")],
            vec![("authorization", &*bearer(&key)), ("AUTHORIZATION", &*bearer(&key))],
            vec![(":authority", "shop.example"), ("", ""), ("a b", "c")],
        ] {
            for path in ["/orders/1?x", "/other", "//orders"] {
                let request = Request { http: Some(http("GET", path, &headers)), ..Request::default() };
                let context_extensions = HashMap::from([("gate".to_owned(), gate.to_owned())]);
                let attributes = AttributeContext { request: Some(request), context_extensions, ..AttributeContext::default() };
                questions.push(CheckRequest { attributes: Some(attributes) });
            }
        }
    }
    // Larger than what is read: no verdict, and no yes.
    let body = HttpRequest { raw_body: vec![0; 300_000], ..with(&key) };
    let request = Request { http: Some(body), ..Request::default() };
    questions.push(CheckRequest { attributes: Some(AttributeContext { request: Some(request), ..AttributeContext::default() }) });
    let short = verdicts(&server, &questions).await;
    assert!(short.0.iter().any(|answer| answer.contains("OkResponse")) && short.0.last().unwrap().starts_with("OutOfRange"), "{short:?}");
    assert_eq!(short.1.len(), 1, "{short:?}");
    let server = server.restart_with(|config| config.http.shortcuts = false).await;
    let long = verdicts(&server, &questions).await;
    assert_eq!(short, long);
}
