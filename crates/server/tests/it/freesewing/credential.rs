//! Which credential each path takes, and what is said of every other.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use keybearer::http::freesewing::ROUTES;
use serde_json::{Value, json};

use super::{delete, fails, key, whoami};
use crate::support::{Answer, Ask, Cred, DAY, PASSWORD, Server};

const UNKNOWN: &str = "7ea12968-7758-40b6-8c73-75cc99be762b";

/// Says the same to every operation whose path ends so, and expects the same of each.
async fn everywhere(server: &Server, segment: &str, say: impl Fn(Ask) -> Ask, expect: impl Fn(&Answer)) {
    let routes: Vec<_> = ROUTES.iter().filter(|(_, path)| path.ends_with(segment)).collect();
    assert_eq!(routes.len(), 5);
    for (method, path) in routes {
        let ask = server.ask(method, &path.replace("{id}", UNKNOWN));
        let ask = if *method == "POST" { ask.json(&json!({"name": "n", "level": 0})) } else { ask };
        expect(&say(ask).send().await);
    }
}

/// A wrong credential of the right kind.
async fn fails_everywhere(server: &Server, segment: &str, say: impl Fn(Ask) -> Ask) {
    everywhere(server, segment, say, |answer| {
        fails(answer, 403, "authenticationFailed");
        assert_eq!(answer.header("www-authenticate"), "");
    })
    .await;
}

#[tokio::test]
async fn the_last_segment_names_the_credential() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let made = server.account_key(&ada, 4).await;
    let basic_of_token = Cred::Basic(made.token.clone(), String::new());
    let others = [
        ("/jwt", vec![Cred::None, made.pair(), made.bearer(), Cred::XApiKey(made.token.clone()), made.catena(), basic_of_token]),
        ("/key", vec![Cred::None, ada.clone(), made.bearer(), Cred::XApiKey(made.token.clone()), made.catena()]),
    ];
    for (segment, creds) in others {
        let challenge = if segment == "/jwt" { "Bearer realm=" } else { "Basic realm=" };
        let expect = |answer: &Answer| {
            fails(answer, 401, "authenticationMissing");
            assert!(answer.header("www-authenticate").starts_with(challenge), "{}", answer.what);
        };
        for cred in creds {
            everywhere(&server, segment, |ask| ask.with(&cred), expect).await;
        }
        for header in ["", "Bearer", "Basic", "Digest username=ada", "garbage"] {
            everywhere(&server, segment, |ask| ask.header("authorization", header), expect).await;
        }
    }
}

#[tokio::test]
async fn of_two_credentials_none_is_taken() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let made = server.account_key(&ada, 4).await;
    let expect = |answer: &Answer| fails(answer, 400, "authenticationAmbiguous");
    for (segment, good) in [("/jwt", &ada), ("/key", &made.pair())] {
        everywhere(&server, segment, |ask| ask.with(good).with(good), expect).await;
        everywhere(&server, segment, |ask| ask.with(&ada).with(&made.pair()), expect).await;
        for other in [Cred::XApiKey(made.token.clone()), made.catena(), Cred::CatenaSession("x".into())] {
            everywhere(&server, segment, |ask| ask.with(good).with(&other), expect).await;
        }
    }
}

#[tokio::test]
async fn a_bad_pair_fails() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await.session();
    let made = key(&server, &ada, 4).await;
    let revoked = key(&server, &ada, 4).await;
    delete(&server, &ada, &revoked.id).await.expect(204);
    let service = server.service_key("storefront", &["keybearer:keys.read", "keybearer:keys.write"]).await;
    let bad = [
        Cred::Basic(made.id.clone(), "0".repeat(64)),
        Cred::Basic(UNKNOWN.into(), made.secret.clone()),
        Cred::Basic(revoked.id.clone(), made.secret.clone()),
        Cred::Basic(made.id.clone(), made.secret.to_uppercase() + "0"),
        Cred::Basic(made.id.clone(), String::new()),
        Cred::Basic(String::new(), String::new()),
        Cred::Basic("ada".into(), PASSWORD.into()),
        revoked.pair(),
        service.pair(),
    ];
    for cred in bad {
        fails_everywhere(&server, "/key", |ask| ask.with(&cred)).await;
    }
    let without_colon = BASE64_STANDARD.encode(format!("{}{}", made.id, made.secret));
    let not_text = BASE64_STANDARD.encode([0xff, 0xfe, b':', 0xff]);
    for encoded in [without_colon.as_str(), &not_text, "%%%", "YQ"] {
        fails_everywhere(&server, "/key", |ask| ask.header("authorization", format!("Basic {encoded}"))).await;
    }
    server.advance(30 * DAY);
    fails_everywhere(&server, "/key", |ask| ask.with(&made.pair())).await;
}

/// A token with these claims changed, and the signature of the original.
fn forged(token: &str, change: impl Fn(&mut Value), algorithm: Option<&str>) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let read = |part: &str| serde_json::from_slice::<Value>(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (mut header, mut claims) = (read(parts[0]), read(parts[1]));
    change(&mut claims);
    let signature = match algorithm {
        Some(algorithm) => {
            header["alg"] = json!(algorithm);
            ""
        }
        None => parts[2],
    };
    let [header, claims] = [header, claims].map(|value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string()));
    format!("{header}.{claims}.{signature}")
}

#[tokio::test]
async fn a_bad_session_token_fails() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let mistyped = {
        let mut token = server.account_key(&ada.session(), 4).await.token;
        let last = token.pop().unwrap();
        token.push(if last == 'a' { 'b' } else { 'a' });
        token
    };
    let bad = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        mistyped,
        forged(&ada.token, |claims| claims["sub"] = json!("1"), None),
        forged(&ada.token, |claims| claims["exp"] = json!("9999999999"), None),
        forged(&ada.token, |_| {}, Some("none")),
        forged(&ada.token, |_| {}, Some("HS512")),
        ada.token[..ada.token.len() - 4].to_owned(),
    ];
    for token in bad {
        fails_everywhere(&server, "/jwt", |ask| ask.with(&Cred::Bearer(token.clone()))).await;
    }
    whoami(&server, &ada.session()).await.expect(200);
}

#[tokio::test]
async fn a_session_that_ended_or_expired_fails() {
    let server = Server::start().await;
    let ada = server.person("Ada", "user").await;
    let other = Cred::Bearer(server.sign_in("Ada", PASSWORD).await);
    server.delete("/v1/sessions/current", &other).await.expect(204);
    fails_everywhere(&server, "/jwt", |ask| ask.with(&other)).await;
    whoami(&server, &ada.session()).await.expect(200);
    server.advance(DAY);
    fails_everywhere(&server, "/jwt", |ask| ask.with(&ada.session())).await;
}
