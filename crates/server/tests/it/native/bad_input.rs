//! What cannot be done is refused with the right status, names the field or the reason, and leaves nothing behind.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Answer, Cred, DAY, PASSWORD, Server, made};

/// The revision: it stands still as long as nothing is written.
async fn revision(server: &Server) -> i64 {
    server.get("/v1/stats", &server.admin().await).await.expect(200)["revision"].as_i64().unwrap()
}

fn pointers(body: &Value) -> Vec<&str> {
    body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

/// An object so many levels deep.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({}), |within, _| json!({"within": within}))
}

async fn raw(server: &Server, body: impl Into<Vec<u8>>) -> Answer {
    server.ask("POST", "/v1/keys").with(&server.admin().await).body("application/json", body.into()).send().await
}

#[tokio::test]
async fn a_body_that_is_no_such_json() {
    let server = Server::start().await;
    let before = revision(&server).await;
    for text in ["", "{", "nonsense", "[]", "{\"name\": \"a\", \"level\": 1}x", "\u{feff}{}", "'a'", "{\"name\": \"a\u{0}\"}"] {
        raw(&server, text).await.problem(400, "malformed");
    }
    raw(&server, b"{\"name\": \"\xff\xfe\", \"level\": 1}".to_vec()).await.problem(400, "malformed");
    let twice = raw(&server, "{\"name\": \"a\", \"level\": 1, \"name\": \"b\"}").await.problem(400, "malformed");
    assert!(twice["detail"].as_str().unwrap().contains("\"name\" stands twice"), "{twice}");
    let deep_twice = raw(&server, "{\"name\": \"a\", \"level\": 1, \"metadata\": {\"x\": {\"y\": 1, \"y\": 2}}}").await;
    assert_eq!(pointers(&deep_twice.problem(400, "malformed")), ["/metadata/x"]);
    for deep in ["[", "{\"a\":"] {
        // As many as fit below the limit, then the 10^5 of the issue above it.
        raw(&server, deep.repeat(64 * 1024 / deep.len() - 1)).await.problem(400, "malformed");
        raw(&server, deep.repeat(100_000)).await.problem(413, "too_large");
    }
    let manifest = server.ask("PUT", "/v1/services/shop/permissions").with(&server.admin().await);
    manifest.body("application/json", "[".repeat(100_000)).send().await.problem(400, "malformed");
    assert_eq!(revision(&server).await, before);
}

#[tokio::test]
async fn a_body_of_another_kind_or_size() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let before = revision(&server).await;
    let body = "{\"name\": \"a\", \"level\": 1}";
    for kind in ["text/plain", "application/xml", "application/json; charset=latin1", "application/x-www-form-urlencoded"] {
        server.ask("POST", "/v1/keys").with(&admin).body(kind, body).send().await.problem(415, "unsupported_media_type");
    }
    let without = server.ask("POST", "/v1/keys").with(&admin).header("content-length", "0").send().await;
    without.problem(415, "unsupported_media_type");
    for encoding in ["gzip", "br", "deflate"] {
        let compressed = server.ask("POST", "/v1/keys").with(&admin).header("content-encoding", encoding);
        compressed.body("application/json", body).send().await.problem(415, "unsupported_media_type");
    }
    let large = format!("{{\"name\": \"{}\", \"level\": 1}}", "a".repeat(64 * 1024));
    raw(&server, large).await.problem(413, "too_large");
    raw(&server, "a".repeat(1024 * 1024)).await.problem(413, "too_large");
    let manifest = server.ask("PUT", "/v1/services/shop/permissions").with(&admin);
    manifest.body("application/json", " ".repeat(1024 * 1024 + 1)).send().await.problem(413, "too_large");
    assert_eq!(revision(&server).await, before);
}

#[tokio::test]
async fn fields_of_a_wrong_type_or_value() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let before = revision(&server).await;
    let types = [
        (json!({"name": "a", "level": 2.5}), "/level"),
        (json!({"name": "a", "level": "3"}), "/level"),
        (json!({"name": "a", "level": true}), "/level"),
        (json!({"name": 1, "level": 3}), "/name"),
        (json!({"name": "a", "level": 3, "expires_in": "60"}), "/expires_in"),
        (json!({"name": "a", "level": 3, "expires_in": 1e300}), "/expires_in"),
        (json!({"name": "a", "level": 3, "metadata": []}), "/metadata"),
        (json!({"name": "a", "level": 3, "service": "shop"}), "/service"),
        (json!({"name": "a", "policy_id": "no-uuid"}), "/policy_id"),
    ];
    for (body, pointer) in types {
        let problem = server.post("/v1/keys", &admin, body.clone()).await.problem(400, "malformed");
        assert_eq!(pointers(&problem), [pointer], "{body}");
    }
    for body in [
        json!({"level": 3}),
        json!({"name": "a"}),
        json!({"name": "a", "level": 3, "colour": "red"}),
        json!(["a", 3]),
        json!({"name": "a", "level": 3, "policy_id": uuid::Uuid::nil()}),
    ] {
        server.post("/v1/keys", &admin, body).await.problem(400, "malformed");
    }
    let big = json!({"k": "v".repeat(4096)});
    let values = [
        (json!({"name": "", "level": 3}), "/name"),
        (json!({"name": " \u{3000}", "level": 3}), "/name"),
        (json!({"name": "a".repeat(201), "level": 3}), "/name"),
        (json!({"name": "a\nb", "level": 3}), "/name"),
        (json!({"name": "a\u{0}b", "level": 3}), "/name"),
        (json!({"name": "a", "level": -1}), "/level"),
        (json!({"name": "a", "level": 9}), "/level"),
        (json!({"name": "a", "level": 3, "expires_in": 0}), "/expires_in"),
        (json!({"name": "a", "level": 3, "expires_in": -1}), "/expires_in"),
        (json!({"name": "a", "level": 3, "expires_in": 31_536_001}), "/expires_in"),
        (json!({"name": "a", "level": 3, "expires_in": 1e15}), "/expires_in"),
        (json!({"name": "a", "level": 3, "expires_in": i64::MAX}), "/expires_in"),
        (json!({"name": "a", "level": 3, "metadata": big}), "/metadata"),
        (json!({"name": "a", "level": 3, "metadata": nested(33)}), "/metadata"),
        (json!({"name": "a", "policy_id": uuid::Uuid::nil()}), "/policy_id"),
    ];
    for (body, pointer) in values {
        let problem = server.post("/v1/keys", &admin, body.clone()).await.problem(422, "invalid");
        assert_eq!(pointers(&problem), [pointer], "{body}");
    }
    let positional = server.put("/v1/services/shop/permissions", &admin, json!([["sell", "To sell"]])).await.problem(400, "malformed");
    assert_eq!(pointers(&positional), ["/0"]);
    // A name of a mebibyte goes where bodies may be that large.
    let name = json!([{"name": "a".repeat(1024 * 1024 - 100), "description": "x"}]);
    let problem = server.put("/v1/services/shop/permissions", &admin, name).await.problem(422, "invalid");
    assert_eq!(pointers(&problem), ["/0/name"]);
    assert_eq!(revision(&server).await, before);
    server.post("/v1/keys", &admin, json!({"name": "a", "level": 3, "metadata": nested(32)})).await.expect(201);
}

#[tokio::test]
async fn an_error_never_repeats_what_was_sent() {
    let server = Server::start().await;
    let key = server.account_key(&server.admin().await, 8).await;
    let requests = [
        ("/v1/keys", json!({"name": "a", "level": key.token})),
        ("/v1/keys", json!({"name": "a", "level": 3, "expires_in": key.secret})),
        ("/v1/keys", json!({"name": "a", "level": format!("one, expected {}", key.secret)})),
        ("/v1/verify", json!({"key": key.id, "kind": key.token})),
    ];
    for (path, body) in requests {
        let answer = server.post(path, &server.admin().await, body).await;
        answer.problem(400, "malformed");
        assert!(!answer.text.contains(&key.token) && !answer.text.contains(&key.secret), "{}", answer.text);
    }
}

#[tokio::test]
async fn policies_and_manifests_with_wrong_entries() {
    let server = Server::start().await;
    let admin = server.admin().await;
    server.declare("shop", &["sell"]).await;
    let before = revision(&server).await;
    let unknown = server.post("/v1/policies", &admin, json!({"name": "p", "permissions": ["shop:sell", "shop:buy"]})).await;
    assert!(unknown.problem(422, "unknown_permission")["errors"][0]["message"].as_str().unwrap().contains("shop:buy"));
    let malformed = server.post("/v1/policies", &admin, json!({"name": "p", "permissions": ["shop:sell", "sell", "a:b:c"]})).await;
    assert_eq!(pointers(&malformed.problem(422, "invalid")), ["/permissions/1", "/permissions/2"]);
    let many: Vec<String> = (0..201).map(|n| format!("shop:p{n}")).collect();
    server.post("/v1/policies", &admin, json!({"name": "p", "permissions": many})).await.problem(422, "invalid");

    let line = |name: &str, description: &str| json!({"name": name, "description": description});
    let wrong = json!([line("ok", "fine"), line("", "x"), line("two words", "x"), line("mute", " "), line("ok", "again")]);
    let problem = server.put("/v1/services/shop/permissions", &admin, wrong).await.problem(422, "invalid");
    assert_eq!(pointers(&problem), ["/1/name", "/2/name", "/3/description", "/4/name"]);
    let many: Vec<Value> = (0..1001).map(|n| line(&format!("p{n}"), "x")).collect();
    server.put("/v1/services/shop/permissions", &admin, json!(many)).await.problem(422, "invalid");
    server.put("/v1/services/9shop/permissions", &admin, json!([])).await.problem(422, "invalid");
    server.put("/v1/services/Keybearer/permissions", &admin, json!([])).await.problem(403, "reserved_service");
    server.put("/v1/services/SHOP/permissions", &admin, json!([])).await.problem(409, "service_spelled_otherwise");
    assert_eq!(revision(&server).await, before);
}

#[tokio::test]
async fn names_that_differ_in_case_or_width_only() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let policy = server.policy("Reader", &[]).await;
    server.service_key_with("Store front", &policy).await;
    server.person("Ada", "user").await;
    let before = revision(&server).await;
    for name in ["reader", " READER ", "Ｒｅａｄｅｒ"] {
        server.post("/v1/policies", &admin, json!({"name": name, "permissions": []})).await.problem(409, "name_taken");
    }
    for name in ["store FRONT", "Ｓtore front"] {
        server.post("/v1/keys", &admin, json!({"name": name, "policy_id": policy})).await.problem(409, "name_taken");
    }
    for username in ["ada", "ＡＤＡ"] {
        server.post("/v1/accounts", &admin, json!({"username": username})).await.problem(409, "name_taken");
    }
    assert_eq!(revision(&server).await, before);
}

#[tokio::test]
async fn credentials_that_are_none() {
    let server = Server::start().await;
    let key = server.account_key(&server.admin().await, 8).await;
    let ask = || server.ask("GET", "/v1/whoami");
    ask().send().await.problem(401, "credential_missing");
    for value in ["Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", "Bearer", "Bearer x", "", "Bearer a.b.c"] {
        let answer = ask().header("authorization", value).send().await;
        assert_eq!(answer.status, 401, "{value}: {}", answer.text);
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"keybearer\"");
    }
    ask().header("authorization", b"Bearer \xff").send().await.problem(401, "credential_malformed");
    let mut mistyped = key.token.clone();
    mistyped.replace_range(10..11, if &mistyped[10..11] == "A" { "B" } else { "A" });
    ask().with(&Cred::Bearer(mistyped)).send().await.problem(401, "credential_malformed");
    ask().with(&Cred::Basic(key.id.clone(), "0".repeat(64))).send().await.problem(401, "credential_invalid");
    ask().with(&Cred::Basic(uuid::Uuid::nil().to_string(), key.secret.clone())).send().await.problem(401, "credential_invalid");
}

#[tokio::test]
async fn more_than_one_credential_is_never_merged() {
    let server = Server::start().await;
    let key = server.account_key(&server.admin().await, 8).await;
    let bearer = format!("Bearer {}", key.token);
    let pairs: [[(&str, &str); 2]; 5] = [
        [("authorization", &bearer), ("authorization", &bearer)],
        [("authorization", &bearer), ("x-api-key", &key.token)],
        [("x-api-key", &key.token), ("x-api-key", &key.token)],
        [("x-api-key", &key.token), ("catena-api-key", &key.token)],
        [("authorization", &bearer), ("catena-session-id", "")],
    ];
    for [(one, first), (other, second)] in pairs {
        // Everywhere, also where no credential is needed.
        for (method, path) in [("GET", "/v1/whoami"), ("POST", "/v1/sessions"), ("GET", "/livez"), ("GET", "/nowhere")] {
            let answer = server.ask(method, path).header(one, first).header(other, second).send().await;
            answer.problem(400, "ambiguous_credential");
        }
    }
}

#[tokio::test]
async fn a_full_key_in_the_url_is_refused_and_named_by_its_id() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let key = server.account_key(&admin, 8).await;
    let pair = format!("{}:{}", key.id, key.secret);
    for path in [
        format!("/v1/keys/{}", key.token),
        format!("/v1/keys?cursor={}", key.token),
        format!("/v1/keys/{}", key.token.replace('_', "%5F")),
        format!("/nowhere/{pair}"),
        format!("/v1/whoami?{}", key.token),
        format!("/livez?authorization=Bearer+{}", key.token),
        format!("/livez?authorization=Bearer%20{}", key.token),
        format!("/livez?keys=first,{}", key.token),
        format!("/v1/keys/of%2F{}", key.token),
    ] {
        let answer = server.get(&path, &admin).await;
        let problem = answer.problem(400, "key_in_url");
        assert!(problem["detail"].as_str().unwrap().contains(&key.id));
        assert!(!answer.text.contains(&key.secret) && !answer.text.contains(&key.token));
    }
    server.get("/v1/whoami", &key.bearer()).await.expect(200);
}

#[tokio::test]
async fn methods_and_paths_that_are_not_there() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let answer = server.ask("PUT", "/v1/keys").with(&admin).send().await;
    answer.problem(405, "method_not_allowed");
    let mut allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    server.ask("BREW", "/v1/whoami").send().await.problem(405, "method_not_allowed");
    server.get("/v1/nothing", &admin).await.problem(404, "no_such_path");
    server.get("/nothing", &Cred::None).await.problem(404, "no_such_path");
    server.get("/v1/keys/not-a-uuid", &admin).await.problem(404, "key_not_found");
    server.get("/v1/accounts/one", &admin).await.problem(404, "account_not_found");
    for query in ["?limit=0", "?limit=201", "?sort=colour"] {
        server.get(&format!("/v1/keys{query}"), &admin).await.problem(422, "invalid");
    }
    for query in ["?limit=x", "?cursor=!", "?cursor=e30", "?colour=red", "?limit=1&limit=2", "?kind=robot", "?expires_before=tomorrow"] {
        let answer = server.get(&format!("/v1/keys{query}"), &admin).await;
        answer.problem(400, "malformed");
        assert!(!answer.text.contains("robot"), "{}", answer.text);
    }
}

#[tokio::test]
async fn what_is_not_yours_is_answered_as_what_does_not_exist() {
    let server = Server::start().await;
    let (ada, eve) = (server.person("Ada", "user").await, server.person("Eve", "user").await);
    let key = server.account_key(&ada.session(), 4).await;
    let unknown = uuid::Uuid::from_u128(7).to_string();
    for method in ["GET", "DELETE"] {
        let mut told = Vec::new();
        for id in [&key.id, &unknown] {
            let mut body = server.ask(method, &format!("/v1/keys/{id}")).with(&eve.session()).send().await.problem(404, "key_not_found");
            body["request_id"] = Value::Null;
            told.push(body);
        }
        assert_eq!(told[0], told[1]);
    }
    for body in [json!({"key_id": key.id}), json!({"key_id": unknown})] {
        server.post("/v1/explain", &eve.session(), body).await.problem(404, "key_not_found");
    }
    server.delete(&format!("/v1/keys/{unknown}"), &server.admin().await).await.problem(404, "key_not_found");
    let results = server.post("/v1/keys/revoke", &eve.session(), json!({"ids": [key.id, unknown]})).await.expect(200);
    assert_eq!(results["results"][0]["outcome"], "not_found");
    assert_eq!(results["results"][1]["outcome"], "not_found");
    server.get("/v1/whoami", &key.bearer()).await.expect(200);
    server.get(&format!("/v1/accounts/{}", ada.id), &eve.session()).await.problem(404, "account_not_found");
    server.get("/v1/accounts/999", &eve.session()).await.problem(404, "account_not_found");
}

/// A JWT of these parts, signed as the server signs (or not at all).
fn forged(header: &Value, claims: &Value) -> String {
    use base64::Engine;
    let part = |value: &Value| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), if header["alg"] == "none" { "" } else { "c2lnbmF0dXJl" })
}

#[tokio::test]
async fn session_tokens_that_are_not_ours_or_no_longer_good() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let claims = json!({"iss": "keybearer", "aud": "keybearer", "sub": "1", "sid": uuid::Uuid::nil(), "iat": 1, "exp": 9_999_999_999_i64});
    let mut string_exp = claims.clone();
    string_exp["exp"] = json!("9999999999");
    for (alg, claims) in [("none", &claims), ("HS256", &claims), ("HS256", &string_exp), ("none", &string_exp), ("RS256", &claims)] {
        let token = forged(&json!({"typ": "JWT", "alg": alg}), claims);
        server.get("/v1/whoami", &Cred::Bearer(token)).await.problem(401, "credential_invalid");
    }
    // The signature of one token under the claims of another.
    let other = server.sign_in("admin", PASSWORD).await;
    let (head, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = ada.token.rsplit_once('.').unwrap();
    server.get("/v1/whoami", &Cred::Bearer(format!("{head}.{signature}"))).await.problem(401, "credential_invalid");

    server.patch(&format!("/v1/accounts/{}", ada.id), &server.admin().await, json!({"status": "blocked"})).await.expect(200);
    server.get("/v1/whoami", &ada.session()).await.problem(401, "credential_invalid");
    let blocked = json!({"username": "Ada", "password": PASSWORD});
    server.post("/v1/sessions", &Cred::None, blocked).await.problem(403, "account_blocked");
    server.advance(DAY);
    server.get("/v1/whoami", &server.admin().await).await.problem(401, "credential_expired");
}

#[tokio::test]
async fn a_key_of_a_deleted_policy() {
    let server = Server::start().await;
    let policy = server.policy("doomed", &["keybearer:verify"]).await;
    let body = json!({"name": "orphan", "policy_id": policy});
    let key = made(&server.post("/v1/keys", &server.admin().await, body).await.expect(201));
    server.delete(&format!("/v1/policies/{policy}?cascade=true"), &server.admin().await).await.expect(204);
    server.get("/v1/whoami", &key.bearer()).await.problem(401, "credential_revoked");
    server.delete(&format!("/v1/policies/{policy}"), &server.admin().await).await.problem(404, "policy_not_found");
}

/// What no HTTP library would send: answered or closed, never a crash.
#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_http() {
    let server = Server::start().await;
    for text in [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET /v1/whoami HTTP/9.9\r\n\r\n",
        "POST /v1/keys HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        // The server may have closed it already.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(server.get("/livez", &Cred::None).await.status, 200);
}
