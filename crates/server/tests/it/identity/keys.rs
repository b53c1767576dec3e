//! The keys of an issuer: at a URL and in a file, changed, out of reach, too many, too large, and not what they should be.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use keybearer::config::{IssuerConfig, IssuerKeys};
use serde_json::{Value, json};

use super::application::{KeyServer, Signing, claims, set, with, with_keys};
use crate::support::{Answer, DAY, SECOND, Server};

async fn start(issuer: IssuerConfig) -> Server {
    Server::start_with(|config| config.issuers = vec![issuer]).await
}

async fn ask(server: &Server, key: &Signing) -> Answer {
    // A token of its own moment: some of these tests let days pass.
    let seconds = server.app.clock.now().0 / 1000;
    let mut claims = with("exp", json!(seconds + 300));
    (claims["iat"], claims["nbf"]) = (json!(seconds), json!(seconds));
    server.get("/v1/whoami", &key.cred(&claims)).await
}

#[tokio::test]
async fn every_algorithm_is_taken_that_a_key_names() {
    let algorithms = [Algorithm::RS256, Algorithm::RS512, Algorithm::PS384, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];
    let names = ["a", "b", "c", "d", "e", "f"];
    let signing: Vec<Signing> = algorithms.into_iter().zip(names).map(|(algorithm, id)| Signing::new(Some(id), algorithm)).collect();
    let keys = KeyServer::start(&signing.iter().collect::<Vec<_>>()).await;
    let server = start(keys.issuer()).await;
    for key in &signing {
        ask(&server, key).await.expect(200);
    }
    // A key by the name of another.
    let mixed = Signing { id: Some("a"), ..Signing::new(None, Algorithm::RS256) };
    ask(&server, &mixed).await.problem(401, "token_signature");
    ask(&server, &Signing { id: Some("d"), ..mixed }).await.problem(401, "algorithm");
    assert_eq!(keys.asked(), 1);
}

#[tokio::test]
async fn a_token_names_its_key_where_there_are_several() {
    let (one, two) = (Signing::new(Some("1"), Algorithm::ES256), Signing::new(Some("2"), Algorithm::ES256));
    let keys = KeyServer::start(&[&one]).await;
    let server = start(keys.issuer()).await;
    let unnamed = Signing { id: None, ..one };
    ask(&server, &unnamed).await.expect(200);
    let one = Signing { id: Some("1"), ..unnamed };
    let server = {
        keys.publish(set(&[&one, &two]));
        server.restart().await
    };
    ask(&server, &one).await.expect(200);
    ask(&server, &two).await.expect(200);
    ask(&server, &Signing { id: None, ..one }).await.problem(401, "key_unknown");
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_a_flood_of_unknown_ones_fetches_no_more() {
    let (old, new) = (Signing::new(Some("old"), Algorithm::ES256), Signing::new(Some("new"), Algorithm::ES256));
    let keys = KeyServer::start(&[&old]).await;
    let server = start(keys.issuer()).await;
    ask(&server, &old).await.expect(200);
    keys.publish(set(&[&new]));
    // Just fetched, so not again yet.
    ask(&server, &new).await.problem(401, "key_unknown");
    assert_eq!(keys.asked(), 1);
    server.advance(30 * SECOND);
    ask(&server, &new).await.expect(200);
    assert_eq!(keys.asked(), 2);
    ask(&server, &old).await.problem(401, "key_unknown");
    let strangers: Vec<Signing> = (0..20)
        .map(|number| Signing { id: Some(if number % 2 == 0 { "x" } else { "y" }), ..Signing::new(None, Algorithm::ES256) })
        .collect();
    futures_util::future::join_all(strangers.iter().map(|stranger| async { ask(&server, stranger).await.problem(401, "key_unknown") }))
        .await;
    assert_eq!(keys.asked(), 2);
}

#[tokio::test]
async fn keys_are_fetched_again_by_themselves() {
    let (old, new) = (Signing::new(Some("old"), Algorithm::ES256), Signing::new(Some("new"), Algorithm::ES256));
    let keys = KeyServer::start(&[&old, &new]).await;
    let server = start(keys.issuer()).await;
    ask(&server, &old).await.expect(200);
    // Withdrawn: within ten minutes it is no good here, though no token names another.
    keys.publish(set(&[&new]));
    server.advance(600 * SECOND);
    for _ in 0..200 {
        if keys.asked() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for _ in 0..100 {
        if ask(&server, &old).await.status == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ask(&server, &old).await.problem(401, "key_unknown");
    ask(&server, &new).await.expect(200);
}

#[tokio::test]
async fn the_last_good_keys_are_kept_for_a_day() {
    let key = Signing::new(Some("k"), Algorithm::ES256);
    let keys = KeyServer::start(&[&key]).await;
    let server = start(keys.issuer()).await;
    ask(&server, &key).await.expect(200);
    keys.fail();
    server.advance(DAY - SECOND);
    ask(&server, &key).await.expect(200);
    server.advance(SECOND);
    let answer = ask(&server, &key).await;
    answer.problem(503, "keys_unavailable");
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(server.get("/whoami/jwt", &key.cred(&claims("ada"))).await.expect(503)["error"], "keysUnavailable");
    keys.publish(set(&[&key]));
    server.advance(30 * SECOND);
    ask(&server, &key).await.expect(200);
}

#[tokio::test]
async fn a_server_starts_without_the_keys_and_refuses_until_it_has_them() {
    let key = Signing::new(Some("k"), Algorithm::ES256);
    let keys = KeyServer::start(&[&key]).await;
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("no JSON", b"<html>sign in first</html>".to_vec()),
        ("no set", b"[]".to_vec()),
        ("no keys", br#"{"keys": []}"#.to_vec()),
        ("keys of another shape", br#"{"keys": {"k": 1}}"#.to_vec()),
        ("a key that is none", br#"{"keys": [1]}"#.to_vec()),
        ("ten megabytes", padded(&key, 10 << 20)),
        ("a little too much", padded(&key, 256 << 10)),
        ("a hundred and one keys", many(&key, 101)),
        ("one name for two keys", set(&[&key, &Signing::new(Some("k"), Algorithm::ES256)])),
        ("a private key", changed(&key, |jwk| jwk["d"] = json!("AAAA"))),
        ("a shared secret", br#"{"keys": [{"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "k"}]}"#.to_vec()),
        ("a key for encryption", changed(&key, |jwk| jwk["use"] = json!("enc"))),
        ("a key that signs", changed(&key, |jwk| jwk["key_ops"] = json!(["sign"]))),
        ("an algorithm of another type", changed(&key, |jwk| jwk["alg"] = json!("HS256"))),
        ("an algorithm of another curve", changed(&key, |jwk| jwk["alg"] = json!("ES384"))),
        ("an unknown algorithm", changed(&key, |jwk| jwk["alg"] = json!("none"))),
        ("half a key", changed(&key, |jwk| jwk["x"] = json!("AAAA"))),
        ("a field twice", br#"{"keys": [], "keys": []}"#.to_vec()),
    ];
    for (what, body) in bad {
        keys.publish(body);
        let server = start(keys.issuer()).await;
        let answer = ask(&server, &key).await;
        assert_eq!(answer.status.as_u16(), 503, "{what}: {}", answer.text);
        answer.problem(503, "keys_unavailable");
        server.get("/livez", &crate::support::Cred::None).await.expect_text(200, "alive\n");
    }
    let server = start(keys.issuer()).await;
    keys.publish(set(&[&key]));
    server.advance(30 * SECOND);
    ask(&server, &key).await.expect(200);
    // As many as there may be.
    keys.publish(many(&key, 100));
    let server = server.restart().await;
    ask(&server, &Signing { id: Some("0"), ..key }).await.expect(200);
}

fn changed(key: &Signing, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut jwk = key.public();
    change(&mut jwk);
    json!({"keys": [jwk]}).to_string().into_bytes()
}

fn many(key: &Signing, count: usize) -> Vec<u8> {
    let jwks: Vec<Value> = (0..count)
        .map(|number| {
            let mut jwk = key.public();
            jwk["kid"] = number.to_string().into();
            jwk
        })
        .collect();
    json!({"keys": jwks}).to_string().into_bytes()
}

fn padded(key: &Signing, bytes: usize) -> Vec<u8> {
    let mut body = set(&[key]);
    body.resize(body.len() + bytes, b' ');
    body
}

#[tokio::test]
async fn an_rsa_key_needs_an_algorithm_and_2048_bits() {
    let key = Signing::new(Some("k"), Algorithm::RS256);
    let keys = KeyServer::start(&[]).await;
    let without = |change: fn(&mut Value)| {
        changed(&key, |jwk| {
            jwk.as_object_mut().unwrap().remove("alg");
            change(jwk);
        })
    };
    keys.publish(without(|_| {}));
    ask(&start(keys.issuer()).await, &key).await.problem(503, "keys_unavailable");
    let named = || IssuerConfig { algorithm: Some(Algorithm::RS256), ..keys.issuer() };
    ask(&start(named()).await, &key).await.expect(200);
    let other = IssuerConfig { algorithm: Some(Algorithm::PS256), ..keys.issuer() };
    ask(&start(other).await, &key).await.problem(401, "algorithm");
    keys.publish(without(|jwk| jwk["n"] = json!(jwk["n"].as_str().unwrap()[..172])));
    ask(&start(named()).await, &key).await.problem(503, "keys_unavailable");
}

#[tokio::test]
async fn keys_come_from_where_they_are_said_to_be_and_nowhere_else() {
    let key = Signing::new(Some("k"), Algorithm::ES256);
    let (honest, other) = (KeyServer::start(&[&key]).await, KeyServer::start(&[&key]).await);
    honest.redirect(&other.url);
    let server = start(honest.issuer()).await;
    ask(&server, &key).await.problem(503, "keys_unavailable");
    assert_eq!((honest.asked(), other.asked()), (1, 0));
    // Nobody is there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks.json", nobody.local_addr().unwrap());
    drop(nobody);
    let server = start(with_keys(IssuerKeys::Url(url.parse().unwrap()))).await;
    ask(&server, &key).await.problem(503, "keys_unavailable");
}

#[tokio::test]
async fn a_slow_server_of_keys_delays_a_start_only_so_long() {
    let key = Signing::new(Some("k"), Algorithm::ES256);
    let keys = KeyServer::start(&[&key]).await;
    keys.be_slow(Duration::from_secs(60));
    let server = tokio::time::timeout(Duration::from_secs(20), start(keys.issuer())).await.expect("it starts");
    tokio::time::timeout(Duration::from_secs(20), ask(&server, &key)).await.expect("it answers").problem(503, "keys_unavailable");
}

#[tokio::test]
async fn a_file_of_keys_is_read_again_when_it_changes() {
    let (old, new) = (Signing::new(Some("old"), Algorithm::ES256), Signing::new(Some("new"), Algorithm::ES256));
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("jwks.json");
    std::fs::write(&file, set(&[&old])).unwrap();
    let server = start(with_keys(IssuerKeys::File(file.clone()))).await;
    ask(&server, &old).await.expect(200);
    std::fs::write(&file, set(&[&new])).unwrap();
    server.advance(30 * SECOND);
    ask(&server, &new).await.expect(200);
    ask(&server, &old).await.problem(401, "key_unknown");
    // What cannot be read changes nothing, for a day.
    std::fs::write(&file, "{").unwrap();
    server.advance(DAY - 60 * SECOND);
    ask(&server, &new).await.expect(200);
    std::fs::remove_file(&file).unwrap();
    server.advance(60 * SECOND);
    ask(&server, &new).await.problem(503, "keys_unavailable");
}
