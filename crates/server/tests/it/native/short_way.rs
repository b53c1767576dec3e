//! `DELETE /v1/keys/{id}` is answered alike the short way and by the router.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::gate::answered;
use crate::support::{Cred, Made, Server};

/// A request, and how the key that it names is called in what is answered.
struct Asked {
    text: String,
    key: String,
}

/// Every request, each about keys of its own: some are revoked by it.
async fn requests(server: &Server, round: &str) -> Vec<Asked> {
    let admin = server.admin().await;
    let Cred::Bearer(session) = &admin else { panic!("a session") };
    let bearer = |text: &str| format!("authorization: Bearer {text}\r\n");
    let person = server.person(&format!("ada-{round}"), "user").await;
    let other = server.person(&format!("eve-{round}"), "user").await;
    let low = server.account_key(&person.session(), 3).await;
    let high = server.account_key(&person.session(), 4).await;
    let keeper = server.service_key(&format!("keeper {round}"), &["keybearer:keys.write"]).await;
    let reader = server.service_key(&format!("reader {round}"), &["keybearer:keys.read"]).await;
    let Cred::Bearer(stranger) = other.session() else { panic!("a session") };
    let both = format!("{}x-api-key: {}\r\n", bearer(session), high.token);
    let creds = [
        String::new(),
        bearer(session),
        bearer(&stranger),
        bearer(&low.token),
        bearer(&high.token),
        bearer(&keeper.token),
        bearer(&reader.token),
        bearer("no.session.token"),
        format!("x-api-key: {}\r\n", keeper.token),
        "authorization: Basic %%\r\n".to_owned(),
        both,
    ];
    let mut requests = Vec::new();
    let mut made = 0;
    for line in ["/v1/keys/ID", "/v1/keys/ID?descendants=true", "/v1/keys/ID?x=1", "/v1/keys/ID/", "http://a/v1/keys/ID", "/v1/keys/%ID"] {
        for cred in &creds {
            for more in ["", "content-type: application/json\r\n", "content-length: 2\r\n"] {
                made += 1;
                let key = a_key(server, &person.session(), &format!("{round} {made}")).await.id;
                let (path, body) = (line.replace("%ID", &key.replacen('-', "%2D", 1)), if more.ends_with("2\r\n") { "{}" } else { "" });
                let path = path.replace("ID", &key);
                let id = format!("x-request-id: asked-{made}\r\n");
                requests.push(Asked { text: format!("DELETE {path} HTTP/1.1\r\nhost: a\r\n{id}{cred}{more}\r\n{body}"), key });
            }
        }
    }
    // Of no key, of one that is revoked, in another spelling; by a key of itself; and to no single host.
    let admin_asks = |path: &str, hosts: &str| format!("DELETE {path} HTTP/1.1\r\n{hosts}{}\r\n", bearer(session));
    let spelled = a_key(server, &admin, &format!("spelled {round}")).await;
    let gone = a_key(server, &admin, &format!("gone {round}")).await;
    server.delete(&format!("/v1/keys/{}", gone.id), &admin).await.expect(204);
    for (path, key) in [
        ("/v1/keys/7ea12968-7758-40b6-8c73-75cc99be762b".to_owned(), String::new()),
        (format!("/v1/keys/{}", gone.id), gone.id.clone()),
        (format!("/v1/keys/{}", spelled.id.replace('-', "")), spelled.id.replace('-', "")),
        (format!("/v1/keys/{}", spelled.id.to_uppercase()), spelled.id.to_uppercase()),
        ("/v1/keys/revoke".to_owned(), String::new()),
        (format!("/v1/keys/{}", gone.token), gone.token.clone()),
    ] {
        for hosts in ["host: a\r\n", "host: a\r\nhost: b\r\n", "host: u@a\r\n", ""] {
            requests.push(Asked { text: admin_asks(&path, hosts), key: key.clone() });
        }
    }
    let itself = bearer(&low.token);
    requests.push(Asked { text: format!("DELETE /v1/keys/{} HTTP/1.1\r\nhost: a\r\n{itself}\r\n", low.id), key: low.id.clone() });
    requests
}

async fn a_key(server: &Server, cred: &Cred, name: &str) -> Made {
    let made: Value = server.post("/v1/keys", cred, json!({"name": name, "level": 1})).await.expect(201);
    crate::support::made(&made)
}

/// What was answered to each, and what is told of it afterwards.
async fn told(server: &Server, asked: &[Asked]) -> (Vec<(Vec<String>, String)>, Vec<Value>) {
    let mut answers = Vec::new();
    for Asked { text, key } in asked {
        let (head, body) = answered(server, text).await;
        let body = if key.is_empty() { body } else { body.replace(key.as_str(), "ID").replace(&key[..8], "ID") };
        answers.push((head, body));
    }
    let admin = server.admin().await;
    let mut events = Vec::new();
    for Asked { key, .. } in asked.iter().filter(|asked| asked.key.len() == 36) {
        let listed: Value = server.get(&format!("/v1/events?target=key:{}", key.to_lowercase()), &admin).await.expect(200);
        let revoked = listed["items"].as_array().unwrap().iter().filter(|event| event["action"] == "key.revoked");
        events.extend(revoked.map(|event| json!([event["request_id"].as_str().unwrap().len(), event["before"]["level"], event["after"]])));
    }
    (answers, events)
}

/// What is answered where the body that was announced never comes: the connection ends with it, since nobody waits for that.
async fn answered_without_a_body(server: &Server, name: &str) -> Vec<String> {
    let admin = server.admin().await;
    let key = a_key(server, &admin, name).await;
    let Cred::Bearer(session) = &admin else { panic!("a session") };
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("DELETE /v1/keys/{} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {session}\r\ncontent-length: 2\r\n\r\n", key.id);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(server.verdict(&key.token).await, "REVOKED");
    let is_always_new = |line: &&str| line.starts_with("x-request-id: ") || line.starts_with("date: ");
    text.lines().filter(|line| !is_always_new(line)).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_short_way_and_the_router_revoke_alike() {
    let server = Server::start_with(|config| config.keys.max_per_account = 1_000).await;
    let asked = requests(&server, "short").await;
    let (short, events) = told(&server, &asked).await;
    let count = |status: &str| short.iter().filter(|(head, _)| head.iter().any(|line| line.starts_with(status))).count();
    for status in ["HTTP/1.1 204", "HTTP/1.1 400", "HTTP/1.1 401", "HTTP/1.1 403", "HTTP/1.1 404"] {
        assert!(count(status) > 2, "{status}");
    }
    assert!(events.len() >= count("HTTP/1.1 204"));
    let metrics = server.get("/metrics", &server.admin().await).await.text;
    assert!(metrics.contains("http_request_method=\"DELETE\",http_response_status_code=\"204\",http_route=\"/v1/keys/{id}\""), "{metrics}");

    let without = answered_without_a_body(&server, "short").await;
    assert!(without[0].starts_with("HTTP/1.1 204") && without.iter().any(|line| line == "connection: close"), "{without:?}");

    let server = server.restart_with(|config| config.http.shortcuts = false).await;
    let asked_again = requests(&server, "router").await;
    let (routed, routed_events) = told(&server, &asked_again).await;
    for ((request, short), routed) in asked.iter().zip(short).zip(routed) {
        assert_eq!(short, routed, "{}", request.text);
    }
    assert_eq!(events, routed_events);
    assert_eq!(answered_without_a_body(&server, "router").await, without);
}
